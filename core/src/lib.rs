//! The portable core of Freehold.

pub mod error;
pub mod generate;
pub mod host;
pub mod model;
pub mod owner;
pub mod query;
pub mod schema;
pub mod seed;
pub mod sql;
#[cfg(test)]
mod testing;
pub mod validate;
pub mod value;

pub use error::{Error, Issue, Problem, Result};
pub use model::Model;
