//! The arguments of commands about what was: the audit trail, and the versions of a row.

use clap::Args;

/// Which entries of the audit trail.
#[derive(Debug, Args)]
pub struct AuditArg {
    /// Look whether the trail is whole instead; exit code 1 if it isn't
    #[arg(long, conflicts_with_all = ["tenant", "table", "id", "before", "limit"])]
    pub verify: bool,
    /// Of this tenant's rows: its slug or id
    #[arg(long, value_name = "SLUG")]
    pub tenant: Option<String>,
    /// Of this table's rows
    #[arg(long, value_name = "TABLE")]
    pub table: Option<String>,
    /// Of the row with this id
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// Older ones: the place at which the page before ended
    #[arg(long, value_name = "PLACE")]
    pub before: Option<i64>,
    /// At most so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub limit: Option<u16>,
}

/// Which versions.
#[derive(Debug, Args)]
pub struct VersionsArg {
    /// The table
    pub table: String,
    /// The row's key: its id, or a JSON object of the primary key's columns
    #[arg(value_name = "ID")]
    pub key: String,
    /// Compare this version
    #[arg(long, value_name = "N", requires = "to")]
    pub from: Option<i64>,
    /// With this one
    #[arg(long, value_name = "N", requires = "from")]
    pub to: Option<i64>,
}

/// Which version of which row.
#[derive(Debug, Args)]
pub struct RollbackArg {
    /// The table
    pub table: String,
    /// The row's key: its id, or a JSON object of the primary key's columns
    #[arg(value_name = "ID")]
    pub key: String,
    /// The version's number
    #[arg(long, value_name = "N")]
    pub to: i64,
}
