//! What is derived from a model for other tools: TypeScript types, JSON Schema, diagrams.
//!
//! Each generator is a pure function from the model to text; the same model gives the same text.

mod diagram;
mod json_schema;
mod typescript;

pub use diagram::diagram;
pub use json_schema::json_schema;
pub use typescript::typescript;

/// The JSON Schema of the model format itself, for editors.
pub const MODEL_FORMAT_SCHEMA: &str = include_str!("../../../docs/model.schema.json");

/// `bucket_team_access` as `BucketTeamAccess`.
fn pascal_case(name: &str) -> String {
    let capitalize = |word: &str| {
        let mut chars = word.chars();
        let first = chars.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    };
    name.split('_').map(capitalize).collect()
}
