//! What the daemon says to a terminal: results on stdout, failures on stderr.

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

/// A line (or a few) of a result. What AWS and registries said is in it: nothing of that may steer a terminal.
pub(crate) fn line(text: impl Display) {
    let text: String =
        text.to_string().chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect();
    // A closed pipe is the reader's wish to hear no more.
    let _ = writeln!(std::io::stdout().lock(), "{text}");
    let _ = std::io::stdout().flush();
}

/// Why it did not work, with all causes, and the exit code for it.
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr().lock(), "driftlessd: {error:#}");
    ExitCode::from(1)
}

/// A mistake in what was asked for.
pub(crate) fn usage(text: impl Display) -> ExitCode {
    let _ = writeln!(std::io::stderr().lock(), "driftlessd: {text}");
    ExitCode::from(2)
}
