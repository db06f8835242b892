//! Random rows for any model: valid by themselves, with references that mostly lead somewhere.

use freehold_core::model::expr::Expr;
use freehold_core::model::{Bound, Column, Format, Grant, Kind, Model, Shape, Table, Template};
use serde_json::{Value, json};

use super::world::{Row, Who, World, text};

/// Numbers that look random and are the same for the same seed (xorshift).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % count.max(1) as u64).unwrap()
    }

    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub fn pick<'l, T>(&mut self, list: &'l [T]) -> Option<&'l T> {
        if list.is_empty() { None } else { list.get(self.below(list.len())) }
    }
}

/// What a row is made for.
#[derive(Clone, Copy)]
pub struct Wanted<'w> {
    /// The tenant whose rows references name, mostly.
    pub tenant: Option<&'w str>,
    /// Who makes it, where it is not the owner.
    pub who: Option<&'w Who>,
}

/// A row, or none where something that it needs isn't there.
pub fn row(dice: &mut Dice, world: &World, table: &Table, wanted: Wanted<'_>) -> Option<Row> {
    let mut row = Row::new();
    let tenant = world.model.tenant_column(table).filter(|_| table.primary_key.len() > 1);
    if let (Some(column), Some(id)) = (tenant, wanted.tenant)
        && (wanted.who.is_none() || dice.percent(20))
    {
        row.insert(column.to_owned(), id.into());
    }
    for column in &table.columns {
        let referring = table.references.iter().any(|r| r.columns.contains(&column.name));
        let is_own = wanted.who.is_some() && column.secret;
        if referring || column.auto.is_some() || column.encrypted || is_own {
            continue;
        }
        let leave = column.optional && dice.percent(50)
            || column.default.is_some() && dice.percent(30)
            || matches!(column.name.as_str(), "deleted_at")
            || column.name == "revoked_at" && dice.percent(70);
        if !leave {
            row.insert(column.name.clone(), value(dice, world, table, column));
        }
    }
    let mut references: Vec<_> = table.references.iter().collect();
    references.sort_by_key(|reference| reference.columns.len());
    for reference in references {
        let open: Vec<&String> = reference
            .columns
            .iter()
            .filter(|name| !row.contains_key(*name) && Some(name.as_str()) != tenant)
            .collect();
        if open.is_empty() {
            continue;
        }
        let optional = open.iter().all(|name| table.column(name).unwrap().optional);
        if optional && dice.percent(30) {
            continue;
        }
        let is_person =
            world.model.tenancy.as_ref().unwrap().user.as_ref() == Some(&reference.table);
        if let (true, Some(user)) =
            (is_person && dice.percent(50), wanted.who.and_then(|who| who.user.as_ref()))
        {
            row.insert(open[0].clone(), user.as_str().into());
            continue;
        }
        match parent(dice, world, reference, &row, wanted.tenant) {
            Some(found) => {
                for (own, to) in reference.columns.iter().zip(&reference.to) {
                    if open.contains(&own) {
                        row.insert(own.clone(), found[to].clone());
                    }
                }
            }
            None if optional => {}
            None => return None,
        }
    }
    Some(row)
}

/// A row to refer to, that agrees with what is known of the referring row.
fn parent<'w>(
    dice: &mut Dice,
    world: &'w World,
    reference: &freehold_core::model::Reference,
    row: &Row,
    tenant: Option<&str>,
) -> Option<&'w Row> {
    let table = world.model.table(&reference.table).unwrap();
    let key = world.model.tenant_column(table);
    let anywhere = dice.percent(6);
    let fits = |candidate: &&Row| {
        let mut pairs = reference.columns.iter().zip(&reference.to);
        let agrees =
            pairs.all(|(own, to)| row.get(own).is_none_or(|v| Some(v) == candidate.get(to)));
        let near = key.is_none_or(|key| tenant.is_none() || text(candidate, key) == tenant);
        anywhere || agrees && near
    };
    let candidates: Vec<&Row> = world.rows(&table.name).iter().filter(fits).collect();
    dice.pick(&candidates).copied()
}

/// Changes to a row: one or two of its columns.
pub fn changes(
    dice: &mut Dice,
    world: &World,
    table: &Table,
    old: &Row,
    wanted: Wanted<'_>,
) -> Row {
    let mut changes = Row::new();
    let columns: Vec<&Column> = table
        .columns
        .iter()
        // The core counts versions itself: a number given for one is passed over.
        .filter(|column| !table.versioned || column.name != "version")
        .filter(|column| {
            column.auto.is_none()
                && !column.encrypted
                && !column.secret
                && column.name != "deleted_at"
                || column.auto == Some(freehold_core::model::Auto::User)
        })
        .collect();
    for _ in 0..1 + dice.below(2) {
        let Some(column) = dice.pick(&columns) else { continue };
        let reference = table.references.iter().find(|r| r.columns.last() == Some(&column.name));
        let new = match reference {
            None => value(dice, world, table, column),
            Some(_) if column.optional && dice.percent(20) => Value::Null,
            Some(reference) => {
                let mut kept = old.clone();
                kept.remove(&column.name);
                let found = parent(dice, world, reference, &kept, wanted.tenant);
                let Some(found) = found else { continue };
                found[reference.to.last().unwrap()].clone()
            }
        };
        changes.insert(column.name.clone(), new);
    }
    changes
}

