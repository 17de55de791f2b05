//! How a call to AWS fails, reduced to what decisions are made of (STYLE.md 14).

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a failed call means for what we do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallClass {
    /// AWS asked us to slow down. Nothing happened; the account is given time.
    Throttled,
    /// A read that failed on the way, or a change that AWS says it did not make. Try again soon.
    Transient,
    /// A change whose outcome is not known: it may have happened. Look before doing anything else.
    Ambiguous,
    /// Somebody else changed it first. Read again.
    Conflict,
    /// Not allowed. Waits for a person; trying again does not help.
    Denied,
    /// AWS will not accept this, ever. Waits for a person.
    Invalid,
}

impl fmt::Display for CallClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::Ambiguous => "ambiguous",
            Self::Conflict => "conflict",
            Self::Denied => "denied",
            Self::Invalid => "invalid",
        })
    }
}

/// AWS's own words: the error code and message, as they came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {message}")]
pub struct AwsSaid {
    /// The error code (`AccessDeniedException`), or the kind of transport failure.
    pub code: String,
    /// The message.
    pub message: String,
}

/// One call that did not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} of {object} ({class})")]
pub struct CallError {
    /// The operation as IAM names it: `ecs:UpdateService`.
    pub operation: &'static str,
    /// What it was done to, for people: `shop-dev-web in cluster main (123456789012, eu-west-1)`.
    pub object: String,
    /// What it means.
    pub class: CallClass,
    /// What AWS said.
    #[source]
    pub said: AwsSaid,
}

impl CallError {
    /// A failed call.
    pub fn new(
        operation: &'static str,
        object: impl Into<String>,
        class: CallClass,
        code: &str,
        message: &str,
    ) -> Self {
        let said = AwsSaid { code: code.to_owned(), message: message.to_owned() };
        Self { operation, object: object.into(), class, said }
    }
}

/// An error with all its causes in one line: `what: cause: cause of the cause`.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_prints_every_cause_once() {
        let error = CallError::new("ecs:UpdateService", "web", CallClass::Denied, "AccessDeniedException", "no");
        assert_eq!(Chain(&error).to_string(), "ecs:UpdateService of web (denied): AccessDeniedException: no");
    }
}
