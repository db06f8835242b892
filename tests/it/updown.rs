//! Histories: every migration of every model leads up, down and up again to the same schema, and
//! carcosa's keeps the rows of every version.

use std::path::{Path, PathBuf};

use freehold_core::host::FixedHost;
use freehold_core::migrate::Target;
use freehold_core::schema::{Schema, diff};
use freehold_core::{Bundle, Database};
use rusqlite::Connection;

/// A database file of which both the API and bare SQLite can be asked.
struct Store {
    bundle: Bundle,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Store {
    fn new(bundle: Bundle) -> Store {
        let folder = tempfile::tempdir().unwrap();
        Store { bundle, path: folder.path().join("a.db"), _folder: folder }
    }

    fn database(&self) -> Database {
        let host = Box::new(FixedHost::new(1_767_225_600_000, 7));
        Database::open(Connection::open(&self.path).unwrap(), self.bundle.clone(), host).unwrap()
    }

    fn bare(&self) -> Connection {
        let connection = Connection::open(&self.path).unwrap();
        connection.pragma_update(None, "foreign_keys", true).unwrap();
        connection
    }

    fn up_to(&self, version: i64) {
        self.database()
            .migrate_up(Target::Version(version), &mut |_| {})
            .unwrap_or_else(|error| panic!("{} up to {version}: {error}", self.bundle.model.name));
    }

    fn down_to(&self, version: i64) {
        self.database().migrate_down(version, &mut |_| {}).unwrap_or_else(|error| {
            panic!("{} down to {version}: {error}", self.bundle.model.name)
        });
    }

    fn schema(&self) -> Schema {
        Schema::read(&self.bare()).unwrap()
    }

    /// The rows of a query, each as its columns joined by a space; ids by their last 12 digits
    /// without the zeros, so that they are easy to read.
    fn rows(&self, sql: &str) -> Vec<String> {
        let connection = self.bare();
        let mut statement = connection.prepare(sql).unwrap();
        let width = statement.column_count();
        let row = statement.query_map([], |row| {
            let columns = (0..width).map(|at| row.get::<_, Option<String>>(at));
            let texts = columns.map(|column| Ok(short(column?.as_deref().unwrap_or("-"))));
            Ok(texts.collect::<rusqlite::Result<Vec<String>>>()?.join(" "))
        });
        row.unwrap().map(Result::unwrap).collect()
    }
}

/// `01980000-0000-7000-8000-000100000002` is the second row of the first kind: `1/2`.
fn short(text: &str) -> String {
    let Some(digits) = text.strip_prefix("01980000-0000-7000-8000-") else {
        return text.to_owned();
    };
    let (kind, number) = digits.split_at(4);
    format!("{}/{}", kind.trim_start_matches('0'), number.trim_start_matches('0'))
}

fn clinic() -> Bundle {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/clinic");
    freehold::bundle_from_dir(folder).unwrap()
}

#[test]
fn every_migration_leads_up_and_down_and_up_to_the_same_schema() {
    let builtin = Bundle::builtin_names().map(|name| Bundle::builtin(name).unwrap());
    for bundle in builtin.chain([clinic()]) {
        let store = Store::new(bundle);
        let mut before = (0, Schema::default());
        for migration in &store.bundle.migrations {
            let place = format!("{}: {}", store.bundle.model.name, migration.file_stem());
            store.up_to(migration.version);
            let after = store.schema();
            assert_ne!(after, before.1, "{place} changes nothing");
            store.down_to(before.0);
            assert_eq!(diff(&before.1, &store.schema()), [], "{place}: down");
            store.up_to(migration.version);
            assert_eq!(diff(&after, &store.schema()), [], "{place}: up again");
            before = (migration.version, after);
        }
        let expected = Schema::from_model(&store.bundle.model);
        assert_eq!(diff(&expected, &before.1), [], "{}", store.bundle.model.name);
    }
}

/// The clinic's renames, new types and rebuilt tables keep what there is a place for.
#[test]
fn the_clinics_rows_go_down_and_up_again() {
    let store = Store::new(clinic());
    let mut database = store.database();
    database.init(Some("development"), &mut |_| {}).unwrap();
    assert_eq!(database.seed("development").unwrap().inserted, 0);
    let sql = "SELECT full_name, chart_number, guardian_id FROM patients ORDER BY full_name, id";
    let patients = store.rows(sql);
    assert_eq!(patients.len(), 3);
    let visits = "SELECT id, patient_id, doctor_id, ward_id, follows_id FROM visits ORDER BY id";
    let before = store.rows(visits);
    drop(database);
    store.down_to(1);
    assert_eq!(
        store.rows(&sql.replace("full_name", "name").replace("patients", "clients")),
        patients
    );
    store.up_to(3);
    assert_eq!(store.rows(sql), patients);
    assert_eq!(store.rows(visits), before);
    let weights = "SELECT weight_kg || '' FROM patients WHERE weight_kg IS NOT NULL";
    assert_eq!(store.rows(weights), ["82.0"], "rounded on the way down");
    let mut findings = Vec::new();
    store.database().inspect(&mut |finding| findings.push(finding)).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    for set in ["staging", "production"] {
        Store::new(clinic()).database().init(Some(set), &mut |_| {}).unwrap();
    }
}

/// Scripts are portable text: the runner alone opens and ends transactions.
#[test]
fn scripts_leave_transactions_and_settings_alone() {
    for model in freehold_migrations::MODELS {
        for (file, text) in model.up.iter().chain(model.down) {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("--"));
            for word in code.flat_map(|line| line.split_whitespace().map(str::to_uppercase)) {
                let word = word.trim_end_matches(';');
                let refused = ["COMMIT", "ROLLBACK", "PRAGMA", "ATTACH", "CURRENT_TIMESTAMP"];
                assert!(!refused.contains(&word), "{}: {file} says {word}", model.name);
            }
            assert!(text.starts_with("-- "), "{}: {file} doesn't say what it does", model.name);
        }
    }
}

