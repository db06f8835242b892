//! Migrations: how a database gets from one version of its schema to another, and back.
//!
//! refinery keeps the history and decides what is pending; what it lacks is here: one transaction
//! for a whole run with the checks before its COMMIT, the failing migration by name and line, down
//! scripts kept in the database, drift, adoption of a pushed schema, and backups.
//!
//! Every run holds to this: foreign keys are off while it runs and checked before the COMMIT, the
//! live schema equals the expected one before the COMMIT, and whatever fails leaves the file as it
//! was.

mod adopt;
mod backup;
mod create;
mod down;
mod drift;
mod guard;
mod history;
mod pull;
mod pull_column;
mod pull_rules;
mod push;
mod runner;
mod status;
mod transaction;
mod up;
mod verify;

pub use backup::{BackupStore, has_rows};
pub use create::{NewMigration, create};
pub use down::{DownOptions, down};
pub use drift::{Drift, drift, expected_schema};
pub use history::{Meta, Stored};
pub use pull::{Pulled, pull};
pub(crate) use push::clear;
pub use push::push;
pub use status::{Entry, State, Status, status};
pub use up::{Progress, Run, Target, UpOptions, up};
pub use verify::{Verified, verify};

pub(crate) use history::{read_meta, write_meta};
pub(crate) use status::current_version;
