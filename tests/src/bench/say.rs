//! The one place that prints. Progress goes to standard error, results to standard output.

use std::io::Write as _;

/// A line of the result.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    // A closed pipe is the reader's choice, not our failure.
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// A line of progress.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
