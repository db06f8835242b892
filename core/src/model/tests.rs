//! Loading models: what is read, what is implied, and how mistakes are named.

mod policies;

use super::*;

const SAMPLE: &str = r##"
name = "guild"
[tenancy]
tenant = "guilds"
key = "guild_ref"
user = "people"
member = "seats"
role = "rank"
[enums]
rank = ["LOW", "HIGH"]
[predicates]
"own(x)" = "x = auth_user()"
[tables.guilds]
template = "tenant"
policy = {}
columns.motto = { type = "text", max = 80, optional = true }
[tables.people]
template = "user"
scope = "user"
owner = "id"
[tables.seats]
template = "membership"
policy = { read = "TRUE" }
columns.rank = { type = "enum", of = "rank", default = "LOW" }
[tables.quests]
doc = "One row is one quest."
soft_delete = true
columns.title = { type = "text", min = 1, max = 80, pattern = "^[A-Z].*$" }
columns.parent_id = { type = "ref", to = "quests", on_delete = "set_null", optional = true }
columns.reward = { type = "decimal", precision = 8, scale = 2, min = 0.5 }
columns.starts_on = { type = "date", id = "begins_on" }
columns.ends_on = { type = "date", optional = true }
columns.tags = { type = "text[]", max = 5, default = [] }
unique = [["title"], { columns = ["parent_id", "starts_on"], nulls = "equal" }]
indexes = [["starts_on desc", "title"]]
checks.ends_after_start = "ends_on IS NULL OR ends_on >= starts_on"
policy = { read = "own(title) OR title IN (SELECT rank FROM seats WHERE user_id = auth_user())", write = ["HIGH"] }
[links.quest_people]
policy = { read = "TRUE", write = "own(person_id)" }
quest_id = "quests"
person_id = "people"
"##;

#[test]
fn expands_what_is_implied() {
    let model = Model::from_toml(SAMPLE).expect("the sample is right");
    let quests = model.table("quests").expect("is there");
    let names: Vec<&str> = quests.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "guild_ref",
            "id",
            "title",
            "parent_id",
            "reward",
            "starts_on",
            "ends_on",
            "tags",
            "deleted_at"
        ]
    );
    assert_eq!(quests.primary_key, ["guild_ref", "id"]);
    assert_eq!(quests.unique[0].columns, ["guild_ref", "title"]);
    assert_eq!(quests.references[1].columns, ["guild_ref", "parent_id"]);
    assert_eq!(quests.references[1].to, ["guild_ref", "id"]);
    assert_eq!(quests.column("reward").expect("is there").rules.min, Some(Bound::Integer(50)));
    let link = model.table("quest_people").expect("is there");
    assert_eq!(link.primary_key, ["guild_ref", "quest_id", "person_id"]);
    assert_eq!(link.references[2].columns, ["person_id"]);
    assert_eq!(link.indexes.len(), 1, "the second end is indexed");
    let guilds = model.table("guilds").expect("is there");
    assert_eq!(guilds.columns.last().map(|c| c.name.as_str()), Some("updated_at"));
    assert_eq!(guilds.scope, Scope::Tenant { column: "id".to_owned() });
}

#[test]
fn reads_what_it_writes() {
    let model = Model::from_toml(SAMPLE).expect("the sample is right");
    let json = model.to_json().to_string();
    let again = Model::from_json(&json).expect("reads as JSON");
    for (again, table) in again.tables.iter().zip(&model.tables) {
        assert_eq!(again, table);
    }
    assert_eq!(again, model);
    assert_eq!(Model::from_toml(&model.to_toml()).expect("reads as TOML"), model);
}

