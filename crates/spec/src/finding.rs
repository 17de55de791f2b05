//! What is wrong with a spec, and where: data for programs, rendered for people by [`crate::render`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// How many findings one file gives at most. More of them help nobody and cost memory.
const MOST: usize = 100;

/// How strictly a spec is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// What looks wrong but can be understood, like an unknown key, is a warning.
    Lenient,
    /// Every warning is an error.
    Strict,
}

/// How bad a finding is. Errors come first in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The spec is not accepted.
    Error,
    /// The spec is accepted; somebody should look.
    Warning,
}

/// One thing that is wrong, where, and what would help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong. Values in it are cut to 80 characters.
    pub message: String,
    /// The field, like `environments[1].after[0]`; empty for the file as a whole.
    pub field: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How many characters of that line it concerns.
    pub length: usize,
    /// What would help, if we know.
    pub help: Option<String>,
}

/// Why a spec is not accepted: at least one error, sorted by position, and then the warnings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SpecErrors {
    /// The findings: errors first, each group by position.
    pub findings: Vec<Finding>,
}

impl fmt::Display for SpecErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.findings.iter().filter(|finding| finding.severity == Severity::Error).count();
        write!(f, "the app spec has {errors} error{}", if errors == 1 { "" } else { "s" })?;
        match self.findings.first() {
            Some(first) => write!(f, ", the first in line {}: {}", first.line, first.message),
            None => Ok(()),
        }
    }
}

/// A place in the text, within one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) length: usize,
}

impl Position {
    /// The beginning of the file.
    pub(crate) const START: Self = Self { line: 1, column: 1, length: 0 };
}

/// The findings of one run, collected in any order.
#[derive(Debug)]
pub(crate) struct Findings {
    strictness: Strictness,
    list: Vec<Finding>,
    left_out: usize,
}

impl Findings {
    pub(crate) fn new(strictness: Strictness) -> Self {
        Self { strictness, list: Vec::new(), left_out: 0 }
    }

    /// Adds an error.
    pub(crate) fn error(&mut self, at: Position, field: String, message: impl Into<String>, help: Option<String>) {
        self.add(Severity::Error, at, field, message.into(), help);
    }

    /// Adds a warning; an error when reading strictly.
    pub(crate) fn warning(&mut self, at: Position, field: String, message: impl Into<String>, help: Option<String>) {
        let severity = match self.strictness {
            Strictness::Lenient => Severity::Warning,
            Strictness::Strict => Severity::Error,
        };
        self.add(severity, at, field, message.into(), help);
    }

    fn add(&mut self, severity: Severity, at: Position, field: String, message: String, help: Option<String>) {
        let Position { line, column, length } = at;
        let finding = Finding { severity, message, field, line, column, length, help };
        if self.list.contains(&finding) {
            return;
        }
        // An error beyond the limit still takes the place of a warning, so that the outcome never depends on the limit.
        if self.list.len() < MOST {
            self.list.push(finding);
            return;
        }
        self.left_out += 1;
        if severity == Severity::Error && self.has_no_error() {
            self.list[MOST - 1] = finding;
        }
    }

    fn has_no_error(&self) -> bool {
        self.list.iter().all(|finding| finding.severity == Severity::Warning)
    }

    /// The value with its warnings, or the errors. A value that is missing without any error is an error too.
    pub(crate) fn into_result<T>(mut self, value: Option<T>) -> Result<(T, Vec<Finding>), SpecErrors> {
        self.list.sort_by(|a, b| {
            (a.severity, a.line, a.column, &a.message).cmp(&(b.severity, b.line, b.column, &b.message))
        });
        if self.left_out > 0 {
            let message = format!("{} more findings are not shown", self.left_out);
            let severity = if self.has_no_error() { Severity::Warning } else { Severity::Error };
            let (line, column) = self.list.last().map_or((1, 1), |last| (last.line, last.column));
            let field = String::new();
            self.list.push(Finding { severity, message, field, line, column, length: 0, help: None });
            self.list.sort_by_key(|finding| finding.severity);
        }
        match value {
            Some(value) if self.has_no_error() => Ok((value, self.list)),
            Some(_) => Err(SpecErrors { findings: self.list }),
            None => {
                if self.has_no_error() {
                    self.list.clear();
                    self.add(Severity::Error, Position::START, String::new(), "the spec cannot be used".into(), None);
                }
                Err(SpecErrors { findings: self.list })
            }
        }
    }
}

/// A value as it may be shown: cut to 80 characters, nothing invisible in it.
pub(crate) fn shown(text: &str) -> String {
    let cut: String = text.chars().take(80).collect();
    let more = if text.chars().nth(80).is_some() { "…" } else { "" };
    format!("`{}{more}`", cut.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'"))
}
