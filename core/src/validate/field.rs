//! One column as validation sees it: its kind and rules, compiled once.

use std::borrow::Cow;

use serde_json::Value;

use crate::error::{Issue, Problem};
use crate::model::{Auto, Bound, Column, Format, Kind, Model, Write};
use crate::validate::format;
use crate::validate::issue::{issue, issue_with, of_fault};
use crate::validate::pattern::Pattern;
use crate::value::{Fault, SqlValue, decimal, decode, scalar};

/// A column, compiled.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) array: bool,
    pub(crate) optional: bool,
    pub(crate) auto: Option<Auto>,
    pub(crate) default: Option<SqlValue<'static>>,
    pub(crate) encrypted: bool,
    pub(crate) blind_index: bool,
    pub(crate) secret: bool,
    /// When sessions may write it.
    pub(crate) write: Write,
    /// The enum's values, where the kind is an enum.
    pub(crate) values: Vec<String>,
    min: Option<Bound>,
    max: Option<Bound>,
    pattern: Option<Pattern>,
    format: Option<Format>,
}

impl Field {
    /// Compiles a column.
    ///
    /// # Errors
    ///
    /// - `invalid_pattern`: the pattern is no regular expression
    /// - `invalid_default`: the default breaks the column's own rules
    pub(crate) fn new(model: &Model, column: &Column) -> Result<Field, Vec<Problem>> {
        let problem = |code, message| {
            let path = column.name.clone();
            vec![Problem { path, line: None, column: None, code, message }]
        };
        let pattern = column.rules.pattern.as_deref().map(Pattern::new).transpose();
        let pattern =
            pattern.map_err(|error| problem("invalid_pattern", format!("pattern: {error}")))?;
        let values = match &column.kind {
            Kind::Enum { name } => model.enum_values(name).to_vec(),
            _ => Vec::new(),
        };
        let mut field = Field {
            name: column.name.clone(),
            kind: column.kind.clone(),
            array: column.array,
            optional: column.optional,
            auto: column.auto,
            default: None,
            encrypted: column.encrypted,
            blind_index: column.blind_index,
            secret: column.secret,
            write: column.write,
            values,
            min: column.rules.min,
            max: column.rules.max,
            pattern,
            format: column.rules.format,
        };
        if let Some(default) = &column.default {
            // In a model's file a decimal is most naturally written as a number with a point.
            let default = match (&column.kind, default) {
                (Kind::Decimal { .. }, Value::Number(number)) => &number.to_string().into(),
                (_, default) => default,
            };
            let mut issues = Vec::new();
            let stored = field.accept(default, &mut issues);
            if let Some(issue) = issues.first() {
                return Err(problem("invalid_default", format!("the default {}", issue.message)));
            }
            field.default = stored.map(SqlValue::into_owned);
        }
        Ok(field)
    }

