//! Identifiers, each with one fallible constructor (`parse`) and no setters; serde goes through it.
//!
//! The rules come from the AWS resource they name (cited at each) or, for our own names, from `docs/design/faults.md`
//! ("HTTP API": no control characters, no bidi, nothing that needs escaping anywhere).

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not a valid name of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {shown:?} is not valid: {rule}")]
pub struct NameError {
    /// What it should have been, for people ("app name").
    pub kind: &'static str,
    /// What was given, cut to 80 characters.
    pub shown: String,
    /// The rule that it breaks.
    pub rule: &'static str,
}

impl NameError {
    pub(crate) fn new(kind: &'static str, text: &str, rule: &'static str) -> Self {
        Self { kind, shown: text.chars().take(80).collect(), rule }
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What it is called in messages.
            pub const KIND: &'static str = $kind;
            /// The rule that [`parse`](Self::parse) enforces, for messages and schemas.
            pub const RULE: &'static str = $rule;

            /// Parses the text.
            ///
            /// # Errors
            /// [`NameError`] with the rule, when the text breaks it.
            pub fn parse<'a>(text: impl Into<Cow<'a, str>>) -> Result<Self, NameError> {
                let text: Cow<'a, str> = text.into();
                let check: fn(&str) -> bool = $check;
                if check(&text) { Ok(Self(text.into_owned())) } else { Err(NameError::new($kind, &text, $rule)) }
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

pub(crate) use name;

fn our_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    (2..=40).contains(&bytes.len())
        && bytes[0].is_ascii_lowercase()
        && bytes[bytes.len() - 1] != b'-'
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

fn aws_word(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn lower_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// No control, bidirectional or zero-width characters: a person reads this text and must see all of it.
fn plain_text(text: &str, longest: usize) -> bool {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    !text.trim().is_empty() && text.chars().count() <= longest && !text.chars().any(hidden)
}

fn repository(text: &str) -> bool {
    let part = |p: &str| {
        !p.is_empty()
            && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
            && p.as_bytes()[0].is_ascii_alphanumeric()
    };
    let host = |p: &str| {
        let (name, port) = p.split_once(':').unwrap_or((p, "0"));
        part(name) && !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())
    };
    let mut parts = text.split('/');
    let first = parts.next().unwrap_or_default();
    text.len() <= 400 && host(first) && parts.clone().all(part) && (parts.next().is_some() || !first.contains(':'))
}

fn parameter_name(text: &str) -> bool {
    let Some(path) = text.strip_prefix('/') else { return false };
    let levels: Vec<&str> = path.split('/').collect();
    let reserved = levels[0].to_ascii_lowercase();
    text.len() <= 1011
        && levels.len() <= 15
        && levels.iter().all(|level| {
            !level.is_empty() && level.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        })
        && !reserved.starts_with("aws")
        && !reserved.starts_with("ssm")
}

fn bucket_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
        && bytes[0] != b'-'
        && bytes[bytes.len() - 1] != b'-'
        && !text.starts_with("xn--")
}

name!(
    /// An application.
    AppName, "app name", "2 to 40 of a-z, 0-9 and -, beginning with a letter and not ending with -", our_name
);
name!(
    /// An environment of an application: `dev`, `staging`, `prod`.
    EnvName, "environment name", "2 to 40 of a-z, 0-9 and -, beginning with a letter and not ending with -", our_name
);
name!(
    /// A service of an app as the spec calls it (`web`), the same in every environment.
    ServiceName, "service name", "2 to 40 of a-z, 0-9 and -, beginning with a letter and not ending with -", our_name
);
name!(
    /// A container in a task definition.
    ContainerName, "container name", "1 to 255 letters, digits, - and _ (ECS ContainerDefinition.name)", aws_word
);
name!(
    /// An ECS cluster, by its short name.
    ClusterName, "cluster name", "1 to 255 letters, digits, - and _ (ECS CreateCluster), not an ARN", aws_word
);
name!(
    /// An ECS service as ECS calls it (`shop-dev-web`).
    EcsServiceName, "ECS service name", "1 to 255 letters, digits, - and _ (ECS CreateService), not an ARN", aws_word
);
name!(
    /// A task definition family.
    TaskFamily, "task definition family", "1 to 255 letters, digits, - and _ (ECS RegisterTaskDefinition)", aws_word
);
name!(
    /// An AWS account.
    AccountId, "account id", "12 digits, quoted in YAML", |t| t.len() == 12 && t.bytes().all(|b| b.is_ascii_digit())
);
name!(
    /// An AWS region, `eu-west-1`.
    Region, "region", "like eu-west-1", |t| {
        let parts: Vec<&str> = t.split('-').collect();
        (3..=4).contains(&parts.len())
            && parts[0].len() == 2
            && parts[..parts.len() - 1].iter().all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase()))
            && parts[parts.len() - 1].len() == 1
            && parts[parts.len() - 1].bytes().all(|b| b.is_ascii_digit())
    }
);
name!(
    /// An IAM role, by its ARN.
    RoleArn, "role", "an ARN like arn:aws:iam::123456789012:role/driftless", |t| {
        let parts: Vec<&str> = t.splitn(6, ':').collect();
        parts.len() == 6
            && parts[0] == "arn"
            && parts[1].starts_with("aws")
            && parts[2] == "iam"
            && parts[3].is_empty()
            && parts[4].len() == 12
            && parts[4].bytes().all(|b| b.is_ascii_digit())
            && parts[5].strip_prefix("role/").is_some_and(|r| !r.is_empty() && r.len() <= 576
                && r.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@-_/".contains(&b)))
    }
);
name!(
    /// An SSM parameter, by its full path.
    ParameterName, "parameter name",
    "a path of 1 to 15 levels beginning with /, of letters, digits, . _ and -, the first not beginning with aws or ssm",
    parameter_name
);
name!(
    /// What a build is called: the tag of its images, and the value of the version parameter (`sha-abc1234`).
    Tag, "tag", "1 to 128 letters, digits, . _ and -, beginning with a letter, digit or _ (the rule for image tags)",
    |t| (1..=128).contains(&t.len())
        && t.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        && !matches!(t.as_bytes()[0], b'.' | b'-')
);
name!(
    /// A git commit, shortened or in full.
    GitSha, "git sha", "7 to 40 of 0-9 and a-f", |t| (7..=40).contains(&t.len()) && lower_hex(t)
);
name!(
    /// The digest of an image manifest.
    Digest, "digest", "sha256: and 64 of 0-9 and a-f",
    |t| t.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && lower_hex(hex))
);
name!(
    /// An image repository without tag or digest (`123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme/web`).
    Repository, "image repository", "a registry path without tag or digest, in lower case", repository
);
name!(
    /// An S3 bucket.
    BucketName, "bucket name",
    "3 to 63 of a-z, 0-9 and -, not at either end; no dots (TLS), no s3:// (S3 bucket naming rules)", bucket_name
);
name!(
    /// A CloudFront distribution.
    DistributionId, "distribution id", "10 to 20 capital letters and digits, like E2EXAMPLE1ABCD",
    |t| (10..=20).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
);
name!(
    /// Who did something: a person, a CI job or the controller. For display and audit, never for authorization.
    Actor, "actor", "1 to 128 characters that can be seen", |t| plain_text(t, 128)
);
name!(
    /// Why somebody did something, in their words. Shown as plain text everywhere, evaluated nowhere.
    Reason, "reason", "1 to 500 characters that can be seen", |t| plain_text(t, 500)
);