#[test]
fn names_all_mistakes_at_once_with_their_places() {
    let text = r#"name = "Bad Name"
titel = "x"
[tenancy]
tenant = "orgs"
key = "org_id"
[enums]
empty = []
twice = ["A", "A"]
[tables.orgs]
template = "tenat"
[tables.things]
columns.a = { type = "txt" }
columns.b = { type = "enum", of = "nope" }
columns.c = { type = "ref", to = "nowhere" }
columns.d = { type = "text", min = 5, max = 2 }
columns.e = { type = "text", pattern = "(?=x)" }
columns.f = { type = "boolean", min = 1 }
columns.g = { type = "integer", default = "x" }
columns.h = { type = "text", encrypted = true }
columns.j = { type = "json" }
columns.k = 3
unique = [["missing"], ["h"]]
indexes = [["j"]]
checks.one = "a >"
checks.two = "zz = 1"
checks.three = "auth_user() = g"
policy = { read = "gone(g)", write = [] }
primary_key = ["id", "nope"]
scope = "tennant"
[tables.others]
columns.i = { type = "ref", to = "others", on_delete = "set_null" }
"#;
    let Err(Error::InvalidModel { problems }) = Model::from_toml(text) else {
        panic!("the model is full of mistakes");
    };
    let found: Vec<(usize, &str)> =
        problems.iter().map(|problem| (problem.line.unwrap_or(0), problem.code)).collect();
    for expected in [
        (1, "bad_name"),
        (2, "unknown_key"),
        (7, "empty"),
        (8, "duplicate"),
        (10, "unknown_word"),
        (12, "unknown_type"),
        (13, "unknown_enum"),
        (14, "dangling_reference"),
        (15, "bad_bound"),
        (16, "bad_pattern"),
        (17, "does_not_fit"),
        (18, "bad_default"),
        (31, "does_not_fit"),
        (21, "wrong_type"),
        (22, "unknown_column"),
        (22, "secret_in_key"),
        (23, "json_in_key"),
        (24, "bad_expression"),
        (25, "unknown_column"),
        (26, "not_in_check"),
        (27, "unknown_predicate"),
        (27, "empty"),
        (28, "unknown_column"),
        (29, "unknown_word"),
    ] {
        assert!(found.contains(&expected), "{expected:?} is not among {found:#?}");
    }
    let texts = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(texts.contains("did you mean `text`?"), "{texts}");
    assert!(texts.contains("did you mean `tenant`?"), "{texts}");
}

#[test]
fn json_has_places_too() {
    let text = "{\n  \"name\": \"x\",\n  \"tables\": {\n    \"a\": {\"columns\": {\"b\": {\"type\": \"no\"}}},\n    \"c\": []\n  }\n}";
    let Err(Error::InvalidModel { problems }) = Model::from_json(text) else {
        panic!("two mistakes");
    };
    let places: Vec<_> = problems.iter().map(|p| (p.line, p.column, p.code)).collect();
    assert_eq!(
        places,
        [(Some(4), Some(29), "unknown_type"), (Some(5), Some(5), "wrong_type")],
        "{problems:?}"
    );
}

#[test]
fn broken_syntax_is_named_with_its_place() {
    for (text, line) in [("name = \"x\"\n[tables", 2), ("{\"name\": \n", 2), ("name = 1 2", 1)] {
        let Err(Error::InvalidModel { problems }) = Model::from_text(text) else {
            panic!("{text} is broken");
        };
        assert_eq!((problems[0].code, problems[0].line), ("syntax", Some(line)), "{text}");
    }
}

#[test]
fn the_built_in_models_are_right_and_survive_being_written() {
    for files in freehold_migrations::MODELS {
        let model = Model::from_toml(files.model).unwrap_or_else(|e| panic!("{}: {e}", files.name));
        assert_eq!(model.name, files.name);
        assert_eq!(Model::from_toml(&model.to_toml()).expect("reads as TOML"), model);
        assert_eq!(Model::from_json(&model.to_json().to_string()).expect("reads as JSON"), model);
    }
    assert!(freehold_migrations::MODELS.len() >= 5);
}

