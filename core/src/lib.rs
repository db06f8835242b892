//! The portable core of Freehold: the model, migrations, seeds, validation, reads and writes of a
//! multi-tenant app, over one SQLite connection, a clock and random bytes that a host hands in.
//!
//! A [`Bundle`] is a model with its migrations and seed sets; a [`Database`] is an open connection
//! that follows one.
//!
//! # Example
//!
//! ```
//! use freehold_core::{Bundle, Database, ListOptions, host::FixedHost};
//!
//! let connection = rusqlite::Connection::open_in_memory()?;
//! let host = Box::new(FixedHost::new(1_750_000_000_000, 1));
//! let mut database = Database::open(connection, Bundle::builtin("workflow")?, host)?;
//! database.init(Some("development"), &mut |_| {})?;
//! let options = ListOptions { order: vec!["email".into()], ..ListOptions::default() };
//! let page = database.owner()?.list("users", &options)?;
//! assert_eq!(page.rows[0]["email"], "admin@example.com");
//! # Ok::<(), freehold_core::Error>(())
//! ```

pub mod account;
pub mod actor;
pub mod audit;
pub mod bundle;
pub mod call;
mod capture;
pub mod crypto;
pub mod database;
pub mod error;
mod gateway;
pub mod generate;
mod history;
pub mod host;
pub mod inspect;
mod internal;
pub mod keyring;
pub mod migrate;
pub mod model;
pub mod owner;
mod policy;
pub mod query;
pub mod schema;
pub mod seed;
pub mod session;
pub mod sql;
#[cfg(test)]
mod testing;
pub mod validate;
pub mod value;

pub use actor::{Actor, Origin, Principal};
pub use bundle::{Bundle, BundleFiles, Migration};
pub use database::{Database, Initialized, ModelInfo, model_of};
pub use error::{Error, Issue, Problem, Result};
pub use model::Model;
pub use owner::Owner;
pub use query::{ListOptions, Page};
pub use session::Session;
