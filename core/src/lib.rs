//! The portable core of Freehold.

pub mod error;
pub mod generate;
pub mod host;
pub mod model;

pub use error::{Error, Issue, Problem, Result};
pub use model::Model;
