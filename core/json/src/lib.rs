//! JSON text of rows: written, and told from what is none.
//!
//! The file for browsers is compiled for size. This is compiled for speed, since every byte of
//! every row that is read goes through here: a crate of its own, as cargo's profiles tell crates
//! apart and no smaller things.

mod row;
mod text;
mod writer;

pub use row::{Form, Member, write_row};
pub use writer::Writer;
