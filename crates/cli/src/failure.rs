//! What went wrong, for people: what was tried, on what, what was said, and what to do next.

use std::fmt;

use crate::exit::Exit;
use crate::out::visible;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    /// What was tried, on what: "cannot deploy v2 to shop/dev".
    pub(crate) tried: String,
    /// What was said about it, one line each.
    pub(crate) said: Vec<String>,
    /// What to do next.
    pub(crate) next: Option<String>,
    /// Whether trying the same again may help.
    pub(crate) passing: bool,
}

impl Failure {
    pub(crate) fn new(exit: Exit, tried: impl Into<String>) -> Self {
        Self { exit, tried: tried.into(), said: Vec::new(), next: None, passing: false }
    }

    pub(crate) fn said(mut self, line: impl Into<String>) -> Self {
        self.said.push(line.into());
        self
    }

    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    pub(crate) fn passing(mut self) -> Self {
        self.passing = true;
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { exit: _, tried, said, next, passing: _ } = self;
        writeln!(f, "driftless: {}", visible(tried))?;
        for line in said {
            writeln!(f, "  {}", visible(line))?;
        }
        match next {
            Some(next) => writeln!(f, "  next: {}", visible(next)),
            None => Ok(()),
        }
    }
}
