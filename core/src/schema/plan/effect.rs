//! What a script does to data, and the script itself in the making.

use std::fmt;

use serde::Serialize;

use crate::sql::quote;

/// What a script does to existing data, beyond keeping it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// Which sort of effect it is.
    pub kind: EffectKind,
    /// The table, by its name at that point of the script.
    pub table: String,
    /// The column, where one is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What happens.
    pub message: String,
}

/// A sort of effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// Data is gone afterwards.
    DataLoss,
    /// The script fails where existing rows break a rule, and then changes nothing.
    MayFail,
    /// Existing rows need a value that only a person knows.
    NeedsValue,
}

impl Effect {
    pub(super) fn loss(table: &str, column: Option<&str>, message: &str) -> Effect {
        Effect::new(EffectKind::DataLoss, table, column, message)
    }

    pub(super) fn risk(table: &str, column: Option<&str>, message: impl Into<String>) -> Effect {
        Effect::new(EffectKind::MayFail, table, column, message)
    }

    pub(super) fn new(
        kind: EffectKind,
        table: &str,
        column: Option<&str>,
        message: impl Into<String>,
    ) -> Effect {
        let (table, column) = (table.to_owned(), column.map(str::to_owned));
        Effect { kind, table, column, message: message.into() }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", quote::name(&self.table))?;
        if let Some(column) = &self.column {
            write!(f, ".{}", quote::name(column))?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A script in the making.
#[derive(Debug, Default)]
pub(super) struct Writer {
    text: String,
    losses: Vec<Effect>,
    risks: Vec<Effect>,
}

impl Writer {
    /// Adds a statement, which comes without its semicolon.
    pub(super) fn statement(&mut self, sql: &str) {
        self.text.push_str(sql);
        self.text.push_str(";\n");
    }

    /// Sets what follows apart by an empty line.
    pub(super) fn paragraph(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Adds a comment.
    pub(super) fn comment(&mut self, text: &str) {
        self.text.push_str(&format!("-- {}\n", crate::schema::ddl::one_line(text)));
    }

    /// Adds an effect of the statement that follows, as a comment above it.
    pub(super) fn effect(&mut self, effect: Effect) {
        let label = match effect.kind {
            EffectKind::DataLoss => "DATA LOSS",
            EffectKind::MayFail => "MAY FAIL",
            EffectKind::NeedsValue => "NEEDS A VALUE",
        };
        self.comment(&format!("{label}: {effect}"));
        match effect.kind {
            EffectKind::DataLoss => self.losses.push(effect),
            EffectKind::MayFail | EffectKind::NeedsValue => self.risks.push(effect),
        }
    }

    pub(super) fn effects(&mut self, effects: impl IntoIterator<Item = Effect>) {
        effects.into_iter().for_each(|effect| self.effect(effect));
    }

    /// The script, its losses and its risks.
    pub(super) fn into_parts(mut self) -> (String, Vec<Effect>, Vec<Effect>) {
        self.text.truncate(self.text.trim_end().len());
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        (self.text, self.losses, self.risks)
    }
}
