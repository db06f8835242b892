//! The arguments of commands about the history of a schema.

use std::path::PathBuf;

use clap::Subcommand;

use super::ModelArg;

/// The commands below `migrate`.
#[derive(Debug, Subcommand)]
pub enum Migrate {
    /// Apply pending migrations, all or none
    #[command(after_help = "\
Examples:
  freehold --db work.db migrate up
  freehold --db work.db migrate up --to 20250801120000")]
    Up {
        /// Stop at this version
        #[arg(long, value_name = "VERSION", conflicts_with = "steps")]
        to: Option<i64>,
        /// Apply this many
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        steps: Option<u32>,
        #[command(flatten)]
        model: ModelArg,
    },
    /// Undo migrations, all or none; the newest one unless told otherwise
    #[command(after_help = "\
Examples:
  freehold --db work.db migrate down
  freehold --db work.db migrate down --to 0

--to 0 undoes everything. A backup is made beside the file first.")]
    Down {
        /// Go back to this version
        #[arg(long, value_name = "VERSION", conflicts_with = "steps")]
        to: Option<i64>,
        /// Undo this many
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        steps: Option<u32>,
        #[command(flatten)]
        model: ModelArg,
    },
    /// Show every migration and where the database stands
    #[command(after_help = "Example:\n  freehold --db work.db migrate status")]
    Status {
        #[command(flatten)]
        model: ModelArg,
    },
    /// Compare the live schema with the expected one; exit code 1 if they differ
    #[command(after_help = "\
Example:
  freehold --db work.db migrate diff

Also prints the SQL that mends the difference.")]
    Diff {
        #[command(flatten)]
        model: ModelArg,
    },
    /// Prove in memory that the migrations lead to the model, and back; exit code 1 if they don't
    #[command(after_help = "Example:\n  freehold migrate verify --model ./notes")]
    Verify {
        #[command(flatten)]
        model: ModelArg,
    },
    /// Make the live schema equal to the model without a migration; for development only
    #[command(after_help = "\
Example:
  freehold --db notes.db migrate push --model ./notes

For development only: nobody else's database follows. `migrate new` writes the migration that does;
a later `migrate up` then takes the pushed schema as it is.")]
    Push {
        /// Go on where rows or values would be lost
        #[arg(long)]
        allow_data_loss: bool,
        #[command(flatten)]
        model: ModelArg,
    },
    /// Write down the model of a live file, as TOML
    #[command(after_help = "Example:\n  freehold --db old.db migrate pull --out model.toml")]
    Pull {
        /// Write to this file instead
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Write the migration that leads from a model's history to the model, into its folder
    #[command(after_help = "\
Example:
  freehold migrate new add_tags --model ./notes

Writes up/V<time>__add_tags.sql and down/V<time>__add_tags.sql, and says what they change.")]
    New {
        /// The migration's name: letters, digits and underscores
        name: String,
        /// The model's folder
        #[arg(long, value_name = "PATH")]
        model: String,
        /// Go on where rows or values would be lost
        #[arg(long)]
        allow_data_loss: bool,
    },
}
