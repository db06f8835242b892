//! What the checker says of tenants, people, policies and keys.

use super::*;

#[test]
fn tenants_rows_need_a_policy_that_names_what_exists() {
    let quests = "own(title) OR title IN (SELECT rank FROM seats WHERE user_id = auth_user())";
    let line = line_of(quests);
    for (from, to, code) in [
        (quests, "auth_role() = 'MIDDLE'", "unknown_role"),
        (quests, "auth_role() IN ('LOW', 'TOP')", "unknown_role"),
        (quests, "title IN (SELECT id FROM seats WHERE rank = 'TOP')", "unknown_value"),
        (quests, "has_permission('quests')", "unknown_permission"),
        (quests, "title", "bad_types"),
        (quests, "own(title) AND 1", "bad_types"),
        (quests, "reward = 'x'", "bad_types"),
        (quests, "reward < 0.001", "bad_types"),
        (quests, "reward IN (SELECT id FROM seats)", "bad_types"),
        (quests, "own(reward)", "bad_types"),
        (quests, "id IN (SELECT id FROM seats WHERE user_id = title)", "unknown_column"),
        ("write = [\"HIGH\"]", "write = [\"HIHG\"]", "unknown_role"),
    ] {
        let found = problems_of(&[(from, to)]);
        assert!(found.contains(&(line, code)), "{to}: {found:?}");
    }
    let found = problems_of(&[(
        "[tables.guilds]\ntemplate = \"tenant\"\npolicy = {}",
        "[tables.guilds]\ntemplate = \"tenant\"",
    )]);
    assert_eq!(found, [(line_of("[tables.guilds]"), "no_policy")]);
    let found = problems_of(&[("policy = { read = \"TRUE\", write = \"own(person_id)\" }\n", "")]);
    assert_eq!(found, [(line_of("[links.quest_people]"), "no_policy")]);
}

/// However the reference to the maker is written. Anybody else may be forgotten.
#[test]
fn a_table_of_api_keys_never_forgets_who_made_them() {
    let keys = |rest: &str| {
        let table = format!("[tables.keys]\ntemplate = \"api_key\"\npolicy = {{}}\n{rest}\n");
        crate::bundle::load_model(&format!("{SAMPLE}{table}"))
    };
    let line = SAMPLE.lines().count() + 4;
    let column = "type = \"ref\", to = \"people\", optional = true";
    let seat = "columns = [\"user_id\"], to = \"seats\", to_columns = [\"user_id\"]";
    let refused = [
        format!("columns.user_id = {{ {column}, on_delete = \"set_null\" }}"),
        "columns.user_id = { type = \"ref\", to = \"seats.user_id\", optional = true, \
         on_delete = \"set_null\" }"
            .to_owned(),
        format!(
            "columns.user_id = {{ type = \"uuid\", optional = true }}\n\
             references = [{{ {seat}, on_delete = \"set_null\" }}]"
        ),
    ];
    for rest in refused {
        let Err(Error::InvalidModel { problems }) = keys(&rest) else {
            panic!("{rest} is let through");
        };
        let found: Vec<_> = problems.iter().map(|problem| (problem.line, problem.code)).collect();
        assert_eq!(found, [(Some(line), "forgets_maker")], "{rest}: {problems:?}");
    }
    for rest in [
        format!("columns.user_id = {{ {column}, on_delete = \"cascade\" }}"),
        format!("columns.user_id = {{ {column}, on_delete = \"restrict\" }}"),
        format!("columns.checked_by = {{ {column}, on_delete = \"set_null\" }}"),
    ] {
        keys(&rest).unwrap_or_else(|error| panic!("{rest}: {error}"));
    }
}

#[test]
fn predicates_stay_small_and_uncorrelated() {
    let own = "\"own(x)\" = \"x = auth_user()\"";
    let quests = "own(title) OR title IN (SELECT rank FROM seats WHERE user_id = auth_user())";
    let selecting = "\"own(x)\" = \"TRUE IN (SELECT TRUE FROM seats)\"";
    let found = problems_of(&[(own, selecting)]);
    assert_eq!(found[0].1, "bad_expression", "one column is selected, nothing else");
    // Within a SELECT an argument may be a value, never a column of the row around.
    let within = "\"own(x)\" = \"auth_user() IN (SELECT user_id FROM seats WHERE id = x)\"";
    let found = problems_of(&[(own, within)]);
    assert!(found.contains(&(line_of(quests), "correlated")), "{found:?}");
    let through = format!("{within}\n\"also(y)\" = \"own(y)\"");
    let found = problems_of(&[(own, &through), (quests, "also(title)")]);
    assert!(found.iter().any(|(_, code)| *code == "correlated"), "{found:?}");
    let text = SAMPLE.replacen(own, within, 1).replacen(quests, "own('x')", 1);
    let text = text.replacen("own(person_id)", "own('y')", 1);
    Model::from_toml(&text).expect("values are welcome");
    let both = "\"own(rank)\" = \"rank IN (SELECT rank FROM seats WHERE rank = 'LOW')\"";
    assert_eq!(problems_of(&[(own, both)])[0], (line_of(own), "ambiguous"));
    // Each doubles the one before it.
    let mut doubling = own.to_owned();
    let mut before = "own".to_owned();
    for at in 0..40 {
        let body = format!("{before}(x) OR {before}(lower(x))");
        doubling += &format!("\n\"p{at}(x)\" = \"{body}\"");
        before = format!("p{at}");
    }
    let found = problems_of(&[(own, &doubling), (quests, "p39(title)")]);
    assert_eq!(found, [(line_of(quests).map(|line| line + 40), "too_large")]);
    let text = SAMPLE.replacen(own, &doubling, 1).replacen(quests, "p3(title)", 1);
    Model::from_toml(&text).expect("sixteen are no harm, and unused ones cost nothing");
}

