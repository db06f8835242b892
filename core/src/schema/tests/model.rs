//! What a model calls for, made and used in SQLite.

use super::*;
use crate::Model;

#[test]
fn every_built_in_model_is_made_as_called_for() {
    for built_in in freehold_migrations::MODELS {
        let model = Model::from_toml(built_in.model).expect("a built-in model is right");
        let schema = Schema::from_model(&model);
        let sql = schema.create_sql();
        let connection = database(&sql.join("\n"));
        let live = Schema::read(&connection).expect("reads");
        assert_eq!(lines(&diff(&schema, &live)), [] as [&str; 0], "{}", built_in.name);
        assert!(schema.is_written_in(&connection).expect("reads"), "{}", built_in.name);
        let longest = schema.indexes.keys().chain(schema.triggers.keys()).map(String::len).max();
        assert!(longest <= Some(63), "{}", built_in.name);
        connection.execute_batch(&schema.drop_sql().join("\n")).expect("drops");
        assert!(Schema::read(&connection).expect("reads").is_empty());
    }
}

#[test]
fn what_other_statements_made_is_read() {
    let model = Model::from_toml(GUILD).expect("is right");
    let schema = Schema::from_model(&model);
    let changes = [
        "CREATE TABLE more (id TEXT)",
        "CREATE VIEW seen AS SELECT 1",
        "ALTER TABLE quests ADD more TEXT",
        "ALTER TABLE people RENAME TO humans",
        "CREATE TRIGGER told AFTER DELETE ON quests BEGIN SELECT 1; END",
    ];
    for change in changes {
        let connection = database(&schema.create_sql().join("\n"));
        assert!(schema.is_written_in(&connection).expect("reads"));
        connection.execute_batch(change).expect(change);
        assert!(!schema.is_written_in(&connection).expect("reads"), "{change}");
    }
    for index in schema.indexes.keys() {
        let connection = database(&schema.create_sql().join("\n"));
        connection.execute_batch(&format!("DROP INDEX {index}")).expect("drops");
        assert!(!schema.is_written_in(&connection).expect("reads"), "without {index}");
    }
}

const GUILD: &str = r#"
name = "guild"
[tenancy]
tenant = "guilds"
key = "guild_ref"
user = "people"
[enums]
rank = ["LOW", "it's"]
[tables.quests]
policy = {}
doc = """One row is
one quest."""
soft_delete = true
columns.title = { type = "text", min = 1, max = 4 }
columns.code = { type = "text", max = 20, optional = true }
columns.parent_id = { type = "ref", to = "quests", on_delete = "set_null", optional = true }
columns.leader_id = { type = "ref", to = "heroes", on_delete = "set_null", optional = true }
columns.region = { type = "ref", to = "regions.code", on_delete = "set_null", optional = true }
unique = [["title"], { columns = ["code", "region"], nulls = "equal" }]
indexes = [["title desc", "code"], { columns = ["code"], cross_tenant = true }]
[tables.heroes]
policy = {}
columns.rank = { type = "enum", of = "rank", default = "LOW" }
columns.home_id = { type = "ref", to = "quests", on_delete = "restrict", optional = true }
[tables.regions]
scope = "public"
columns.code = { type = "text", max = 10 }
unique = [["code"]]
[tables.guilds]
policy = {}
columns.title = { type = "text", max = 10 }
[tables.people]
scope = "user"
owner = "id"
columns.email = { type = "text", max = 20 }
[links.quest_heroes]
policy = {}
quest_id = "quests"
hero_id = "heroes"
"#;

fn id(number: usize) -> String {
    format!("'00000000-0000-0000-0000-{number:012}'")
}

/// Two guilds with a quest under another, a hero who leads the first and lives in the second.
fn guild(schema: &Schema) -> Connection {
    let connection = database(&schema.create_sql().join("\n"));
    let [g1, g2, q1, q2, h1] = [1, 2, 3, 4, 5].map(id);
    connection
        .execute_batch(&format!(
            "INSERT INTO guilds (id, title) VALUES ({g1}, 'one'), ({g2}, 'two');
             INSERT INTO regions (id, code) VALUES ({q1}, 'north');
             BEGIN;
             INSERT INTO heroes (guild_ref, id) VALUES ({g1}, {h1});
             INSERT INTO quests (guild_ref, id, title, parent_id, leader_id, region) VALUES
                 ({g1}, {q1}, 'a', NULL, {h1}, 'north'), ({g1}, {q2}, 'b', {q1}, NULL, NULL);
             UPDATE heroes SET home_id = {q2};
             INSERT INTO quest_heroes (guild_ref, quest_id, hero_id) VALUES ({g1}, {q1}, {h1});
             COMMIT;"
        ))
        .expect("inserts");
    connection
}