#[test]
fn rules_over_decimals_are_said_in_their_own_unit() {
    let text = r#"
name = "x"
[tables.a]
columns.price = { type = "decimal", precision = 8, scale = 2 }
columns.name = { type = "text", max = 9 }
checks.dear = "price >= 1.5 OR price IN (0, 1)"
"#;
    let model = Model::from_toml(text).expect("the sample is right");
    let check = &model.tables[0].checks[0].expr;
    assert_eq!(check.to_string(), "price >= 1.5 OR price IN (0, 1)");
    let stored = check.stored_form(&model.tables[0]);
    assert_eq!(stored.to_string(), "price >= 150 OR price IN (0, 100)");
    for (rule, part) in [
        ("name > 1", "different types"),
        ("price = 0.005", "more than 2"),
        ("name = TRUE", "types"),
    ] {
        let text = text.replace("price >= 1.5 OR price IN (0, 1)", rule);
        let error = Model::from_toml(&text).expect_err(rule).to_string();
        assert!(error.contains(part), "{rule}: {error}");
    }
}

#[test]
fn what_the_checker_lets_through_can_be_made() {
    let base = "name = \"x\"\n[tables.a]\ncolumns.id = { type = \"uuid\", auto = \"id\" }\n\
                columns.n = { type = \"integer\" }\n";
    let many: String = (0..1700)
        .map(|at| format!("columns.c{at} = {{ type = \"integer\", optional = true }}\n"))
        .collect();
    let terms = ["n = 1"; 1000].join(" OR ");
    for (rest, code) in [
        ("primary_key = [\"id\", \"id\"]", "duplicate"),
        ("columns.r = { type = \"real\", min = 2, max = 1 }", "bad_bound"),
        (&*many, "too_large"),
        (&*format!("checks.c = \"{terms}\""), "too_large"),
        (
            "[tables.b]\ncolumns.id = { type = \"ref\", to = \"c\" }\n\
             [tables.c]\ncolumns.id = { type = \"ref\", to = \"b\" }",
            "circular_reference",
        ),
        ("[tables.b]\ncolumns.id = { type = \"ref\", to = \"b\" }", "circular_reference"),
        ("[predicates]\n\"p(x)\" = \"NOT q(x)\"\n\"q(x)\" = \"p(x)\"", "circular_predicate"),
        ("columns.d = { type = \"date\", default = \"2025-02-31\" }", "invalid_default"),
        (
            "columns.e = { type = \"text\", max = 9, pattern = \"^[0-9]+$\", default = \"x\" }",
            "invalid_default",
        ),
        ("indexes = [[\"n\"]]\n[tables.a_n_idx]", "duplicate"),
    ] {
        let text = format!("{base}{rest}\n");
        match crate::bundle::load_model(&text) {
            Err(Error::InvalidModel { problems }) => {
                assert!(problems.iter().any(|p| p.code == code), "{rest}: {problems:?}");
            }
            other => panic!("{rest}: {other:?}"),
        }
    }
}

/// What is wrong with the sample once one text in it is replaced: line and code of each.
fn problems_of(replaced: &[(&str, &str)]) -> Vec<(Option<usize>, &'static str)> {
    let mut text = SAMPLE.to_owned();
    for (from, to) in replaced {
        assert!(text.contains(from), "{from} is not in the sample");
        text = text.replacen(from, to, 1);
    }
    match crate::bundle::load_model(&text) {
        Err(Error::InvalidModel { problems }) => {
            problems.iter().map(|problem| (problem.line, problem.code)).collect()
        }
        other => panic!("{replaced:?}: {other:?}"),
    }
}

/// The line of the sample that holds this text.
fn line_of(part: &str) -> Option<usize> {
    SAMPLE.lines().position(|line| line.contains(part)).map(|at| at + 1)
}