fn value(dice: &mut Dice, world: &World, table: &Table, column: &Column) -> Value {
    if column.array {
        let item = Column { array: false, ..column.clone() };
        let chance = 20 + dice.below(80);
        let all = match &column.kind {
            Kind::Enum { name } => world.model.enum_values(name).to_vec(),
            _ => Vec::new(),
        };
        if all.is_empty() {
            return json!([single(dice, world, table, &item)]);
        }
        return all.into_iter().filter(|_| dice.percent(chance)).map(Value::from).collect();
    }
    single(dice, world, table, column)
}

fn single(dice: &mut Dice, world: &World, table: &Table, column: &Column) -> Value {
    let bound = |bound: Option<Bound>, other: i64| match bound {
        Some(Bound::Integer(bound)) => bound,
        Some(Bound::Real(bound)) => bound as i64,
        None => other,
    };
    let (min, max) = (bound(column.rules.min, 0), bound(column.rules.max, i64::MAX));
    let mut number = || {
        let most = usize::try_from((max - min.min(max)).clamp(0, 20)).unwrap();
        min + i64::try_from(dice.below(most + 1)).unwrap()
    };
    match &column.kind {
        Kind::Integer => number().into(),
        Kind::BigInt => number().to_string().into(),
        Kind::Decimal { scale, .. } => {
            let unit = 10_i64.pow(*scale);
            let whole =
                (min + unit - 1).div_euclid(unit) + i64::try_from(dice.below(2000)).unwrap();
            whole.min(max / unit).to_string().into()
        }
        Kind::Real => json!(0.25 + dice.below(3) as f64 * 0.25),
        Kind::Boolean => dice.percent(60).into(),
        Kind::Uuid => format!("01941f29-7c00-7000-8000-{:012x}", dice.below(1 << 40)).into(),
        Kind::Timestamp => {
            let times = [
                "2020-01-01T00:00:00.000Z",
                "2024-06-01T00:00:00.000Z",
                "2099-01-01T00:00:00.000Z",
            ];
            dice.pick(&times).copied().into()
        }
        Kind::Date => dice.pick(&["2024-01-01", "2025-01-01"]).copied().into(),
        Kind::Time => dice.pick(&["08:00:00.000", "17:30:00.000"]).copied().into(),
        Kind::Json { shape: Shape::Array } => json!([]),
        Kind::Json { .. } => json!({ "n": dice.below(3) }),
        Kind::Blob => "AAEC".into(),
        Kind::Enum { name } => dice.pick(world.model.enum_values(name)).unwrap().as_str().into(),
        Kind::Text => words(dice, world, table, column),
    }
}

fn words(dice: &mut Dice, world: &World, table: &Table, column: &Column) -> Value {
    if table.template == Some(Template::Permission)
        && matches!(column.name.as_str(), "resource" | "action")
    {
        let known = permissions(&world.model);
        let known = dice.pick(&known).cloned().unwrap_or("a:b".to_owned());
        let (resource, action) = known.split_once(':').unwrap();
        return if column.name == "resource" { resource } else { action }.into();
    }
    let n = dice.below(400);
    match column.rules.format {
        Some(Format::Email) => return format!("p{n}@x.example").into(),
        Some(Format::Url) => return format!("https://x.example/{n}").into(),
        Some(Format::Slug) => return format!("slug-{n}").into(),
        Some(Format::Hostname) => return format!("h{n}.example").into(),
        Some(Format::Ip) => return "192.0.2.7".into(),
        Some(Format::Semver) => return format!("1.0.{n}").into(),
        Some(Format::Mime) => return "text/plain".into(),
        Some(Format::Color) => return "#a1b2c3".into(),
        Some(Format::Timezone) => return "Europe/Vienna".into(),
        Some(Format::Phone) => return "+431234567".into(),
        None => {}
    }
    match column.rules.pattern.as_deref() {
        Some("^[0-9a-f]{64}$") => "0123456789abcdef".repeat(4).into(),
        Some("^[A-Z]{2}$") => {
            let letter = |at: usize| char::from(b'A' + u8::try_from(at % 26).unwrap());
            String::from_iter([letter(n), letter(n / 26)]).into()
        }
        _ => match column.rules.max {
            Some(Bound::Integer(2)) => "AB".into(),
            _ => format!("word{n}").into(),
        },
    }
}

/// Every permission that the model's policies ask for.
pub fn permissions(model: &Model) -> Vec<String> {
    named(model, &|expr| match expr {
        Expr::HasPermission(name) => Some(name),
        _ => None,
    })
}

/// Every table that the model's policies look rows up in.
pub fn looked_up(model: &Model) -> Vec<String> {
    named(model, &|expr| match expr {
        Expr::InSelect(_, select) => Some(&select.table),
        _ => None,
    })
}

/// What `name` finds in the model's policies, each once.
fn named(model: &Model, name: &dyn Fn(&Expr) -> Option<&String>) -> Vec<String> {
    fn collect(expr: &Expr, name: &dyn Fn(&Expr) -> Option<&String>, found: &mut Vec<String>) {
        found.extend(name(expr).cloned());
        if let Expr::InSelect(_, select) = expr {
            select.condition.iter().for_each(|inner| collect(inner, name, found));
        }
        expr.children().into_iter().for_each(|inner| collect(inner, name, found));
    }
    let mut found = Vec::new();
    model.predicates.iter().for_each(|predicate| collect(&predicate.body, name, &mut found));
    for policy in model.tables.iter().filter_map(|table| table.policy.as_ref()) {
        for grant in [&policy.read, &policy.insert, &policy.update, &policy.delete] {
            if let Some(Grant::When(expr)) = grant {
                collect(expr, name, &mut found);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}