#[test]
fn every_key_of_tenants_rows_starts_with_the_tenant_key() {
    let own = freehold_migrations::MODELS.iter().map(|files| Model::from_text(files.model));
    for model in own.chain([Model::from_toml(SAMPLE)]) {
        let model = model.expect("is right");
        let tenancy = model.tenancy.clone().expect("all have tenants");
        for table in &model.tables {
            let Scope::Tenant { column } = &table.scope else { continue };
            let starts = |columns: &[String]| columns.first() == Some(column);
            assert!(starts(&table.primary_key), "{}", table.name);
            if table.name == tenancy.tenant {
                continue;
            }
            for unique in &table.unique {
                assert!(starts(&unique.columns), "{}: {unique:?}", table.name);
            }
            for reference in &table.references {
                let other = model.table(&reference.table).expect("is there");
                let Some(theirs) = model.tenant_column(other) else { continue };
                assert!(starts(&reference.columns), "{}: {reference:?}", table.name);
                assert_eq!(reference.to.first().map(String::as_str), Some(theirs));
            }
        }
    }
    // Nothing that a model's author can write leads around it.
    for (from, to) in [
        (
            "columns.parent_id = {",
            "columns.other = { type = \"ref\", to = \"guilds\" }\ncolumns.parent_id = {",
        ),
        (
            "[tables.people]\ntemplate = \"user\"",
            "[tables.people]\ntemplate = \"user\"\ncolumns.q = { type = \"ref\", to = \"quests\" }",
        ),
    ] {
        let found = problems_of(&[(from, to)]);
        assert!(found.iter().any(|(_, code)| *code == "crosses_tenants"), "{to}: {found:?}");
    }
    let global = "unique = [[\"title\"], ";
    let moved = SAMPLE.replacen(global, "unique = [[\"title\", \"guild_ref\"], ", 1);
    let model = Model::from_toml(&moved).expect("is right");
    assert_eq!(model.table("quests").expect("is there").unique[0].columns, ["guild_ref", "title"]);
}

#[test]
fn tenancy_says_where_roles_stand_and_who_is_active() {
    let text = SAMPLE.replacen(
        "role = \"rank\"",
        "role = \"rank\"\nfounder = \"HIGH\"\nnarrow = \"quests\"\n\
         user_active = \"name <> ''\"\nmember_active = \"rank IN ('LOW', 'HIGH')\"\n\
         tenant_active = \"motto IS NOT NULL\"",
        1,
    );
    let model = Model::from_toml(&text).expect("is right");
    assert_eq!(model.roles(), ["LOW", "HIGH"]);
    assert_eq!(model.role_table().map(|table| table.name.as_str()), Some("seats"));
    assert_eq!(Model::from_toml(&model.to_toml()).expect("reads as TOML"), model);
    for (from, to, line, code) in [
        ("role = \"rank\"", "role = \"rang\"", 8, "unknown_column"),
        ("role = \"rank\"", "role = \"user_id\"", 8, "does_not_fit"),
        ("founder = \"HIGH\"", "founder = \"TOP\"", 9, "unknown_role"),
        ("narrow = \"quests\"", "narrow = \"quest\"", 10, "unknown_table"),
        ("narrow = \"quests\"", "narrow = \"people\"", 10, "does_not_fit"),
        ("name <> ''", "nom <> ''", 11, "unknown_column"),
        ("name <> ''", "id = auth_user()", 11, "not_in_check"),
        ("member = \"seats\"", "member = \"people\"", 7, "bad_member_table"),
        ("tenant_active =", "key_active =", 13, "missing"),
    ] {
        let Err(Error::InvalidModel { problems }) = Model::from_toml(&text.replacen(from, to, 1))
        else {
            panic!("{to} is wrong");
        };
        let found: Vec<_> = problems.iter().map(|p| (p.line, p.code)).collect();
        assert!(found.contains(&(Some(line), code)), "{to}: {problems:?}");
    }
}
