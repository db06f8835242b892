//! The commands: each a function from its arguments to a report.

mod data;
mod generate;
mod init;
mod migrate;
mod migration_files;
mod models;
mod people;
mod rows;
mod secrets;
mod trail;
mod versions;

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
        Command::Sql { who, sql, params, model } => data::sql(&context, who, sql, params, model),
        Command::Insert { table, row, who, model } => {
            rows::insert(&context, table, row, who, model)
        }
        Command::Update { table, key, row, who, model } => {
            rows::update(&context, (table, key), row, who, model)
        }
        Command::Delete { table, key, who, model } => {
            rows::delete(&context, (table, key), who, model)
        }
        Command::Restore { table, key, who, model } => {
            rows::restore(&context, (table, key), who, model)
        }
        Command::Audit { query, model } => trail::audit(&context, query, model),
        Command::History { versions, who, model } => {
            versions::history(&context, versions, who, model)
        }
        Command::Rollback { versions, who, model } => {
            versions::rollback(&context, versions, who, model)
        }
        Command::Purge { days, yes, model } => versions::purge(&context, *days, *yes, model),
        Command::Doctor { model } => data::doctor(&context, model),
        Command::Key { command } => people::key(&context, command),
        Command::Password { command } => people::password(&context, command),
        Command::Secret { command } => secrets::run(&context, command),
        Command::Tenant { command } => secrets::tenant(&context, command),
        Command::Generate { what, model, out } => {
            generate::run(&context, *what, model, out.as_deref())
        }
    }
}
