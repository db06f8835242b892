//! The arguments: every command, flag and example that `--help` shows.

mod migrate;
mod people;
mod trail;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use migrate::Migrate;
pub use people::{Api, Password, PersonArg, RowArg, Secret, Tenant, WhoArg};
pub use trail::{AuditArg, RollbackArg, VersionsArg};

const ABOUT: &str = "Make, migrate, seed, check and query Freehold databases";

const EXAMPLES: &str = "\
Examples:
  freehold models
  freehold --db work.db init --model workflow --seed development
  freehold --db work.db sql --owner 'SELECT email FROM users'
  freehold --db work.db sql --as admin@example.com 'SELECT name FROM workflows'
  freehold --db work.db doctor --json

Encrypted columns are opened with the master key, which is in the environment variable FREEHOLD_KEY
(base64: and 32 bytes) or in the file of --key-file; without it they read as locked.

Exit codes: 0 done, 1 a check found something, 2 usage, 3 refused.
Errors go to stderr with their code; with --json as {\"error\": {\"code\", \"message\", …}}.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "freehold", version, about = ABOUT, after_help = EXAMPLES)]
pub struct Cli {
    /// The database file
    #[arg(long, global = true, env = "FREEHOLD_DB", value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Answer with one JSON document instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// How long to wait for another process that holds the file, in milliseconds
    #[arg(long, global = true, value_name = "MS", default_value_t = 5_000)]
    pub lock_timeout: u32,
    /// The file with the master key, instead of FREEHOLD_KEY
    #[arg(long, global = true, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the built-in models, or show one in detail
    #[command(after_help = "Example:\n  freehold models carcosa")]
    Models {
        /// The model to show
        name: Option<String>,
    },
    /// Make a database; on an existing file, complete what is missing
    #[command(after_help = "\
Examples:
  freehold --db work.db init --model workflow --seed development
  freehold --db notes.db init --model ./notes

Without --seed no rows are written. On an existing file --model may be left out.")]
    Init {
        #[command(flatten)]
        model: ModelArg,
        /// The seed set to begin with
        #[arg(long, value_name = "SET|none", default_value = "none")]
        seed: String,
    },
    /// Move a database through its schema's history, or compare the two
    #[command(after_help = "\
Examples:
  freehold --db work.db migrate status
  freehold --db work.db migrate up
  freehold migrate new add_tags --model ./notes")]
    Migrate {
        /// What to do.
        #[command(subcommand)]
        command: Migrate,
    },
    /// Write the rows of a seed set; rows that are there already stay as they are
    #[command(after_help = "Example:\n  freehold --db work.db seed development")]
    Seed {
        /// The seed set
        #[arg(value_name = "SET", default_value = "development")]
        set: String,
        #[command(flatten)]
        model: ModelArg,
    },
    /// Remove everything and begin anew
    #[command(after_help = "\
Example:
  freehold --db work.db reset --yes --seed development

A backup is made beside the file first.")]
    Reset {
        /// Yes, remove everything
        #[arg(long)]
        yes: bool,
        /// The seed set to begin with
        #[arg(long, value_name = "SET|none", default_value = "none")]
        seed: String,
        #[command(flatten)]
        model: ModelArg,
    },
    /// Look for orphans, broken rules, damage and drift: a line each, exit code 1 if there are any
    #[command(after_help = "Example:\n  freehold --db work.db validate")]
    Validate {
        #[command(flatten)]
        model: ModelArg,
    },
    /// Run one SQL statement
    #[command(after_help = "\
Examples:
  freehold --db work.db sql --owner 'SELECT id, email FROM users'
  freehold --db work.db sql --owner 'SELECT * FROM users WHERE email = ?' --param alice@example.com
  freehold --db work.db sql --as admin@example.com 'SELECT name, status FROM workflows'

A parameter is a number, true, false, null or a \"quoted text\" as in JSON, and a text otherwise:
--param 5 is a number, --param '\"5\"' a text. A text that could be mistaken for NULL is shown in
quotes, long ones are cut; --json shows all as they are.")]
    Sql {
        #[command(flatten)]
        who: WhoArg,
        /// The statement, with ? for parameters
        #[arg(value_name = "SQL")]
        sql: String,
        /// The next parameter's value
        #[arg(long = "param", value_name = "VALUE", allow_hyphen_values = true)]
        params: Vec<String>,
        #[command(flatten)]
        model: ModelArg,
    },
    /// Insert a row, or a list of rows, all or none; prints it as stored
    #[command(after_help = "\
Examples:
  freehold --db work.db insert workflows --as admin@example.com '{\"name\": \"Nightly\", …}'
  freehold --db work.db insert workflows --as admin@example.com < rows.json

A list of rows answers with their keys.")]
    Insert {
        /// The table
        table: String,
        #[command(flatten)]
        row: RowArg,
        #[command(flatten)]
        who: WhoArg,
        #[command(flatten)]
        model: ModelArg,
    },
    /// Change columns of a row; prints the row as it is then
    #[command(after_help = "\
Example:
  freehold --db work.db update workflows 0198… --as admin@example.com '{\"status\": \"ACTIVE\"}'")]
    Update {
        /// The table
        table: String,
        /// The row's key: its id, or a JSON object of the primary key's columns
        key: String,
        #[command(flatten)]
        row: RowArg,
        #[command(flatten)]
        who: WhoArg,
        #[command(flatten)]
        model: ModelArg,
    },
    /// Delete a row, or hide it where the table deletes softly; exit code 1 if there was none
    #[command(after_help = "\
Example:
  freehold --db work.db delete workflows 0198… --as admin@example.com")]
    Delete {
        /// The table
        table: String,
        /// The row's key: its id, or a JSON object of the primary key's columns
        key: String,
        #[command(flatten)]
        who: WhoArg,
        #[command(flatten)]
        model: ModelArg,
    },
    /// Bring back a row that was softly deleted; prints it
    #[command(after_help = "\
Example:
  freehold --db work.db restore workflows 0198… --as admin@example.com")]
    Restore {
        /// The table
        table: String,
        /// The row's key: its id, or a JSON object of the primary key's columns
        key: String,
        #[command(flatten)]
        who: WhoArg,
        #[command(flatten)]
        model: ModelArg,
    },
    /// List the versions of a row, or compare two
    #[command(after_help = "\
Examples:
  freehold --db work.db history workflows 0198… --as admin@example.com
  freehold --db work.db history workflows 0198… --from 1 --to 3 --as admin@example.com")]
    History {
        #[command(flatten)]
        versions: VersionsArg,
        #[command(flatten)]
        who: WhoArg,
        #[command(flatten)]
        model: ModelArg,
    },
    /// Make a row what a version of it says: a new version; prints the row
    #[command(after_help = "\
Example:
  freehold --db work.db rollback workflows 0198… --to 1 --as admin@example.com")]
    Rollback {
        #[command(flatten)]
        versions: RollbackArg,
        #[command(flatten)]
        who: WhoArg,
        #[command(flatten)]
        model: ModelArg,
    },
    /// Remove for good what was softly deleted long ago, of all tenants
    #[command(after_help = "Example:\n  freehold --db app.db purge --days 30 --yes")]
    Purge {
        /// Deleted at least so many days ago
        #[arg(long, value_name = "N")]
        days: u32,
        /// Yes, for good
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        model: ModelArg,
    },
    /// Show who changed what, newest first, or verify that nobody changed the trail itself
    #[command(after_help = "\
Examples:
  freehold --db work.db audit --table workflows --limit 20
  freehold --db work.db audit --verify

For whoever holds the file: entries of all tenants, and of rows that belong to none. People read
their tenant's in the model's own audit table, as its policy lets them.")]
    Audit {
        #[command(flatten)]
        query: AuditArg,
        #[command(flatten)]
        model: ModelArg,
    },
    /// Look for what `validate` looks for, and for ways around policies; exit code 1 if any
    #[command(after_help = "\
Example:
  freehold --db work.db doctor

Tables without a policy, references across tenants, ciphertexts that don't open and an audit trail
that was tampered with are findings too. Ciphertexts are opened where the master key is at hand.")]
    Doctor {
        #[command(flatten)]
        model: ModelArg,
    },
    /// Make, list, revoke and verify API keys
    #[command(after_help = "\
Example:
  freehold --db app.db key create --as admin@example.com '{\"name\": \"Upload\"}'")]
    Key {
        /// What to do.
        #[command(subcommand)]
        command: Api,
    },
    /// Set or verify somebody's password
    #[command(after_help = "Example:\n  freehold --db work.db password set alice@example.com")]
    Password {
        /// What to do.
        #[command(subcommand)]
        command: Password,
    },
    /// Make a master key, and rotate keys
    #[command(after_help = "Example:\n  freehold secret new > master.key")]
    Secret {
        /// What to do.
        #[command(subcommand)]
        command: Secret,
    },
    /// Make a tenant's encrypted values unreadable for good
    #[command(after_help = "Example:\n  freehold --db app.db tenant shred acme --yes")]
    Tenant {
        /// What to do.
        #[command(subcommand)]
        command: Tenant,
    },
    /// Print what is derived from a model for other tools
    #[command(after_help = "\
Examples:
  freehold generate ts --model carcosa > carcosa.ts
  freehold generate diagram --model ./notes
  freehold generate json-schema > model.schema.json

Without --model, json-schema describes the model format itself, for editors, and the others take
the model of --db.")]
    Generate {
        /// TypeScript types, JSON Schema, or a Mermaid diagram of the tables
        what: Generated,
        #[command(flatten)]
        model: ModelArg,
        /// Write to this file instead
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// The model to follow.
#[derive(Debug, Args)]
pub struct ModelArg {
    /// A built-in model, or the path of a folder or file; otherwise the one that the file names, if
    /// that is built in or lies in the current folder
    #[arg(long, env = "FREEHOLD_MODEL", value_name = "NAME|PATH")]
    pub model: Option<String>,
}

/// What can be generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Generated {
    /// TypeScript types
    Ts,
    /// JSON Schema
    JsonSchema,
    /// A Mermaid diagram
    Diagram,
}
