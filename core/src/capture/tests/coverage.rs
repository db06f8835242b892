//! Every way in which a row can change is noted, and nothing that was undone.

use super::*;

fn desk(db: &Db, number: i64, name: &str) -> String {
    let _ = db;
    format!(
        "INTO desks (organization_id, id, number) VALUES ('{}', '{}', {number})",
        id("a"),
        id(name)
    )
}

#[test]
fn inserts_updates_and_deletes() {
    let db = Db::new();
    two_tenants(&db);
    let a = format!("tenant/{}", id("a"));
    let b = format!("tenant/{}", id("b"));
    assert_eq!(
        db.last(),
        [
            format!("{a}: insert organizations a"),
            format!("{b}: insert organizations b"),
            format!("{a}: insert teams t"),
            format!("{b}: insert teams t"),
        ]
    );
    db.write("UPDATE teams SET seats = 7; UPDATE teams SET seats = 7");
    assert_eq!(db.last(), [format!("{a}: update teams t"), format!("{b}: update teams t")]);
    db.write("DELETE FROM teams");
    assert_eq!(db.last(), [format!("{a}: delete teams t"), format!("{b}: delete teams t")]);
    let before = db.records().len();
    db.write("DELETE FROM teams; SELECT * FROM organizations");
    assert_eq!(db.records().len(), before, "nothing changed, so nothing is recorded");
}

#[test]
fn replace_and_upsert() {
    let db = Db::new();
    two_tenants(&db);
    let a = format!("tenant/{}", id("a"));
    db.write(&format!("INSERT {}", desk(&db, 1, "d1")));
    db.write(&format!("INSERT OR REPLACE {}", desk(&db, 2, "d1")));
    assert_eq!(db.last(), [format!("{a}: delete desks d1"), format!("{a}: insert desks d1")]);
    // By the unique key over team and number.
    db.write(&format!("REPLACE {}", desk(&db, 2, "d2")));
    assert_eq!(db.last(), [format!("{a}: delete desks d1"), format!("{a}: insert desks d2")]);
    db.write(&format!("INSERT {}", desk(&db, 3, "d3")));
    db.write(&format!("UPDATE OR REPLACE desks SET number = 2 WHERE id = '{}'", id("d3")));
    assert_eq!(db.last(), [format!("{a}: delete desks d2"), format!("{a}: update desks d3")]);
    let upsert = "ON CONFLICT (organization_id, id) DO UPDATE SET number = excluded.number";
    db.write(&format!("INSERT {} {upsert}", desk(&db, 9, "d3")));
    assert_eq!(db.last(), [format!("{a}: update desks d3")]);
    db.write(&format!("INSERT OR IGNORE {}; INSERT {}", desk(&db, 9, "d3"), desk(&db, 4, "d4")));
    assert_eq!(db.last(), [format!("{a}: insert desks d4")]);
}

#[test]
fn cascades_and_references_that_become_null() {
    let db = Db::of(
        Model::from_text(
            "name = \"x\"\n[tenancy]\ntenant = \"orgs\"\nkey = \"org_id\"\n\
             [tables.orgs]\npolicy = {}\ncolumns.name = { type = \"text\" }\n\
             [tables.teams]\npolicy = {}\ncolumns.name = { type = \"text\" }\n\
             [tables.jobs]\npolicy = {}\n\
             columns.team_id = { type = \"ref\", to = \"teams\", on_delete = \"cascade\" }\n\
             [tables.notes]\npolicy = {}\n\
             columns.team_id = { type = \"ref\", to = \"teams\", on_delete = \"set_null\", \
             optional = true }\n",
        )
        .unwrap(),
    );
    let [o, t, j, n] = ["o", "t", "j", "n"].map(id);
    db.write(&format!(
        "INSERT INTO orgs (id, name) VALUES ('{o}', 'O');
         INSERT INTO teams (org_id, id, name) VALUES ('{o}', '{t}', 'T');
         INSERT INTO jobs (org_id, id, team_id) VALUES ('{o}', '{j}', '{t}');
         INSERT INTO notes (org_id, id, team_id) VALUES ('{o}', '{n}', '{t}');"
    ));
    db.write("DELETE FROM teams");
    let mut last = db.last();
    last.sort();
    let scope = format!("tenant/{o}");
    assert_eq!(
        last,
        [
            format!("{scope}: delete jobs j"),
            format!("{scope}: delete teams t"),
            format!("{scope}: update notes n"),
        ]
    );
}

#[test]
fn what_was_undone_leaves_no_trace() {
    let db = Db::new();
    two_tenants(&db);
    let a = format!("tenant/{}", id("a"));
    let actor = Actor::system();
    db.act(&actor, || {
        db.run(&format!("INSERT {}", desk(&db, 1, "d1")));
        // The second row clashes: OR FAIL would keep the first.
        let both = format!(
            "INSERT OR FAIL INTO desks (organization_id, id, number)
             VALUES ('{a}', '{}', 2), ('{a}', '{}', 1)",
            id("d2"),
            id("d3"),
            a = id("a")
        );
        assert!(!db.attempt(&both));
        assert!(!db.attempt("UPDATE desks SET organization_id = 'nowhere'"));
        db.run("SAVEPOINT s");
        let mark = db.recorder.mark();
        db.run("DELETE FROM desks");
        db.run("ROLLBACK TO s; RELEASE s");
        db.recorder.cut_back(mark);
    });
    assert_eq!(db.last(), [format!("{a}: insert desks d1")]);
    let before = db.records();
    db.run("BEGIN");
    db.recorder.begin(&db.connection, &actor).unwrap();
    db.recorder.require_all(&db.connection).unwrap();
    db.run("DELETE FROM desks");
    assert!(db.recorder.has_notes());
    db.run("ROLLBACK");
    db.recorder.clear();
    assert!(!db.recorder.has_notes());
    assert_eq!(db.records(), before);
    db.write("DELETE FROM desks");
    assert_eq!(db.last(), [format!("{a}: delete desks d1")]);
}