#[test]
fn carcosas_rows_of_every_version_arrive_at_the_newest() {
    let bundle = Bundle::builtin("carcosa").unwrap();
    let versions: Vec<i64> = bundle.migrations.iter().map(|m| m.version).collect();
    for last in 0..versions.len() {
        let store = Store::new(bundle.clone());
        for version in &versions[..=last] {
            store.up_to(*version);
            store.bare().execute_batch(&fixture(*version)).unwrap();
        }
        let newest = versions[versions.len() - 1];
        store.up_to(newest);
        check_owners_became_organizations(&store);
        if last >= 2 {
            check_teams_got_buckets(&store);
        }
        if last >= 3 {
            check_sharing(&store);
        }
        let database = store.database();
        assert!(database.drift().unwrap().differences.is_empty());
        let mut findings = Vec::new();
        database.inspect(&mut |finding| findings.push(finding)).unwrap();
        assert!(findings.is_empty(), "{last}: {findings:?}");
        drop(database);

        store.down_to(versions[0]);
        check_owners_own_again(&store, last);
        store.up_to(newest);
        check_owners_became_organizations(&store);
    }
}

fn fixture(version: i64) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/carcosa_history");
    std::fs::read_to_string(folder.join(format!("{version}.sql"))).unwrap()
}

/// The people of the first version: Ada (1), Ben (2), Cleo (3) and Eve (5) own something, Dan (4)
/// does not.
fn check_owners_became_organizations(store: &Store) {
    let own = "organization_id IN (SELECT id FROM users)";
    let sql = "SELECT id, slug, owner_id, created_at, updated_at FROM organizations
               WHERE id = owner_id ORDER BY id";
    let expected = [1, 2, 3, 5].map(|n| {
        let day = 10 + n;
        format!(
            "1/{n} org-01980000-0000-7000-8000-00010000000{n} 1/{n} \
             2025-08-{day}T10:00:00.000Z 2025-08-{day}T11:00:00.000Z"
        )
    });
    assert_eq!(store.rows(sql), expected);
    let sql = "SELECT m.id, m.user_id, m.role, t.id, t.slug, tm.id, tm.user_id, t.created_at
               FROM organization_members m
               JOIN teams t ON t.organization_id = m.organization_id
               JOIN team_members tm ON tm.organization_id = t.organization_id AND tm.team_id = t.id
               WHERE m.organization_id IN (SELECT id FROM users) ORDER BY m.id";
    let expected = [1, 2, 3, 5].map(|n| {
        let created = format!("2025-08-{}T10:00:00.000Z", 10 + n);
        format!("1/{n} 1/{n} OWNER 1/{n} default 1/{n} 1/{n} {created}")
    });
    assert_eq!(store.rows(sql), expected);
    let first = |columns: &str, table: &str| {
        let sql = format!(
            "SELECT {columns} FROM {table} WHERE {own} AND id < '01980000-0000-7000-8000-' ||
             substr(id, 25, 4) || '00000010' ORDER BY id"
        );
        store.rows(&sql)
    };
    let projects = first("id, organization_id, team_id, bucket_id, slug", "projects");
    assert_eq!(projects, ["3/1 1/1 1/1 2/1 site", "3/2 1/1 1/1 2/1 shop", "3/3 1/3 1/3 - site"]);
    let buckets = first("id, organization_id, owner_team_id, bucket_name", "buckets");
    assert_eq!(
        buckets,
        ["2/1 1/1 1/1 ada-pictures", "2/2 1/1 1/1 ada-archive", "2/3 1/2 1/2 ada-pictures"]
    );
    assert_eq!(
        first("id, organization_id, upload_id, tenant_id, path, metadata", "files"),
        [
            "4/1 1/1 5/1 7/1 img/a.png {\"w\":10}",
            "4/2 1/1 - - img/a.png {}",
            "4/3 1/3 - 7/3 c.txt {}"
        ]
    );
    assert_eq!(first("id, organization_id, user_id", "uploads"), ["5/1 1/1 1/1", "5/2 1/3 -"]);
    assert_eq!(first("id, organization_id", "transforms"), ["6/1 1/1", "6/2 1/3"]);
    assert_eq!(first("id, organization_id", "tenants"), ["7/1 1/1", "7/2 1/1", "7/3 1/3"]);
    assert_eq!(
        first("id, organization_id, user_id, key_hash", "api_keys"),
        ["8/1 1/1 1/1 hash-1", "8/2 1/1 1/4 hash-2", "8/3 1/3 - hash-3"]
    );
    let sql = "SELECT count(*) || '' FROM api_keys WHERE json_array_length(permissions) = 10
               AND id < '01980000-0000-7000-8000-000800000010'";
    assert_eq!(store.rows(sql), ["3"], "keys that were there keep what they could do");
    assert_eq!(
        first("id, organization_id, user_id, team_id, project_id", "audit_logs"),
        ["9/1 1/1 1/1 1/1 3/1", "9/2 1/1 1/1 - -", "9/3 1/5 1/5 - -", "9/4 1/1 1/4 1/1 3/1"]
    );
}