/// One (application, environment): the unit that converges. Written `app/env`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Target {
    /// The application.
    pub app: AppName,
    /// The environment.
    pub env: EnvName,
}

impl Target {
    /// The target of an app in an environment.
    #[must_use]
    pub fn new(app: AppName, env: EnvName) -> Self {
        Self { app, env }
    }

    /// Parses `app/env`.
    ///
    /// # Errors
    /// [`NameError`] when it is not two names with a slash between.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let (app, env) = text.split_once('/').ok_or_else(|| NameError::new("target", text, "written app/env"))?;
        Ok(Self { app: AppName::parse(app)?, env: EnvName::parse(env)? })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { app, env } = self;
        write!(f, "{app}/{env}")
    }
}

impl TryFrom<String> for Target {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<Target> for String {
    fn from(target: Target) -> String {
        target.to_string()
    }
}

/// The count of changes to a desired record. It grows by one per change and is never used twice (S4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u64);

impl Generation {
    /// The generation of the change after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The full ARN of one task definition revision. A bare family means "latest ACTIVE" to ECS, so it is never passed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskDefArn {
    arn: String,
    family_at: usize,
    revision_at: usize,
    revision: u32,
}

impl TaskDefArn {
    /// Parses `arn:aws:ecs:REGION:ACCOUNT:task-definition/FAMILY:REVISION`.
    ///
    /// # Errors
    /// [`NameError`] when it is anything else, a family without revision included.
    pub fn parse<'a>(text: impl Into<Cow<'a, str>>) -> Result<Self, NameError> {
        let text: Cow<'a, str> = text.into();
        let error = || NameError::new("task definition", &text, "a full ARN that ends in family:revision");
        let marker = ":task-definition/";
        let family_at = text.find(marker).ok_or_else(error)? + marker.len();
        let colon = text[family_at..].rfind(':').ok_or_else(error)? + family_at;
        let revision: u32 = text[colon + 1..].parse().map_err(|_| error())?;
        if !text.starts_with("arn:aws") || revision == 0 || !aws_word(&text[family_at..colon]) {
            return Err(error());
        }
        Ok(Self { family_at, revision_at: colon + 1, revision, arn: text.into_owned() })
    }

