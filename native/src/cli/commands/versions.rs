//! `history`, `rollback` and `purge`: what a row was, and how long it is kept.

use freehold::host::Host;
use freehold::{Access, SystemHost};
use serde_json::{Value, json};

use super::rows::shown;
use crate::args::{ModelArg, RollbackArg, VersionsArg, WhoArg};
use crate::context::Context;
use crate::input;
use crate::report::{Failure, Report, to_json};
use crate::table::{render, render_texts};
use crate::who::Who;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Lists a row's versions, or compares two.
pub fn history(
    context: &Context<'_>,
    versions: &VersionsArg,
    who: &WhoArg,
    model: &ModelArg,
) -> Result<Report, Failure> {
    who.check()?;
    let database = context.open(Access::ReadOnly, model)?;
    let who = Who::of(&database, who)?;
    let (table, key) = (&versions.table, input::key(&versions.key));
    if let (Some(from), Some(to)) = (versions.from, versions.to) {
        let differences = who.diff_versions(table, &key, from, to)?;
        let columns = ["column", "before", "after"].map(str::to_owned);
        let cells: Vec<Vec<Value>> = differences
            .iter()
            .map(|one| vec![one.column.as_str().into(), one.before.clone(), one.after.clone()])
            .collect();
        let text = match cells.is_empty() {
            true => "no difference\n".to_owned(),
            false => render(&columns, &cells),
        };
        return Ok(Report::done(text, to_json(differences)?));
    }
    let found = who.versions(table, &key)?;
    let cells: Vec<[String; 4]> = found
        .iter()
        .map(|version| {
            let user = version.user.clone().unwrap_or_default();
            let row = Value::Object(version.row.clone()).to_string();
            [version.number.to_string(), version.at.clone(), user, row]
        })
        .collect();
    let text = match cells.is_empty() {
        true => "no versions\n".to_owned(),
        false => render_texts(["version", "at", "user", "row"], &cells),
    };
    Ok(Report::done(text, to_json(found)?))
}

/// Makes a row what a version of it says.
pub fn rollback(
    context: &Context<'_>,
    to: &RollbackArg,
    who: &WhoArg,
    model: &ModelArg,
) -> Result<Report, Failure> {
    who.check()?;
    let database = context.open(Access::ReadWrite, model)?;
    Ok(shown(Who::of(&database, who)?.roll_back(&to.table, &input::key(&to.key), to.to)?))
}

/// Removes for good what was softly deleted long ago.
pub fn purge(
    context: &Context<'_>,
    days: u32,
    yes: bool,
    model: &ModelArg,
) -> Result<Report, Failure> {
    if !yes {
        let message = "purge removes rows for good; say --yes if that is meant";
        return Err(Failure::Usage(message.to_owned()));
    }
    let database = context.open(Access::ReadWrite, model)?;
    let before_ms = SystemHost.now_ms() - i64::from(days) * DAY_MS;
    let purged = database.owner()?.purge(before_ms)?;
    let mut text: String =
        purged.iter().map(|one| format!("{}: {} row(s)\n", one.table, one.rows)).collect();
    if purged.is_empty() {
        text += "nothing to remove\n";
    }
    Ok(Report::done(text, json!({ "purged": to_json(purged)? })))
}
