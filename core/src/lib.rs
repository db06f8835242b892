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

// What only readers of a database ask of the lower modules.
#![cfg_attr(not(feature = "database"), allow(dead_code, unused_imports))]

#[cfg(feature = "database")]
pub mod account;
pub mod actor;
#[cfg(feature = "database")]
pub mod audit;
#[cfg(feature = "database")]
pub mod bundle;
#[cfg(feature = "database")]
pub mod call;
#[cfg(feature = "database")]
mod capture;
#[cfg(feature = "database")]
pub mod crypto;
#[cfg(feature = "database")]
pub mod database;
pub mod error;
#[cfg(feature = "database")]
mod gateway;
#[cfg(feature = "database")]
pub mod generate;
#[cfg(feature = "database")]
mod history;
pub mod host;
#[cfg(feature = "database")]
pub mod inspect;
#[cfg(feature = "database")]
mod internal;
#[cfg(feature = "database")]
pub mod keyring;
#[cfg(feature = "database")]
pub mod migrate;
pub mod model;
#[cfg(feature = "database")]
pub mod owner;
#[cfg(feature = "database")]
mod policy;
#[cfg(feature = "database")]
pub mod query;
#[cfg(feature = "database")]
pub mod schema;
#[cfg(feature = "database")]
pub mod seed;
#[cfg(feature = "database")]
pub mod session;
#[cfg(feature = "database")]
pub mod sql;
#[cfg(test)]
mod testing;
pub mod validate;
pub mod value;

pub use actor::{Actor, Origin, Principal};
#[cfg(feature = "database")]
pub use bundle::{Bundle, BundleFiles, Migration};
#[cfg(feature = "database")]
pub use database::{Database, Initialized, ModelInfo, model_of};
pub use error::{Error, Issue, Problem, Result};
pub use model::Model;
#[cfg(feature = "database")]
pub use owner::Owner;
#[cfg(feature = "database")]
pub use query::{ListOptions, Page};
#[cfg(feature = "database")]
pub use session::Session;
