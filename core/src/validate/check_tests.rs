//! Rules evaluated here agree with SQLite's CHECK, for random rules over random rows.

use proptest::prelude::*;
use rusqlite::Connection;

use super::check::{compile, is_broken};
use super::field::Field;
use crate::model::Model;
use crate::model::expr::{Comparison, Expr};
use crate::value::SqlValue;

const MODEL: &str = r#"
name = "rules"
[tables.t]
doc = "One row is a row."
columns.i = { type = "integer", optional = true }
columns.r = { type = "real", optional = true }
columns.t = { type = "text", optional = true }
columns.f = { type = "boolean", optional = true }
columns.d = { type = "date", optional = true }
columns.b = { type = "blob", optional = true }
columns.j = { type = "text[]", optional = true }
"#;

const TEXTS: [&str; 14] =
    ["", "a", "A", "b", "1", "1.0", "01", " 1 ", "1e2", "-5x", "é", "É", "2025-01-31", ".5"];
const REALS: [f64; 7] = [0.0, 1.0, -1.5, 0.5, 100.0, 9007199254740993.0, 1e300];
const INTEGERS: [i64; 8] = [0, 1, -1, 5, 100, 9007199254740993, i64::MAX, i64::MIN];

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(&TEXTS[..]).prop_map(str::to_owned)
}

fn value(stored: &'static str) -> BoxedStrategy<SqlValue<'static>> {
    let null = Just(SqlValue::Null);
    let some = match stored {
        "INTEGER" => prop::sample::select(&INTEGERS[..]).prop_map(SqlValue::Integer).boxed(),
        "REAL" => prop::sample::select(&REALS[..]).prop_map(SqlValue::Real).boxed(),
        "BLOB" => text().prop_map(|text| SqlValue::Blob(text.into_bytes().into())).boxed(),
        _ => text().prop_map(SqlValue::from).boxed(),
    };
    prop_oneof![1 => null, 4 => some].boxed()
}

fn row() -> impl Strategy<Value = Vec<SqlValue<'static>>> {
    ["INTEGER", "REAL", "TEXT", "INTEGER", "TEXT", "BLOB", "TEXT"].map(value).to_vec()
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        4 => prop::sample::select(vec!["i", "r", "t", "f", "d", "b", "j"])
            .prop_map(|name| Expr::Column(name.to_owned())),
        1 => text().prop_map(Expr::Text),
        1 => prop::sample::select(&INTEGERS[..7]).prop_map(Expr::Integer),
        1 => prop::sample::select(&REALS[..]).prop_map(Expr::Real),
        1 => any::<bool>().prop_map(Expr::Boolean),
        1 => Just(Expr::Null),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let many = prop::collection::vec(inner.clone(), 2..4);
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            4 => (comparison(), boxed.clone(), boxed.clone())
                .prop_map(|(sign, left, right)| Expr::Compare(sign, left, right)),
            1 => (boxed.clone(), any::<bool>()).prop_map(|(of, not)| Expr::IsNull(of, not)),
            2 => many.clone().prop_map(Expr::And),
            2 => many.clone().prop_map(Expr::Or),
            1 => boxed.clone().prop_map(Expr::Not),
            2 => (boxed.clone(), prop::collection::vec(inner, 1..4))
                .prop_map(|(left, items)| Expr::InList(left, items)),
            1 => boxed.prop_map(Expr::Lower),
            1 => many.prop_map(Expr::Coalesce),
        ]
    })
}

fn comparison() -> impl Strategy<Value = Comparison> {
    prop::sample::select(vec![
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
        Comparison::Greater,
        Comparison::GreaterOrEqual,
    ])
}

/// Whether SQLite refuses the row for the rule.
fn refuses(rule: &Expr, row: &[SqlValue<'_>]) -> bool {
    let connection = Connection::open_in_memory().expect("memory opens");
    let columns = "i INTEGER, r REAL, t TEXT, f INTEGER, d TEXT, b BLOB, j TEXT";
    let table = format!("CREATE TABLE t ({columns}, CHECK ({})) STRICT", sql(rule));
    connection.execute_batch(&table).unwrap_or_else(|error| panic!("{table}: {error}"));
    let values = row.iter().map(literal).collect::<Vec<_>>().join(", ");
    match connection.execute_batch(&format!("INSERT INTO t VALUES ({values})")) {
        Ok(()) => false,
        Err(error) if error.to_string().contains("CHECK constraint failed") => true,
        Err(error) => panic!("{table}: {error}"),
    }
}

fn literal(value: &SqlValue<'_>) -> String {
    match value {
        SqlValue::Null => "NULL".to_owned(),
        SqlValue::Integer(i64::MIN) => "(-9223372036854775807 - 1)".to_owned(),
        SqlValue::Integer(integer) => format!("({integer})"),
        SqlValue::Real(real) => format!("({real:e})"),
        SqlValue::Text(text) => format!("'{text}'"),
        SqlValue::Blob(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("x'{digits}'")
        }
    }
}

/// The rule as SQL, with every part in parentheses.
fn sql(expr: &Expr) -> String {
    let joined = |exprs: &[Expr], by: &str| exprs.iter().map(sql).collect::<Vec<_>>().join(by);
    let inner = match expr {
        Expr::Column(name) => return name.clone(),
        Expr::Text(text) => return format!("'{text}'"),
        Expr::Integer(integer) => return literal(&SqlValue::Integer(*integer)),
        Expr::Real(real) => return literal(&SqlValue::Real(*real)),
        Expr::Boolean(flag) => return i64::from(*flag).to_string(),
        Expr::Null => return "NULL".to_owned(),
        Expr::Compare(comparison, left, right) => {
            let sign = match comparison {
                Comparison::Equal => "=",
                Comparison::NotEqual => "<>",
                Comparison::Less => "<",
                Comparison::LessOrEqual => "<=",
                Comparison::Greater => ">",
                Comparison::GreaterOrEqual => ">=",
            };
            format!("{} {sign} {}", sql(left), sql(right))
        }
        Expr::IsNull(operand, false) => format!("{} IS NULL", sql(operand)),
        Expr::IsNull(operand, true) => format!("{} IS NOT NULL", sql(operand)),
        Expr::And(operands) => joined(operands, " AND "),
        Expr::Or(operands) => joined(operands, " OR "),
        Expr::Not(operand) => format!("NOT {}", sql(operand)),
        Expr::InList(left, items) => format!("{} IN ({})", sql(left), joined(items, ", ")),
        Expr::Lower(operand) => return format!("lower({})", sql(operand)),
        Expr::Coalesce(operands) => return format!("coalesce({})", joined(operands, ", ")),
        other => panic!("no rule says {other:?}"),
    };
    format!("({inner})")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn rules_are_broken_exactly_where_sqlite_refuses(rule in expr(), row in row()) {
        let model = Model::from_text(MODEL).expect("the model is sound");
        let columns = model.tables[0].columns.iter().filter(|column| column.name != "id");
        let fields = columns.map(|column| Field::new(&model, column).expect("sound"));
        let fields: Vec<Field> = fields.collect();
        let node = compile(&rule, &fields).expect("the rule reads its row alone");
        let (ours, theirs) = (is_broken(&node, &row), refuses(&rule, &row));
        // Where only SQLite can tell, the rule passes here and its CHECK decides.
        let told = super::check::is_told(&node, &row);
        prop_assert!(ours == theirs || !told, "{} on {row:?}: {ours}", sql(&rule));
        prop_assert!(told || !ours);
    }
}