    /// The ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.arn
    }

    /// The family.
    #[must_use]
    pub fn family(&self) -> TaskFamily {
        TaskFamily(self.arn[self.family_at..self.revision_at - 1].to_owned())
    }

    /// The revision, from 1.
    #[must_use]
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// `family:revision`, for people.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.arn[self.family_at..]
    }

    /// The revision of the same family with another number (to find the base that a tag names).
    #[must_use]
    pub fn sibling(&self, short: &str) -> Option<Self> {
        Self::parse(format!("{}{short}", &self.arn[..self.family_at])).ok()
    }
}

impl fmt::Display for TaskDefArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.short())
    }
}

impl TryFrom<String> for TaskDefArn {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl From<TaskDefArn> for String {
    fn from(arn: TaskDefArn) -> String {
        arn.arn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_names_are_lower_case_words() {
        for good in ["ab", "web", "my-app2", &"a".repeat(40)] {
            assert!(AppName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "A1", "1a", "a-", "-a", "a_b", "a/b", "a\u{200b}b", "..", &"a".repeat(41)] {
            assert!(AppName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parameter_names_follow_the_rules_of_ssm() {
        for good in ["/a", "/shop/dev/container-image-tag", "/a.b/c_d"] {
            assert!(ParameterName::parse(good).is_ok(), "{good}");
        }
        let deep = "/a".repeat(16);
        for bad in ["", "a", "/", "//a", "/a/", "/a b", "/aws/x", "/SSM-x", "/{app}", &deep] {
            assert!(ParameterName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_task_definition_is_named_with_its_revision() {
        let arn = TaskDefArn::parse("arn:aws:ecs:eu-west-1:123456789012:task-definition/web:12").unwrap();
        assert_eq!((arn.family().as_str(), arn.revision(), arn.short()), ("web", 12, "web:12"));
        assert_eq!(arn.sibling("web:3").unwrap().revision(), 3);
        for bad in [
            "web",
            "web:1",
            "arn:aws:ecs:eu-west-1:123456789012:task-definition/web",
            "arn:aws:ecs:x:y:task-definition/web:0",
        ] {
            assert!(TaskDefArn::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn repositories_carry_no_tag_and_no_digest() {
        for good in
            ["nginx", "jboss/wildfly", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme/web", "localhost:5000/a"]
        {
            assert!(Repository::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "nginx:1", "a/b:latest", "a@sha256:00", "A/b", "a//b", "/a"] {
            assert!(Repository::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn regions_accounts_and_roles() {
        assert!(Region::parse("eu-west-1").is_ok() && Region::parse("us-gov-west-1").is_ok());
        assert!(
            Region::parse("eu-west").is_err()
                && Region::parse("EU-WEST-1").is_err()
                && Region::parse("eu-west-1a").is_err()
        );
        assert!(AccountId::parse("012345678901").is_ok() && AccountId::parse("12345678901").is_err());
        assert!(RoleArn::parse("arn:aws:iam::012345678901:role/driftless/x").is_ok());
        assert!(RoleArn::parse("arn:aws:iam::012345678901:user/x").is_err());
        assert!(Reason::parse("because\u{202e}").is_err() && Reason::parse(" ").is_err());
    }
}
