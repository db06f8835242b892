//! `audit`: who changed what, and whether the trail is whole.

use freehold::Access;
use freehold::audit::{AuditEntry, AuditFinding, AuditPage, AuditQuery};
use serde_json::json;

use crate::args::{AuditArg, ModelArg};
use crate::context::Context;
use crate::report::{Failure, Report, to_json};
use crate::table::render_texts;

/// Shows entries, or verifies the trail.
pub fn audit(context: &Context<'_>, query: &AuditArg, model: &ModelArg) -> Result<Report, Failure> {
    if query.verify {
        return verify(context, model);
    }
    let database = context.open(Access::ReadOnly, model)?;
    let page = database.audit(&AuditQuery {
        tenant: query.tenant.as_ref().map(|slug| database.tenant(slug)).transpose()?,
        table: query.table.clone(),
        resource_id: query.id.clone(),
        before: query.before,
        limit: query.limit.map(usize::from),
    })?;
    Ok(Report::done(page_text(&page), to_json(page)?))
}

fn verify(context: &Context<'_>, model: &ModelArg) -> Result<Report, Failure> {
    let database = context.open(Access::ReadWrite, model)?;
    let mut findings: Vec<AuditFinding> = Vec::new();
    database.verify_audit(&mut |finding| findings.push(finding))?;
    let mut text: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    if findings.is_empty() {
        text += "the audit trail is whole\n";
    }
    let found = !findings.is_empty();
    Ok(Report { text, json: json!({ "findings": to_json(findings)? }), found })
}

fn page_text(page: &AuditPage) -> String {
    if page.entries.is_empty() {
        return "no entries\n".to_owned();
    }
    let rows: Vec<[String; 6]> = page.entries.iter().map(entry_cells).collect();
    let mut text = render_texts(["at", "who", "action", "table", "row", "changed"], &rows);
    if let Some(next) = page.next {
        text += &format!("older ones: --before {next}\n");
    }
    text
}

fn entry_cells(entry: &AuditEntry) -> [String; 6] {
    let who = match (&entry.user, &entry.api_key) {
        (Some(user), _) => format!("user {user}"),
        (None, Some(key)) => format!("API key {key}"),
        (None, None) => "system".to_owned(),
    };
    let columns = |side: &str| {
        let columns =
            entry.changes[side].as_object().into_iter().flat_map(|columns| columns.keys());
        columns.cloned().collect::<Vec<_>>()
    };
    let (after, before) = (columns("after"), columns("before"));
    let changed = if after.is_empty() { before } else { after };
    [
        entry.at.clone(),
        who,
        entry.action.to_owned(),
        entry.table.clone(),
        entry.resource_id.clone(),
        changed.join(", "),
    ]
}
