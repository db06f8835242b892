//! Databases for tests: real, migrated and seeded, in memory, each its own.
//!
//! The first database of a model and seed set takes the whole way and leaves an image; every
//! further one is a copy of that image, which takes a fraction of a millisecond. Copies share
//! nothing, so that tests may run in parallel and write what they like.
//!
//! SQLite is C: where the speed of tests matters, have cargo optimise it in their builds too, with
//! `[profile.dev.package.libsqlite3-sys] opt-level = 2`.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};

use freehold_core::{Bundle, Database, Result};
use rusqlite::{Connection, MAIN_DB};

use crate::open::open_in_memory;
use crate::system::SystemHost;

/// A migrated and seeded database to copy from.
///
/// # Example
///
/// ```
/// use freehold::{Bundle, testing::Template};
///
/// let template = Template::new(Bundle::builtin("workflow")?, Some("development"))?;
/// let (one, other) = (template.database()?, template.database()?);
/// one.owner()?.sql("DELETE FROM execution_logs", &[])?;
/// assert_eq!(one.owner()?.count("users", None)?, other.owner()?.count("users", None)?);
/// # Ok::<(), freehold::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Template {
    bundle: Arc<Bundle>,
    image: Arc<[u8]>,
}

impl Template {
    /// Migrates a database in memory to the newest version, and seeds a set.
    ///
    /// # Errors
    ///
    /// - those of [`Database::init`].
    pub fn new(bundle: impl Into<Arc<Bundle>>, set: Option<&str>) -> Result<Template> {
        let bundle = bundle.into();
        let mut database = open_in_memory(bundle.clone())?;
        database.init(set, &mut |_| {})?;
        Ok(Template { bundle, image: database.export()?.into() })
    }

    /// A new database with the template's content. It shares nothing with others.
    ///
    /// # Errors
    ///
    /// - `too_large`: there is no memory for it.
    pub fn database(&self) -> Result<Database> {
        let mut connection = Connection::open_in_memory()?;
        let image = Cursor::new(&self.image);
        connection.deserialize_read_exact(MAIN_DB, image, self.image.len(), false)?;
        Database::open(connection, self.bundle.clone(), Box::new(SystemHost))
    }
}

/// A fresh database in memory with a built-in model and one of its seed sets. The first call for
/// the two makes a [`Template`], which lasts as long as the process.
///
/// # Panics
///
/// Where there is no such model or set: a test that asks for one is wrong. [`Template`] returns
/// its errors.
///
/// # Example
///
/// ```
/// let database = freehold::testing::database("workflow", "development");
/// assert_eq!(database.owner()?.count("users", None)?, 2);
/// # Ok::<(), freehold::Error>(())
/// ```
#[track_caller]
pub fn database(model: &str, set: &str) -> Database {
    let made = template(model, set).and_then(|template| template.database());
    made.unwrap_or_else(|error| panic!("no test database of `{model}` with `{set}`: {error}"))
}

fn template(model: &str, set: &str) -> Result<Template> {
    static TEMPLATES: Mutex<Option<HashMap<(String, String), Template>>> = Mutex::new(None);
    // A panic elsewhere leaves the map whole: a template enters it finished.
    let mut templates = TEMPLATES.lock().unwrap_or_else(PoisonError::into_inner);
    let templates = templates.get_or_insert_with(HashMap::new);
    let key = (model.to_owned(), set.to_owned());
    if let Some(template) = templates.get(&key) {
        return Ok(template.clone());
    }
    let template = Template::new(Bundle::builtin(model)?, Some(set))?;
    templates.insert(key, template.clone());
    Ok(template)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_made_in_parallel_and_share_nothing() {
        let work = |thread: usize| {
            let database = database("workflow", "development");
            let owner = database.owner().unwrap();
            let users = owner.count("users", None).unwrap();
            owner.sql("DELETE FROM users", &[]).unwrap();
            (thread, users, owner.count("users", None).unwrap())
        };
        let threads: Vec<_> = (0..8).map(|at| std::thread::spawn(move || work(at))).collect();
        for (at, thread) in threads.into_iter().enumerate() {
            assert_eq!(thread.join().unwrap(), (at, 2, 0));
        }
        let fresh = database("workflow", "development");
        assert_eq!(fresh.owner().unwrap().count("users", None).unwrap(), 2);
    }

    #[test]
    fn a_database_may_move_to_another_thread() {
        let database = database("workflow", "production");
        let drift = std::thread::spawn(move || database.drift().unwrap().differences);
        assert_eq!(drift.join().unwrap(), Vec::<String>::new());
    }

    #[test]
    #[should_panic(expected = "no test database of `workflow` with `summer`")]
    fn a_wrong_set_is_named() {
        database("workflow", "summer");
    }
}
