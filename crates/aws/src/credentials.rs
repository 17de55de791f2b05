//! The credentials for a workload account: a role taken through STS with ExternalId and SourceIdentity, kept until ten
//! minutes before its end.
//!
//! The SDK's own provider cannot set SourceIdentity, which is what CloudTrail shows of us through every role chain.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};

use driftless_domain::{CallClass, RoleBinding};

use crate::classify::{Codes, classify};
use crate::counting::Kind;

/// How long a role is asked for: chained roles live at most one hour, whatever the role says (aws-facts.md, STS).
const SESSION: Duration = Duration::from_secs(60 * 60);
/// Old credentials that are still good for this long are used on when STS cannot be reached.
const STILL_GOOD: Duration = Duration::from_secs(60);

/// STS did not give us the role.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub(crate) struct RoleRefused {
    pub(crate) class: CallClass,
    pub(crate) words: String,
}

/// A role in another account.
#[derive(Debug)]
pub(crate) struct AssumedRole {
    sts: aws_sdk_sts::Client,
    role: RoleBinding,
    identity: Option<String>,
    last: Mutex<Option<Session>>,
}

#[derive(Debug, Clone)]
struct Session {
    credentials: Credentials,
    ends: SystemTime,
}

impl AssumedRole {
    /// `sts` speaks with the controller's own credentials.
    pub(crate) fn new(sts: aws_sdk_sts::Client, role: RoleBinding, identity: Option<&str>) -> Self {
        Self { sts, role, identity: identity.and_then(session_name), last: Mutex::new(None) }
    }

    #[expect(clippy::disallowed_methods, reason = "the SDK compares the end of a session with the system's clock")]
    async fn credentials(&self) -> provider::Result {
        let now = SystemTime::now();
        match self.assume(now).await {
            Ok(session) => {
                let credentials = session.refreshed_after(now);
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
                Ok(credentials)
            }
            Err(refused) => match self.still_good(&refused, now) {
                Some(credentials) => Ok(credentials),
                None => Err(CredentialsError::provider_error(refused)),
            },
        }
    }

    async fn assume(&self, now: SystemTime) -> Result<Session, RoleRefused> {
        let Self { sts, role, identity, last: _ } = self;
        let answer = sts
            .assume_role()
            .role_arn(role.arn.as_str())
            .role_session_name(identity.as_deref().unwrap_or("driftless"))
            .set_source_identity(identity.clone())
            .set_external_id(role.external_id.clone())
            .duration_seconds(i32::try_from(SESSION.as_secs()).unwrap_or(3600))
            .send()
            .await
            .map_err(|error| {
                let (class, said) = classify(Codes::Common, Kind::Read, &error);
                RoleRefused { class, words: format!("taking the role {}: {said}", role.arn) }
            })?;
        let given = answer.credentials.ok_or_else(|| RoleRefused {
            class: CallClass::Transient,
            words: format!("taking the role {}: the answer holds no credentials", role.arn),
        })?;
        let ends = SystemTime::try_from(given.expiration).unwrap_or(now + SESSION);
        let (key, secret, token) = (given.access_key_id, given.secret_access_key, given.session_token);
        Ok(Session { credentials: Credentials::new(key, secret, Some(token), Some(ends), "driftless"), ends })
    }

    /// The former session, when STS only could not be reached and it has not ended.
    fn still_good(&self, refused: &RoleRefused, now: SystemTime) -> Option<Credentials> {
        let unreachable = matches!(refused.class, CallClass::Transient | CallClass::Throttled);
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let left = last.ends.duration_since(now).ok()?;
        (unreachable && left > STILL_GOOD * 2).then(|| last.until(now + STILL_GOOD))
    }
}

impl Session {
    /// The credentials, to be asked for again at five sixths of their life: 50 of 60 minutes.
    fn refreshed_after(&self, now: SystemTime) -> Credentials {
        let life = self.ends.duration_since(now).unwrap_or_default();
        self.until(now + life * 5 / 6)
    }

    fn until(&self, refresh: SystemTime) -> Credentials {
        let Self { credentials, ends: _ } = self;
        Credentials::new(
            credentials.access_key_id(),
            credentials.secret_access_key(),
            credentials.session_token().map(str::to_owned),
            Some(refresh),
            "driftless",
        )
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

/// The identity as STS takes it in SourceIdentity and RoleSessionName: 2 to 64 of letters, digits and `_+=,.@-`.
fn session_name(identity: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let name: String = identity.chars().map(|c| if allowed(c) { c } else { '-' }).take(64).collect();
    (name.len() >= 2).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_of_an_hour_is_renewed_at_50_minutes() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let session = Session { credentials: Credentials::new("a", "b", None, None, "t"), ends: now + SESSION };
        assert_eq!(session.refreshed_after(now).expiry(), Some(now + Duration::from_secs(50 * 60)));
    }

    #[test]
    fn an_identity_becomes_a_name_that_sts_takes() {
        assert_eq!(session_name("driftless/replica 1"), Some("driftless-replica-1".to_owned()));
        assert_eq!(session_name("x"), None);
        assert_eq!(session_name(&"a".repeat(100)).map(|n| n.len()), Some(64));
    }
}