#[test]
fn nothing_commits_without_its_record() {
    let db = Db::new();
    two_tenants(&db);
    let before = db.records();
    let error = db.connection.execute("DELETE FROM teams", []).unwrap_err();
    assert_eq!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::ConstraintViolation));
    db.run("BEGIN");
    db.run("DELETE FROM teams");
    assert!(db.connection.execute_batch("COMMIT").is_err());
    let count = "SELECT count(*) FROM teams";
    let teams: i64 = db.connection.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!((teams, db.records()), (2, before));
}

#[test]
fn a_row_of_another_tenant_is_refused() {
    let db = Db::new();
    two_tenants(&db);
    let actor = Actor::user("u").in_tenant(id("a"));
    db.act(&actor, || {
        assert!(
            db.attempt(&format!(
                "UPDATE teams SET seats = 2 WHERE organization_id = '{}'",
                id("a")
            ))
        );
        assert!(
            !db.attempt(&format!(
                "UPDATE teams SET seats = 2 WHERE organization_id = '{}'",
                id("b")
            ))
        );
        assert!(!db.attempt("UPDATE organizations SET name = 'mine'"));
        assert!(!db.attempt(&format!("DELETE FROM organizations WHERE id = '{}'", id("b"))));
        let moved = format!("UPDATE teams SET organization_id = '{}'", id("b"));
        assert!(!db.attempt(&moved));
    });
    assert_eq!(db.last(), [format!("tenant/{}: update teams t", id("a"))]);
}

#[test]
fn a_row_that_moves_to_another_tenant_leaves_one_and_enters_the_other() {
    let db = Db::new();
    two_tenants(&db);
    db.write(&format!(
        "UPDATE teams SET organization_id = '{}', id = '{}', name = 'moved' WHERE organization_id = '{}'",
        id("b"),
        id("t2"),
        id("a")
    ));
    assert_eq!(
        db.last(),
        [
            format!("tenant/{}: delete teams t", id("a")),
            format!("tenant/{}: insert teams t2", id("b")),
        ]
    );
}

#[test]
fn a_deleted_tenant_is_one_change() {
    let db = Db::new();
    two_tenants(&db);
    let (a, b) = (id("a"), id("b"));
    db.write(&format!("INSERT {}", desk(&db, 1, "d1")));
    db.write(&format!("DELETE FROM organizations WHERE id = '{a}'"));
    assert_eq!(db.last(), ["system: delete tenant organizations a"]);
    let scopes: Vec<String> = db.records().into_iter().map(|record| record.scope).collect();
    assert_eq!(scopes, [format!("tenant/{b}"), "system".to_owned()]);
    // One that comes back in the same transaction begins anew.
    let seq = db.records().last().unwrap().seq;
    db.write(&format!(
        "UPDATE teams SET seats = 3;
         REPLACE INTO organizations (id, name, slug) VALUES ('{b}', 'B2', 'b2');
         INSERT INTO desks (organization_id, id, number) VALUES ('{b}', '{}', 1);
         DELETE FROM desks",
        id("d")
    ));
    let records = db.records();
    assert!(records.iter().skip(1).all(|record| record.seq > seq));
    assert_eq!(
        db.last(),
        [
            "system: delete tenant organizations b".to_owned(),
            format!("tenant/{b}: insert organizations b"),
            format!("tenant/{b}: insert desks d"),
            format!("tenant/{b}: delete desks d"),
        ]
    );
    assert_eq!(records.iter().filter(|record| record.scope != "system").count(), 1);
    assert_eq!(records.iter().find(|record| record.scope != "system").unwrap().number, 1);
}

#[test]
fn tables_of_a_thousand_columns_are_recorded_too() {
    let mut text = "name = \"wide\"\n[tables.wide]\n".to_owned();
    for at in 0..1100 {
        text += &format!("columns.c{at} = {{ type = \"integer\", optional = true }}\n");
    }
    let db = Db::of(Model::from_text(&text).unwrap());
    db.write(&format!("INSERT INTO wide (id, c1099) VALUES ('{}', 5)", id("w")));
    let changes = db.changes(&db.records()[0]);
    let ChangeKind::Insert(row) = &changes[0].kind else { panic!("{changes:?}") };
    assert_eq!(row.last(), Some(&crate::value::SqlValue::Integer(5)));
    db.write("UPDATE wide SET c0 = 1, c1099 = 6");
    let changes = db.changes(&db.records()[1]);
    let ChangeKind::Update(update) = &changes[0].kind else { panic!("{changes:?}") };
    assert_eq!(update.changes.len(), 2);
    db.write("DELETE FROM wide");
    assert_eq!(db.last(), ["public: delete wide w"]);
}
