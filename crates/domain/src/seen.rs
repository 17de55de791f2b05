//! What one read showed: known, absent or unknown. Unknown is never treated as absent (STYLE.md 6, S10).

use crate::CallError;

/// The result of one look at one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen<T> {
    /// It is there, and this is it.
    Known(T),
    /// AWS said that it is not there.
    Absent,
    /// The look failed, or was not made: nothing may be concluded from it.
    Unknown(CallError),
}

impl<T> Seen<T> {
    /// A look that answers with an option.
    pub fn of(answer: Result<Option<T>, CallError>) -> Self {
        match answer {
            Ok(Some(value)) => Self::Known(value),
            Ok(None) => Self::Absent,
            Err(error) => Self::Unknown(error),
        }
    }

    /// The value, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// The same look at a part or a form of the value.
    pub fn map<U>(self, form: impl FnOnce(T) -> U) -> Seen<U> {
        match self {
            Self::Known(value) => Seen::Known(form(value)),
            Self::Absent => Seen::Absent,
            Self::Unknown(error) => Seen::Unknown(error),
        }
    }
}
