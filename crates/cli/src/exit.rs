//! The exit codes: scripts decide by them, so they are all here and mean one thing each.

use std::process::ExitCode;

/// How a command ended.
///
/// | code | name         | means                                                                       |
/// |------|--------------|-----------------------------------------------------------------------------|
/// | 0    | `Done`       | it is done; for `wait`, and only then: the generation converged             |
/// | 1    | `Failed`     | it could not be done: the API cannot be reached, there is no such thing     |
/// | 2    | `Usage`      | the command, the spec or a file is not valid; nothing was changed           |
/// | 3    | `Degraded`   | the target, or a record that does not parse, needs a person                 |
/// | 4    | `NotAllowed` | no token, a wrong one, or one that may not                                  |
/// | 5    | `Conflict`   | somebody else was first, or has it                                          |
/// | 6    | `Gated`      | a gate is closed                                                            |
/// | 7    | `NotLive`    | the release was rolled back, failed, or was superseded                      |
/// | 8    | `Difference` | `diff` found one                                                            |
/// | 124  | `Timeout`    | it was not decided in time (the code of `timeout(1)`)                       |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    Degraded = 3,
    NotAllowed = 4,
    Conflict = 5,
    Gated = 6,
    NotLive = 7,
    Difference = 8,
    Timeout = 124,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