fn fails_with(connection: &Connection, sql: &str, part: &str) {
    let error = connection.execute_batch(sql).expect_err(sql).to_string();
    assert!(error.contains(part), "{sql}: {error}");
}

#[test]
fn deleting_a_tenant_takes_everything_whatever_the_order_of_tables() {
    let schema = Schema::from_model(&Model::from_toml(GUILD).expect("is right"));
    let count_of = schema.tables.len();
    for shift in 0..count_of {
        let mut schema = schema.clone();
        for table in schema.tables.values_mut() {
            table.order = (table.order + shift) % count_of;
        }
        let connection = guild(&schema);
        connection
            .execute_batch(&format!("DELETE FROM guilds WHERE id = {}", id(1)))
            .expect("goes");
        for table in ["quests", "heroes", "quest_heroes"] {
            assert_eq!(count(&connection, &format!("SELECT count(*) FROM {table}")), 0, "{table}");
        }
        assert_eq!(count(&connection, "SELECT count(*) FROM guilds"), 1);
    }
}

#[test]
fn restrict_blocks_and_set_null_nulls_the_reference_alone() {
    let schema = Schema::from_model(&Model::from_toml(GUILD).expect("is right"));
    let connection = guild(&schema);
    let [g1, q1, q2, h1] = [1, 3, 4, 5].map(id);
    let delete = |table: &str, id: &str| format!("DELETE FROM {table} WHERE id = {id}");
    fails_with(&connection, &delete("quests", &q2), "FOREIGN KEY");
    connection.execute_batch(&delete("quests", &q1)).expect("the child keeps its guild");
    let sql = format!(
        "SELECT count(*) FROM quests WHERE id = {q2} AND guild_ref = {g1} AND parent_id IS NULL"
    );
    assert_eq!(count(&connection, &sql), 1);
    assert_eq!(count(&connection, "SELECT count(*) FROM quest_heroes"), 0, "cascades");
    connection.execute_batch("UPDATE heroes SET home_id = NULL").expect("updates");
    connection
        .execute_batch(&format!(
            "UPDATE quests SET leader_id = {h1}, region = 'north'; DELETE FROM heroes;
             DELETE FROM regions;"
        ))
        .expect("deletes");
    let sql = "SELECT count(*) FROM quests WHERE leader_id IS NULL AND region IS NULL";
    assert_eq!(count(&connection, sql), 1);
    // Nothing refers across tenants.
    let g2 = id(2);
    let sql = format!(
        "INSERT INTO quests (guild_ref, id, title, parent_id) VALUES ({g2}, {q1}, 'x', {q2})"
    );
    fails_with(&connection, &sql, "FOREIGN KEY");
}

#[test]
fn unique_keys_count_what_they_should() {
    let schema = Schema::from_model(&Model::from_toml(GUILD).expect("is right"));
    let connection = guild(&schema);
    let g1 = id(1);
    let row = |number: usize, title: &str, code: &str, region: &str| {
        format!(
            "INSERT INTO quests (guild_ref, id, title, code, region)
             VALUES ({g1}, {}, '{title}', {code}, {region})",
            id(number)
        )
    };
    let run = |sql: &str| connection.execute_batch(sql).unwrap_or_else(|error| panic!("{error}"));
    // (NULL, north) and (NULL, NULL) are there already.
    fails_with(&connection, &row(10, "c", "NULL", "'north'"), "quests_code_region_key");
    fails_with(&connection, &row(10, "c", "NULL", "NULL"), "quests_code_region_key");
    run(&row(10, "c", "''", "NULL"));
    fails_with(&connection, &row(11, "d", "''", "NULL"), "quests_code_region_key");
    fails_with(&connection, &row(11, "c", "'x'", "NULL"), "quests.guild_ref, quests.title");
    run("UPDATE quests SET deleted_at = '2025-01-01T00:00:00.000Z'");
    run(&row(11, "c", "NULL", "NULL"));
}

