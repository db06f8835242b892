//! Starting a database, migrating it, and cloning it for tests.

use std::path::Path;
use std::time::Duration;

use freehold::{Access, Bundle, BundleFiles, OpenOptions, Synchronous};
use freehold_core::host::FixedHost;
use freehold_core::{Database, migrate};
use freehold_tests::measure::{Line, interleaved, median, time};
use rusqlite::Connection;

pub fn lines() -> Vec<Line> {
    let folder = tempfile::tempdir().unwrap();
    vec![init(folder.path()), clone_of("carcosa"), fifty_migrations()]
}

fn init(folder: &Path) -> Line {
    let mut round = 0;
    let took = (0..15).map(|_| {
        round += 1;
        let path = folder.join(format!("{round}.db"));
        time(|| {
            let options = OpenOptions {
                access: Access::Create,
                synchronous: Synchronous::Off,
                ..OpenOptions::default()
            };
            let mut database =
                freehold::open(&path, Bundle::builtin("carcosa").unwrap(), options).unwrap();
            database.init(Some("development"), &mut |_| {}).unwrap();
        })
    });
    let what = "init --seed development of carcosa, new file, sync off";
    Line::time(what, median(took.collect()), Duration::from_millis(50))
}

fn clone_of(model: &str) -> Line {
    freehold::testing::database(model, "development");
    let took = (0..201).map(|_| time(|| freehold::testing::database(model, "development")));
    let what = "a fresh, migrated and seeded database in memory";
    Line::time(what, median(took.collect()), Duration::from_millis(1))
}

/// A bundle of as many generated migrations, each adding a table like those of real models.
pub fn generated_bundle(count: usize) -> Bundle {
    let mut files = BundleFiles { model: String::from("name = \"many\"\n"), ..Default::default() };
    let host = FixedHost::new(1_750_000_000_000, 1);
    for at in 0..count {
        files.model += &format!(
            "[tables.things_{at}]\n\
             doc = \"One row is one thing.\"\n\
             columns.id = {{ type = \"uuid\", auto = \"id\" }}\n\
             columns.name = {{ type = \"text\", min = 1, max = 120 }}\n\
             columns.slug = {{ type = \"text\", max = 63, format = \"slug\" }}\n\
             columns.amount = {{ type = \"integer\", min = 0, default = 0 }}\n\
             columns.is_active = {{ type = \"boolean\", default = true }}\n\
             columns.settings = {{ type = \"json\", shape = \"object\", default = {{}} }}\n\
             columns.created_at = {{ type = \"timestamp\", auto = \"created\" }}\n\
             columns.updated_at = {{ type = \"timestamp\", auto = \"updated\" }}\n\
             unique = [[\"slug\"]]\n\
             indexes = [[\"name\"], [\"is_active\", \"created_at\"]]\n"
        );
        if at == 0 {
            let first = Bundle::from_model_text(&files.model).unwrap();
            files.up.insert("V1__init.sql".into(), first.migrations[0].up.text().to_owned());
            files.down.insert("V1__init.sql".into(), "DROP TABLE things_0;".into());
            continue;
        }
        let bundle = Bundle::from_files(&files).unwrap();
        let new = migrate::create(&bundle, &format!("step_{at}"), false, &host).unwrap();
        let file = format!("V{}__step_{at}.sql", at + 1);
        files.up.insert(file.clone(), new.up);
        files.down.insert(file, new.down);
    }
    Bundle::from_files(&files).unwrap()
}

fn fifty_migrations() -> Line {
    let bundle = generated_bundle(50);
    let scripts: Vec<String> =
        bundle.migrations.iter().map(|migration| migration.up.text().to_owned()).collect();
    let ours = || {
        let connection = Connection::open_in_memory().unwrap();
        let host = Box::new(FixedHost::new(0, 1));
        let mut database = Database::open(connection, bundle.clone(), host).unwrap();
        time(|| database.migrate_up(migrate::Target::Latest, &mut |_| {}).unwrap())
    };
    let bare = || {
        let connection = Connection::open_in_memory().unwrap();
        time(|| {
            connection.execute_batch("BEGIN").unwrap();
            for script in &scripts {
                connection.execute_batch(script).unwrap();
            }
            connection.execute_batch("COMMIT").unwrap();
        })
    };
    let (ours, bare) = interleaved(21, ours, bare);
    Line::ratio("up of 50 generated migrations / the same SQL, bare", ours, bare, 1.3)
}
