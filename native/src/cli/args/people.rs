//! The arguments of commands that act for somebody, and of those about people, keys and tenants.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ModelArg;

/// On whose behalf.
#[derive(Debug, Args)]
pub struct WhoArg {
    /// Act as the person with this e-mail address, under the model's policies
    #[arg(long = "as", value_name = "EMAIL", conflicts_with = "owner")]
    pub email: Option<String>,
    /// In this tenant: its slug or id
    #[arg(long, value_name = "SLUG", requires = "email", conflicts_with = "owner")]
    pub tenant: Option<String>,
    /// Act as whoever holds the file: reads and writes everything, of all tenants
    #[arg(long)]
    pub owner: bool,
}

/// A row.
#[derive(Debug, Args)]
pub struct RowArg {
    /// A JSON object; read from standard input where it is left out or `-`
    #[arg(value_name = "JSON")]
    pub row: Option<String>,
}

/// The commands below `key`.
#[derive(Debug, Subcommand)]
pub enum Api {
    /// Make an API key; prints it, this once
    #[command(after_help = "\
Example:
  freehold --db app.db key create --as admin@example.com --prefix app '{\"name\": \"Upload\"}'

The row is one of the model's table of API keys; its permissions and limits are in there.")]
    Create {
        /// What the key begins with: 2 to 16 lower-case letters and digits
        #[arg(long, value_name = "TEXT", default_value = "key")]
        prefix: String,
        #[command(flatten)]
        row: RowArg,
        #[command(flatten)]
        who: WhoArg,
        #[command(flatten)]
        model: ModelArg,
    },
    /// List the API keys
    #[command(after_help = "Example:\n  freehold --db app.db key list --as admin@example.com")]
    List {
        #[command(flatten)]
        who: WhoArg,
        #[command(flatten)]
        model: ModelArg,
    },
    /// Revoke an API key at once
    #[command(after_help = "\
Example:
  freehold --db app.db key revoke 0198… --as admin@example.com")]
    Revoke {
        /// The key's id
        id: String,
        #[command(flatten)]
        who: WhoArg,
        #[command(flatten)]
        model: ModelArg,
    },
    /// Tell whose API key it is; the key is read from standard input
    #[command(after_help = "\
Example:
  freehold --db app.db key verify < key.txt

Counts as a use of the key.")]
    Verify {
        #[command(flatten)]
        model: ModelArg,
    },
}

/// The commands below `password`.
#[derive(Debug, Subcommand)]
pub enum Password {
    /// Set somebody's password, which is asked for or read from standard input
    #[command(after_help = "\
Example:
  freehold --db work.db password set alice@example.com --tenant acme")]
    Set {
        #[command(flatten)]
        person: PersonArg,
        #[command(flatten)]
        model: ModelArg,
    },
    /// Tell whether a password is somebody's; it is asked for or read from standard input
    #[command(after_help = "\
Example:
  freehold --db work.db password verify alice@example.com")]
    Verify {
        #[command(flatten)]
        person: PersonArg,
        #[command(flatten)]
        model: ModelArg,
    },
}

/// A person.
#[derive(Debug, Args)]
pub struct PersonArg {
    /// Their e-mail address
    #[arg(value_name = "EMAIL")]
    pub email: String,
    /// In this tenant: its slug or id
    #[arg(long, value_name = "SLUG")]
    pub tenant: Option<String>,
}

/// The commands below `secret`.
#[derive(Debug, Subcommand)]
pub enum Secret {
    /// Print a new master key; without it nobody can open what was encrypted
    #[command(after_help = "Example:\n  freehold secret new > master.key")]
    New,
    /// Encrypt anew: all values under new data keys, or all data keys under a new master key
    #[command(after_help = "\
Examples:
  freehold --db app.db --key-file master.key secret rotate
  freehold --db app.db --key-file master.key secret rotate --tenant acme
  freehold --db app.db --key-file master.key secret rotate --new-key-file next.key

With --new-key-file the values stay as they are and the new master key opens them from then on.")]
    Rotate {
        /// Only this tenant's: its slug or id
        #[arg(long, value_name = "SLUG", conflicts_with = "new_key_file")]
        tenant: Option<String>,
        /// The file with the new master key
        #[arg(long, value_name = "FILE")]
        new_key_file: Option<PathBuf>,
        #[command(flatten)]
        model: ModelArg,
    },
}

/// The commands below `tenant`.
#[derive(Debug, Subcommand)]
pub enum Tenant {
    /// Destroy a tenant's data keys: its encrypted values can't be read any more, by anybody
    #[command(after_help = "\
Example:
  freehold --db app.db tenant shred acme --yes

Backups that were made before still hold the keys.")]
    Shred {
        /// The tenant: its slug or id
        slug: String,
        /// Yes, for good
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        model: ModelArg,
    },
}
