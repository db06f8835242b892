//! Sessions on a small model.