#[test]
fn tables_that_require_each_other_are_refused() {
    let text = r#"
name = "x"
[tables.heads]
columns.dep_id = { type = "ref", to = "deps" }
[tables.deps]
columns.unit_id = { type = "ref", to = "units" }
[tables.units]
columns.head_id = { type = "ref", to = "heads" }
columns.parent_id = { type = "ref", to = "units" }
[tables.desks]
columns.head_id = { type = "ref", to = "heads" }
"#;
    let Err(Error::InvalidModel { problems }) = Model::from_toml(text) else {
        panic!("no first row is possible");
    };
    let found: Vec<_> = problems.iter().map(|p| (p.line, p.code)).collect();
    assert_eq!(found, [(Some(4), "circular_requirement")], "{problems:?}");
    assert!(problems[0].message.contains("`heads`, `deps`, `units`"), "{}", problems[0].message);
    let open = text.replacen(
        "to = \"units\" }\n[tables.u",
        "to = \"units\", optional = true }\n[tables.u",
        1,
    );
    Model::from_toml(&open).expect("one of them may come first");
}

#[test]
fn bounds_of_big_integers_are_exact_and_late_problems_have_places() {
    let text = r#"
name = "x"
[tables.a]
columns.n = { type = "bigint", min = -9223372036854775807, max = 9007199254740993 }
columns.d = { type = "decimal", precision = 18, scale = 2, max = 9999999999999999 }
"#;
    let model = Model::from_toml(text).expect("is right");
    let rules = |name: &str| model.tables[0].column(name).expect("is there").rules.clone();
    assert_eq!(rules("n").max, Some(Bound::Integer(9_007_199_254_740_993)));
    assert_eq!(rules("n").min, Some(Bound::Integer(-9_223_372_036_854_775_807)));
    assert_eq!(rules("d").max, Some(Bound::Integer(999_999_999_999_999_900)));
    assert_eq!(Model::from_toml(&model.to_toml()).expect("reads as TOML"), model);
    let late = text.replace(
        "columns.d = {",
        "columns.e = { type = \"date\", default = \"2025-02-31\" }\ncolumns.d = {",
    );
    let Err(Error::InvalidModel { problems }) = crate::bundle::load_model(&late) else {
        panic!("February has no 31 days");
    };
    assert_eq!((problems[0].line, problems[0].column.is_some()), (Some(5), true), "{problems:?}");
    let late = format!("{text}indexes = [[\"n\"]]\n[tables.a_n_idx]\n");
    let Err(Error::InvalidModel { problems }) = crate::bundle::load_model(&late) else {
        panic!("an index has that name");
    };
    assert_eq!((problems[0].line, problems[0].code), (Some(7), "duplicate"), "{problems:?}");
}

#[test]
fn what_encryption_needs_is_checked() {
    let text = |owner: &str, column: &str| {
        format!(
            "name = \"x\"\n[tenancy]\nuser = \"users\"\ntenant = \"orgs\"\nkey = \"org_id\"\n\
             [tables.orgs]\ntemplate = \"tenant\"\npolicy = {{}}\n\
             [tables.users]\ntemplate = \"user\"\nscope = \"user\"\nowner = \"id\"\n\
             [tables.t]\nscope = \"user\"\nowner = \"user_id\"\n\
             columns.user_id = {{ type = \"ref\", to = \"users\"{owner} }}\n\
             columns.a = {{ {column} }}\n"
        )
    };
    let sound = "type = \"text\", encrypted = true, blind_index = true";
    Model::from_toml(&text("", sound)).expect("nothing is wrong");
    let optional = ", optional = true, on_delete = \"set_null\"";
    for (owner, column, place) in [
        (optional, sound, "columns.a.encrypted"),
        ("", "type = \"text\", blind_index = true", "columns.a.blind_index"),
        ("", "type = \"json\", encrypted = true, blind_index = true", "columns.a.blind_index"),
        ("", "type = \"text[]\", encrypted = true, blind_index = true", "columns.a.blind_index"),
        ("", "type = \"integer\", encrypted = true", "columns.a.encrypted"),
        ("", "type = \"text\", encrypted = true, default = \"x\"", "columns.a.default"),
    ] {
        let Err(Error::InvalidModel { problems }) = Model::from_toml(&text(owner, column)) else {
            panic!("{column} is let through");
        };
        let found: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert!(found.iter().any(|path| path.ends_with(place)), "{column}: {found:?}");
    }
}