/// Acme (10/1) came with two teams (12/1 and 12/2), Umbrella (10/2) with a bucket and no team.
fn check_teams_got_buckets(store: &Store) {
    let sql = "SELECT id, organization_id, owner_team_id FROM buckets
               WHERE id BETWEEN '01980000-0000-7000-8000-000200000021'
               AND '01980000-0000-7000-8000-000200000029' ORDER BY id";
    assert_eq!(store.rows(sql), ["2/21 10/1 12/2", "2/22 10/1 12/1", "2/23 10/2 10/2"]);
    let sql = "SELECT id, slug FROM teams WHERE organization_id LIKE '%-001000000002'";
    assert_eq!(store.rows(sql), ["10/2 default"]);
    let sql = "SELECT bucket_id, team_id, access_level, granted_by_id FROM bucket_team_access
               WHERE bucket_id LIKE '%-000200000021'";
    assert_eq!(store.rows(sql), ["2/21 12/1 READ_WRITE 1/1"], "the other team keeps working");
}

fn check_sharing(store: &Store) {
    let sql = "SELECT id, bucket_id, team_id, access_level FROM bucket_team_access
               WHERE bucket_id LIKE '%-000200000032'";
    assert_eq!(store.rows(sql), ["3/31 2/32 12/1 READ_WRITE"]);
}

/// Back at the first version, what organizations had is their owners'.
fn check_owners_own_again(store: &Store, last: usize) {
    let projects = store.rows("SELECT id, owner_id, bucket_id FROM projects ORDER BY id");
    let mut expected = vec!["3/1 1/1 2/1", "3/2 1/1 2/1", "3/3 1/3 -"];
    if last >= 2 {
        // The organization's bucket of the same name is the one that Ada has already.
        expected.extend(["3/21 1/1 2/21", "3/22 1/1 2/21", "3/23 1/1 2/1"]);
    }
    if last >= 3 {
        expected.push("3/31 1/1 2/31");
    }
    assert_eq!(projects, expected);
    let buckets = store.rows("SELECT id, owner_id FROM buckets ORDER BY id");
    let mut expected = vec!["2/1 1/1", "2/2 1/1", "2/3 1/2"];
    if last >= 2 {
        expected.extend(["2/21 1/1", "2/23 1/2"]);
    }
    if last >= 3 {
        expected.push("2/31 1/1");
    }
    assert_eq!(buckets, expected);
    if last >= 5 {
        let sql = "SELECT id, user_id FROM api_keys WHERE id LIKE '%4_' ORDER BY id";
        assert_eq!(store.rows(sql), ["8/41 1/1", "8/42 -"]);
    }
    if last >= 2 {
        let sql = "SELECT id, user_id FROM audit_logs WHERE id LIKE '%2_' ORDER BY id";
        assert_eq!(store.rows(sql), ["9/21 1/1", "9/22 1/4"]);
    }
    assert_eq!(store.rows("SELECT count(*) || '' FROM users"), ["5"]);
}