#[test]
fn names_follow_the_tables_and_columns() {
    let schema = Schema::from_model(&Model::from_toml(GUILD).expect("is right"));
    let indexes: Vec<&str> = schema.indexes.keys().map(String::as_str).collect();
    assert_eq!(
        indexes,
        [
            "heroes_home_id_idx",
            "quest_heroes_hero_id_idx",
            "quests_code_cross_idx",
            "quests_code_region_key",
            "quests_leader_id_idx",
            "quests_parent_id_idx",
            "quests_region_cross_idx",
            "quests_title_code_idx",
            "quests_title_key",
            "regions_code_key",
        ]
    );
    let triggers: Vec<&str> = schema.triggers.keys().map(String::as_str).collect();
    assert_eq!(triggers, ["quests_leader_id_set_null", "quests_parent_id_set_null"]);
    let sql = schema.create_sql();
    assert!(sql[0].starts_with("-- One row is one quest.\nCREATE TABLE quests (\n"), "{}", sql[0]);
    assert_eq!(
        crate::schema::ddl::index_sql(&schema.indexes["quests_title_code_idx"]),
        "CREATE INDEX quests_title_code_idx\nON quests (guild_ref, title DESC, code)"
    );
}

#[test]
fn a_key_that_references_point_at_is_a_plain_one() {
    let text = r#"
name = "plans"
[tables.plans]
columns.code = { type = "text", max = 10 }
columns.region = { type = "text", max = 10, optional = true }
unique = [{ columns = ["code", "region"], nulls = "equal" }]
[tables.orders]
columns.plan = { type = "text", max = 10 }
columns.place = { type = "text", max = 10 }
references = [{ columns = ["plan", "place"], to = "plans", to_columns = ["code", "region"] }]
"#;
    let schema = Schema::from_model(&Model::from_toml(text).expect("is right"));
    let connection = database(&schema.create_sql().join("\n"));
    let [one, two] = [1, 2].map(id);
    connection
        .execute_batch(&format!(
            "INSERT INTO plans (id, code, region) VALUES ({one}, 'a', NULL), ({two}, 'a', 'eu');
             INSERT INTO orders (id, plan, place) VALUES ({one}, 'a', 'eu');"
        ))
        .expect("inserts");
    let again = format!("INSERT INTO plans (id, code) VALUES ({}, 'a')", id(3));
    fails_with(&connection, &again, "plans_code_region_nulls_key");
    let nowhere = format!("INSERT INTO orders (id, plan, place) VALUES ({two}, 'a', 'us')");
    fails_with(&connection, &nowhere, "FOREIGN KEY");
}

const RULES: &str = r#"
name = "rules"
[enums]
state = ["ON", "it's"]
[tables.t]
columns.text = { type = "text", min = 2, max = 3, optional = true }
columns.exact = { type = "text", min = 2, max = 2, optional = true }
columns.integer = { type = "integer", optional = true }
columns.small = { type = "integer", min = -1, max = 5, optional = true }
columns.big = { type = "bigint", min = 0, optional = true }
columns.amount = { type = "decimal", precision = 4, scale = 2, max = 50, optional = true }
columns.ratio = { type = "real", min = 0, max = 1.5, optional = true }
columns.flag = { type = "boolean", optional = true }
columns.uuid = { type = "uuid", optional = true }
columns.at = { type = "timestamp", optional = true }
columns.day = { type = "date", optional = true }
columns.clock = { type = "time", optional = true }
columns.any = { type = "json", optional = true }
columns.map = { type = "json", shape = "object", optional = true }
columns.list = { type = "json", shape = "array", optional = true }
columns.tags = { type = "text[]", min = 1, max = 2, optional = true }
columns.data = { type = "blob", max = 2, optional = true }
columns.state = { type = "enum", of = "state", optional = true }
columns.hidden = { type = "text", max = 1, encrypted = true, optional = true }
checks.small_is_on = "small IS NULL OR state = 'ON'"
"#;

