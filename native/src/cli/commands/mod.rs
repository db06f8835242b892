//! The commands: each a function from its arguments to a report.

mod data;
mod generate;
mod init;
mod migrate;
mod migration_files;
mod models;

use crate::args::{Cli, Command};
use crate::context::Context;
use crate::report::{Failure, Report};

/// Runs the command.
pub fn run(cli: &Cli) -> Result<Report, Failure> {
    let context = Context::new(cli);
    match &cli.command {
        Command::Models { name } => models::run(name.as_deref()),
        Command::Init { model, seed } => init::init(&context, model, seed),
        Command::Migrate { command } => migrate::run(&context, command),
        Command::Seed { set, model } => data::seed(&context, set, model),
        Command::Reset { yes, seed, model } => init::reset(&context, *yes, seed, model),
        Command::Validate { model } => data::validate(&context, model),
        Command::Sql { owner, sql, params, model } => {
            data::sql(&context, *owner, sql, params, model)
        }
        Command::Generate { what, model, out } => {
            generate::run(&context, *what, model, out.as_deref())
        }
    }
}
