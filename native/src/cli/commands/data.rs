//! `seed`, `validate`, `doctor` and `sql`: the rows of a database.

use freehold::inspect::Finding;
use freehold::seed::SeedReport;
use freehold::{Access, Database, Error};
use serde_json::{Value, json};

use crate::args::{ModelArg, WhoArg};
use crate::context::Context;
use crate::params;
use crate::report::{Failure, Report, to_json};
use crate::table::render;
use crate::who::Who;

/// Writes the rows of a seed set.
pub fn seed(context: &Context<'_>, set: &str, model: &ModelArg) -> Result<Report, Failure> {
    let database = context.open(Access::ReadWrite, model)?;
    let report = database.seed(set)?;
    Ok(Report::done(seed_text(&report), to_json(report)?))
}

/// What seeding did, on one line.
pub fn seed_text(report: &SeedReport) -> String {
    format!("seeded {} row(s), {} were there already\n", report.inserted, report.kept)
}

/// Looks at everything; one line a finding.
pub fn validate(context: &Context<'_>, model: &ModelArg) -> Result<Report, Failure> {
    let database = context.open(Access::ReadOnly, model)?;
    let mut findings: Vec<Finding> = Vec::new();
    database.inspect(&mut |finding| findings.push(finding))?;
    report(findings)
}

/// Looks at everything, and at what stands between people and what is not theirs.
pub fn doctor(context: &Context<'_>, model: &ModelArg) -> Result<Report, Failure> {
    let database = context.open(Access::ReadOnly, model)?;
    let mut findings: Vec<Finding> = Vec::new();
    database.doctor(&mut |finding| findings.push(finding))?;
    let mut tables = database.bundle().model.tables.iter();
    let encrypts = tables.any(|table| table.columns.iter().any(|column| column.encrypted));
    let mut report = report(findings)?;
    let opened = !encrypts || database.has_master_key();
    report.json["ciphertexts_opened"] = opened.into();
    if !opened {
        report.text += "without the master key no ciphertext was looked at\n";
    }
    Ok(report)
}

fn report(findings: Vec<Finding>) -> Result<Report, Failure> {
    let mut text: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    if findings.is_empty() {
        text += "nothing found\n";
    }
    let found = !findings.is_empty();
    Ok(Report { text, json: json!({ "findings": to_json(findings)? }), found })
}

/// Runs one statement.
pub fn sql(
    context: &Context<'_>,
    who: &WhoArg,
    sql: &str,
    params: &[String],
    model: &ModelArg,
) -> Result<Report, Failure> {
    who.check()?;
    let database = open_for_sql(context, model)?;
    let params: Vec<Value> = params.iter().map(|param| params::parse(param)).collect();
    let result = Who::of(&database, who)?.sql(sql, &params)?;
    let text = if result.columns.is_empty() {
        format!("{} row(s) changed\n", result.changes)
    } else if result.rows.is_empty() {
        format!("no rows ({})\n", result.columns.join(", "))
    } else {
        render(&result.columns, &result.rows)
    };
    Ok(Report::done(text, to_json(result)?))
}

/// A file that can't be written can still be read.
fn open_for_sql(context: &Context<'_>, model: &ModelArg) -> Result<Database, Failure> {
    match context.open(Access::ReadWrite, model) {
        Err(Failure::Refused(Error::ReadOnly)) => context.open(Access::ReadOnly, model),
        other => other,
    }
}