    /// The storage form of a value that keeps all of the column's rules; otherwise None, with
    /// everything that is wrong added to the issues.
    pub(crate) fn accept<'v>(
        &self,
        value: &'v Value,
        issues: &mut Vec<Issue>,
    ) -> Option<SqlValue<'v>> {
        if value.is_null() {
            if self.optional {
                return Some(SqlValue::Null);
            }
            issues.push(issue(&self.name, "required", "must not be null".to_owned()));
            return None;
        }
        let before = issues.len();
        let stored = if self.array {
            self.accept_array(value, issues)
        } else {
            self.accept_scalar(value, &|| self.name.clone(), issues)
        };
        stored.filter(|_| issues.len() == before)
    }

    /// The storage form of a value of the column's kind, whatever its rules; for a filter or a
    /// key.
    pub(crate) fn encode<'v>(&self, value: &'v Value) -> Result<SqlValue<'v>, Fault> {
        scalar(&self.kind, &self.values, value)
    }

    /// The stored value in the API's form.
    pub(crate) fn decode(&self, stored: &SqlValue<'_>) -> Result<Value, String> {
        decode(&self.kind, self.array, stored)
    }

    fn accept_array(&self, value: &Value, issues: &mut Vec<Issue>) -> Option<SqlValue<'static>> {
        let Value::Array(items) = value else {
            issues.push(of_fault(&self.name, Fault::WrongType("an array")));
            return None;
        };
        let count = items.len() as i64;
        self.check_bounds(Measure::Items(count), &|| self.name.clone(), issues);
        let mut canonical = Vec::with_capacity(items.len());
        for (position, item) in items.iter().enumerate() {
            let path = || format!("{}[{position}]", self.name);
            if item.is_null() {
                issues.push(issue(path(), "required", "must not be null".to_owned()));
                continue;
            }
            let Some(stored) = self.accept_item(item, &path, issues) else {
                continue;
            };
            canonical.push(decode(&self.kind, false, &stored).unwrap_or(Value::Null));
        }
        Some(SqlValue::Text(Cow::Owned(Value::Array(canonical).to_string())))
    }

    fn accept_scalar<'v>(
        &self,
        value: &'v Value,
        path: &dyn Fn() -> String,
        issues: &mut Vec<Issue>,
    ) -> Option<SqlValue<'v>> {
        let stored = self.accept_item(value, path, issues)?;
        match (&self.kind, &stored) {
            _ if self.min.is_none() && self.max.is_none() => {}
            (Kind::Text, SqlValue::Text(text)) => {
                // A character takes one to four bytes, which mostly spares counting them.
                let (least, most) = (text.len().div_ceil(4) as i64, text.len() as i64);
                let enough = self.min.is_none_or(|min| Measure::Characters(least).at_least(min));
                if !enough || self.max.is_some_and(|max| !at_most(most, max)) {
                    let length = text.chars().count() as i64;
                    self.check_bounds(Measure::Characters(length), path, issues);
                }
            }
            (Kind::Blob, SqlValue::Blob(bytes)) => {
                self.check_bounds(Measure::Bytes(bytes.len() as i64), path, issues);
            }
            (_, SqlValue::Integer(number)) => {
                self.check_bounds(Measure::Integer(*number), path, issues);
            }
            (_, SqlValue::Real(number)) => {
                self.check_bounds(Measure::Real(*number), path, issues);
            }
            _ => {}
        }
        Some(stored)
    }

    /// Kind, pattern and format: what holds for a value and for an array's item alike.
    fn accept_item<'v>(
        &self,
        value: &'v Value,
        path: &dyn Fn() -> String,
        issues: &mut Vec<Issue>,
    ) -> Option<SqlValue<'v>> {
        let stored = match self.encode(value) {
            Ok(stored) => stored,
            Err(fault) => {
                issues.push(self.of_fault(path(), fault));
                return None;
            }
        };
        let SqlValue::Text(text) = &stored else {
            return Some(stored);
        };
        if let Some(format) = self.format
            && !format::matches(format, text)
        {
            let message = format!("must be {}", format::description(format));
            let param = ("format", format::name(format).into());
            issues.push(issue_with(path(), "invalid_format", message, param));
        }
        if let Some(pattern) = &self.pattern
            && !pattern.is_match(text)
        {
            let message = format!("must match the pattern {}", pattern.as_str());
            let param = ("pattern", pattern.as_str().into());
            issues.push(issue_with(path(), "pattern_mismatch", message, param));
        }
        Some(stored)
    }

    fn of_fault(&self, path: String, fault: Fault) -> Issue {
        let mut issue = of_fault(path, fault);
        if fault == Fault::UnknownValue {
            issue.message = format!("must be one of {}", self.values.join(", "));
            issue.params.insert("values".to_owned(), self.values.clone().into());
        }
        issue
    }

    fn check_bounds(&self, measure: Measure, path: &dyn Fn() -> String, issues: &mut Vec<Issue>) {
        let mut report = |code, words: &str, name, bound: Bound| {
            let bound = self.bound_value(bound, measure);
            let shown = bound.as_str().map_or_else(|| bound.to_string(), str::to_owned);
            let message = format!("must {words} {shown}{}", measure.unit());
            issues.push(issue_with(path(), code, message, (name, bound)));
        };
        if let Some(min) = self.min
            && !measure.at_least(min)
        {
            let (code, words) = measure.below();
            report(code, words, "min", min);
        }
        if let Some(max) = self.max
            && !measure.at_most(max)
        {
            let (code, words) = measure.above();
            report(code, words, "max", max);
        }
    }

    /// A bound as people write it: decimals are scaled in the model.
    fn bound_value(&self, bound: Bound, measure: Measure) -> Value {
        match (bound, &self.kind, measure) {
            (Bound::Integer(scaled), Kind::Decimal { scale, .. }, Measure::Integer(_)) => {
                Value::String(decimal::format(scaled, *scale))
            }
            (Bound::Integer(integer), ..) => integer.into(),
            (Bound::Real(real), ..) => real.into(),
        }
    }
}

/// What a bound is held against.
#[derive(Clone, Copy)]
enum Measure {
    Characters(i64),
    Bytes(i64),
    Items(i64),
    Integer(i64),
    Real(f64),
}

impl Measure {
    fn at_least(self, min: Bound) -> bool {
        match (self, min) {
            (Measure::Real(number), Bound::Integer(min)) => number >= min as f64,
            (Measure::Real(number), Bound::Real(min)) => number >= min,
            (_, Bound::Integer(min)) => self.whole() >= min,
            (_, Bound::Real(min)) => self.whole() as f64 >= min,
        }
    }

    fn at_most(self, max: Bound) -> bool {
        match (self, max) {
            (Measure::Real(number), Bound::Integer(max)) => number <= max as f64,
            (Measure::Real(number), Bound::Real(max)) => number <= max,
            (_, max) => at_most(self.whole(), max),
        }
    }

    fn whole(self) -> i64 {
        match self {
            Measure::Characters(n)
            | Measure::Bytes(n)
            | Measure::Items(n)
            | Measure::Integer(n) => n,
            Measure::Real(number) => number as i64,
        }
    }

    fn unit(self) -> &'static str {
        match self {
            Measure::Characters(_) => " character(s)",
            Measure::Bytes(_) => " byte(s)",
            Measure::Items(_) => " item(s)",
            Measure::Integer(_) | Measure::Real(_) => "",
        }
    }

    fn below(self) -> (&'static str, &'static str) {
        match self {
            Measure::Characters(_) | Measure::Bytes(_) => ("too_short", "have at least"),
            Measure::Items(_) => ("too_few_items", "have at least"),
            Measure::Integer(_) | Measure::Real(_) => ("too_small", "be at least"),
        }
    }

    fn above(self) -> (&'static str, &'static str) {
        match self {
            Measure::Characters(_) | Measure::Bytes(_) => ("too_long", "have at most"),
            Measure::Items(_) => ("too_many_items", "have at most"),
            Measure::Integer(_) | Measure::Real(_) => ("too_great", "be at most"),
        }
    }
}

fn at_most(number: i64, max: Bound) -> bool {
    match max {
        Bound::Integer(max) => number <= max,
        Bound::Real(max) => number as f64 <= max,
    }
}
