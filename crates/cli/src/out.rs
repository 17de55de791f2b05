//! The only way to print: standard output for what was asked, standard error for what stands beside it.
//!
//! **Refuses:** to pass control characters of others on to a terminal.

use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal, Write};

use clap::ValueEnum;
use serde_json::Value;

use crate::exit::Exit;
use crate::failure::Failure;

/// How answers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns; long texts are cut
    Table,
    /// Columns with everything in them
    Wide,
    /// The API's answer
    Json,
}

/// Where to print, and how.
#[derive(Debug)]
pub(crate) struct Out {
    format: Format,
}

impl Out {
    pub(crate) fn new(format: Format) -> Self {
        Self { format }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Prints lines as they are, with a line break at the end.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), Failure> {
        let text = text.trim_end_matches('\n');
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{text}").and_then(|()| stdout.flush()).map_err(|error| {
            let failure = Failure::new(Exit::Failed, "cannot write to standard output");
            // Who closed the pipe has seen enough; but a command that could not tell its end did not succeed.
            if error.kind() == ErrorKind::BrokenPipe { failure } else { failure.said(error.to_string()) }
        })
    }

    /// Prints one line of text that may come from elsewhere.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.print(&visible(text))
    }

    /// Prints JSON.
    pub(crate) fn json(&mut self, value: &Value) -> Result<(), Failure> {
        self.print(&json_text(value))
    }

    /// A remark beside the answer, on standard error.
    pub(crate) fn remark(&mut self, text: &str) {
        // With standard error closed there is nobody to tell.
        let _ = write!(std::io::stderr().lock(), "{text}");
    }

    /// Says what went wrong.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        self.remark(&failure.to_string());
    }

    /// Clears the screen before a table is shown again, on a terminal.
    pub(crate) fn clear(&mut self) -> Result<(), Failure> {
        if std::io::stdout().is_terminal() { self.print("\u{1b}[2J\u{1b}[H") } else { Ok(()) }
    }
}

/// JSON as it may be shown: what would move the cursor or hide is written as an escape, which programs read as the same.
pub(crate) fn json_text(value: &Value) -> String {
    let mut text = String::new();
    for c in format!("{value:#}").chars() {
        // Line breaks stand between values; those within strings are escaped already, and so is all else below U+0020.
        if c != '\n' && is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string does not fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        } else {
            text.push(c);
        }
    }
    text
}

/// What moves the cursor, hides, or turns the order of what stands beside it: control characters (C0, DEL and C1), marks
/// of direction, joiners and separators.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A text as it may be shown in one line: line breaks are spaces, what would move the cursor or hide is replaced.
pub(crate) fn visible(text: &str) -> String {
    text.trim_end()
        .chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if is_hidden(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_others_wrote_moves_the_cursor() {
        assert_eq!(visible("a\n b\u{1b}[2J\u{202e}c\u{61c}\n"), "a  b\u{fffd}[2J\u{fffd}c\u{fffd}");
    }

    #[test]
    fn json_shows_what_is_hidden_and_stays_the_same_value() {
        let value =
            serde_json::json!({"a\u{9b}": "1\u{7f} 2\u{85} 3\u{202e} 4\u{2066} 5\u{feff} 6\u{61c} 7\n 8\u{1b} é 🦀"});
        let text = json_text(&value);
        assert_eq!(
            text,
            "{\n  \"a\\u009b\": \"1\\u007f 2\\u0085 3\\u202e 4\\u2066 5\\ufeff 6\\u061c 7\\n 8\\u001b é 🦀\"\n}"
        );
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
