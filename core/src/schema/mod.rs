//! The physical schema: what a model calls for, what a database has, and the way between.
//!
//! - [`Schema::from_model`] says which tables a model calls for; [`Schema::read`] which ones a
//!   database has. Both are the same type, so [`diff`] can compare them.
//! - [`Schema::create_sql`] writes a schema down; [`plan`] writes the way from one to another.

mod cursor;
mod ddl;
mod diff;
mod fragment;
mod from_model;
mod live;
mod named;
mod names;
mod parse;
mod plan;
mod rules;
#[cfg(test)]
mod tests;
mod types;

pub use diff::{Difference, Place, diff};
pub use fragment::Fragment;
pub use named::Named;
pub use plan::{Effect, EffectKind, Plan, Renames, plan};
pub(crate) use rules::storage_type;
pub use types::*;