/// Values that the columns take.
const GOOD: [(&str, &str); 20] = [
    ("text", "'äöü'"),
    ("exact", "'ab'"),
    ("integer", "9007199254740991"),
    ("big", "9223372036854775807"),
    ("amount", "-9999"),
    ("amount", "5000"),
    ("ratio", "1.5"),
    ("flag", "1"),
    ("uuid", "printf('%.36c', 'a')"),
    ("at", "'2025-01-01T00:00:00.000Z'"),
    ("day", "'2025-01-01'"),
    ("clock", "'10:00:00.000'"),
    ("any", "'null'"),
    ("map", "'{}'"),
    ("list", "'[]'"),
    ("tags", "'[\"a\"]'"),
    ("data", "x'0102'"),
    ("state", "'it''s'"),
    ("hidden", "'long enough'"),
    ("text", "NULL"),
];

/// Values that break a rule, and the rule.
const BAD: [(&str, &str, &str); 24] = [
    ("text", "'a'", "t_text_length"),
    ("text", "'abcd'", "t_text_length"),
    ("exact", "'a'", "t_exact_length"),
    ("integer", "9007199254740992", "t_integer_integer"),
    ("small", "-2", "t_small_integer"),
    ("small", "6", "t_small_integer"),
    ("big", "-1", "t_big_bigint"),
    ("amount", "5001", "t_amount_decimal_4_2"),
    ("amount", "-10000", "t_amount_decimal_4_2"),
    ("ratio", "1.6", "t_ratio_range"),
    ("flag", "2", "t_flag_boolean"),
    ("uuid", "'a'", "t_uuid_uuid"),
    ("at", "'2025-01-01T00:00:00Z'", "t_at_timestamp"),
    ("day", "'2025-1-1'", "t_day_date"),
    ("clock", "'10:00'", "t_clock_time"),
    ("any", "'{'", "t_any_json"),
    ("map", "'[]'", "t_map_object"),
    ("list", "'{}'", "t_list_list"),
    ("tags", "'[]'", "t_tags_length"),
    ("tags", "'{}'", "t_tags_array"),
    ("data", "x'010203'", "t_data_length"),
    ("state", "'OFF'", "t_state_enum"),
    ("small", "1", "small_is_on"),
    ("flag", "'x'", "cannot store TEXT"),
];

#[test]
fn sqlite_keeps_the_rules() {
    let schema = Schema::from_model(&Model::from_toml(RULES).expect("is right"));
    let connection = database(&schema.create_sql().join("\n"));
    for (number, (column, value)) in GOOD.iter().enumerate() {
        let sql = format!("INSERT INTO t (id, {column}) VALUES ({}, {value})", id(number));
        connection.execute_batch(&sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    for (column, value, rule) in BAD {
        let sql =
            format!("INSERT INTO t (id, {column}, state) VALUES ({}, {value}, 'it''s')", id(99));
        let sql = match column {
            "state" => sql.replace("state, state", "state").replace(", 'it''s')", ")"),
            _ => sql,
        };
        fails_with(&connection, &sql, rule);
    }
}

#[test]
fn defaults_are_stored_as_writes_store_them() {
    let text = r#"
name = "defaults"
[enums]
state = ["ON", "it's"]
[tables.t]
columns.text = { type = "text", default = "it's" }
columns.amount = { type = "decimal", precision = 8, scale = 3, default = "-1.5" }
columns.ratio = { type = "real", default = 2 }
columns.flag = { type = "boolean", default = true }
columns.map = { type = "json", default = { b = [1, "x"], a = 1.5 } }
columns.tags = { type = "enum[]", of = "state", default = ["it's"] }
columns.made = { type = "timestamp", auto = "created" }
"#;
    let schema = Schema::from_model(&Model::from_toml(text).expect("is right"));
    let defaults: Vec<&str> = schema.tables["t"]
        .columns
        .iter()
        .map(|column| column.default.as_ref().map_or("none", Fragment::text))
        .collect();
    assert_eq!(
        defaults,
        [
            "none",
            "'it''s'",
            "-1500",
            "2.0",
            "1",
            "'{\"b\":[1,\"x\"],\"a\":1.5}'",
            "'[\"it''s\"]'",
            "none"
        ]
    );
}
