//! The built-in models: what each one is (`model.toml`), how its schema came about (`up` and
//! `down`) and what a database starts with (`seeds`).
//!
//! Data only: nothing here reads or checks it. A feature per model, all on by default, decides
//! which are part of a build.
//!
//! ```
//! let model = freehold_migrations::MODELS.iter().find(|model| model.name == "carcosa").unwrap();
//! assert!(model.model.starts_with("name = \"carcosa\""));
//! assert_eq!(model.up.len(), model.down.len());
//! ```

/// The files of one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelFiles {
    /// The model's name, which is also its folder's.
    pub name: &'static str,
    /// The text of `model.toml`.
    pub model: &'static str,
    /// File name and text of every `up/V<version>__<name>.sql`, sorted by file name, not by
    /// version.
    pub up: &'static [(&'static str, &'static str)],
    /// File name and text of every `down/V<version>__<name>.sql`, sorted by file name.
    pub down: &'static [(&'static str, &'static str)],
    /// Name and text of every `seeds/<set>.toml`, sorted by name.
    pub seeds: &'static [(&'static str, &'static str)],
}

/// The names of all built-in models, sorted, whether or not they are part of this build.
pub static NAMES: &[&str] = include!(concat!(env!("OUT_DIR"), "/names.rs"));

/// The models of this build, sorted by name.
pub static MODELS: &[ModelFiles] = include!(concat!(env!("OUT_DIR"), "/models.rs"));
