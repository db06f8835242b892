//! Freehold for desktop apps, servers and tests: the core of [`freehold_core`], on files and in
//! memory.
//!
//! This crate supplies what the core needs from a native world and decides nothing itself: an open
//! SQLite connection ([`open`]), a clock and random bytes ([`SystemHost`]), a place for backups
//! ([`FileBackups`]), and models from disk ([`resolve_model`]). Everything of the core is
//! re-exported, so that an app needs this crate alone.
//!
//! # Example
//!
//! ```
//! use freehold::{Access, Bundle, OpenOptions};
//!
//! # let folder = std::env::temp_dir().join(format!("freehold-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! let file = folder.join("work.db");
//! let options = OpenOptions { access: Access::Create, ..OpenOptions::default() };
//! let mut database = freehold::open(&file, Bundle::builtin("workflow")?, options)?;
//! database.init(Some("development"), &mut |_| {})?;
//! assert_eq!(database.owner()?.count("users", None)?, 2);
//! database.close()?;
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod backups;
mod header;
mod open;
mod source;
mod system;
pub mod testing;

pub use backups::FileBackups;
pub use freehold_core::*;
pub use open::{Access, OpenOptions, Synchronous, model_in, open, open_in_memory, pull_file};
pub use source::{Place, Source, bundle_from_dir, resolve_model, write_migration};
pub use system::SystemHost;

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
