//! Errors as RFC 9457 problem details: one closed list of kinds, each with its status and title.
//!
//! **Refuses:** to tell callers without a token anything but that they have none.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use driftless_domain::{Artifact, CallClass, Chain, NameError, Target};
use driftless_releases::{BadBuild, ChangeError, FetchError, InvalidRecord, StoreError, Unmet};
use driftless_spec::Finding;
use serde::Serialize;
use utoipa::ToSchema;

/// What kind of problem it is. Programs decide by this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// The request breaks a rule that has no kind of its own.
    BadRequest,
    /// The body is not the JSON (or text) that it should be.
    MalformedBody,
    /// No valid token.
    Unauthenticated,
    /// There is no such thing, or no such route.
    NotFound,
    /// The route exists, with other methods.
    MethodNotAllowed,
    /// The body did not arrive in time.
    RequestTimeout,
    /// It does not fit the state of what is stored.
    Conflict,
    /// A resource belongs to another app.
    Claimed,
    /// The tag already stands for another build.
    TagTaken,
    /// Gates are closed.
    Gated,
    /// A stored record does not parse.
    InvalidRecord,
    /// The condition of the request no longer holds.
    Stale,
    /// The body is too large.
    TooLarge,
    /// The body is of another type.
    UnsupportedType,
    /// The spec breaks rules.
    InvalidSpec,
    /// The request does not fit the spec.
    Unfit,
    /// There is no such zip in the artifact bucket.
    BuildMissing,
    /// The artifact bucket has no versioning, so nothing would pin a build.
    BucketUnversioned,
    /// The zip is not the one that was announced, or not one that may be published.
    BuildRefused,
    /// The request must name the state that it was made from.
    ConditionRequired,
    /// A bug.
    Internal,
    /// The records cannot be reached.
    RecordsUnreachable,
    /// As much is being done already as may be at a time.
    Busy,
    /// The artifact bucket, or our copy of what is in it, cannot be read.
    BuildUnreadable,
    /// The answer took too long.
    Timeout,
}

impl ProblemKind {
    /// The last part of the problem's type.
    #[must_use]
    pub fn slug(self) -> &'static str {
        self.row().0
    }

    /// The status that it is answered with.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.row().1
    }

    /// What it is called.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::BadRequest => ("bad-request", S::BAD_REQUEST, "The request is not valid"),
            Self::MalformedBody => ("malformed-body", S::BAD_REQUEST, "The body is not valid"),
            Self::Unauthenticated => ("unauthenticated", S::UNAUTHORIZED, "A valid token is needed"),
            Self::NotFound => ("not-found", S::NOT_FOUND, "There is no such thing"),
            Self::MethodNotAllowed => ("method-not-allowed", S::METHOD_NOT_ALLOWED, "Not with this method"),
            Self::RequestTimeout => ("request-timeout", S::REQUEST_TIMEOUT, "The body did not arrive in time"),
            Self::Conflict => ("conflict", S::CONFLICT, "Somebody else was first"),
            Self::Claimed => ("claimed", S::CONFLICT, "A resource belongs to another target"),
            Self::TagTaken => ("tag-taken", S::CONFLICT, "The tag stands for another build"),
            Self::Gated => ("gated", S::CONFLICT, "A gate is closed"),
            Self::InvalidRecord => ("invalid-record", S::CONFLICT, "A stored record does not parse"),
            Self::Stale => ("stale", S::PRECONDITION_FAILED, "It was changed meanwhile"),
            Self::TooLarge => ("too-large", S::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::UnsupportedType => ("unsupported-type", S::UNSUPPORTED_MEDIA_TYPE, "The body is of another type"),
            Self::InvalidSpec => ("invalid-spec", S::UNPROCESSABLE_ENTITY, "The spec is not valid"),
            Self::Unfit => ("unfit", S::UNPROCESSABLE_ENTITY, "The request does not fit the spec"),
            Self::BuildMissing => ("build-missing", S::UNPROCESSABLE_ENTITY, "The build is not in the artifact bucket"),
            Self::BucketUnversioned => {
                ("bucket-unversioned", S::UNPROCESSABLE_ENTITY, "The artifact bucket has no versioning")
            }
            Self::BuildRefused => ("build-refused", S::UNPROCESSABLE_ENTITY, "The build is refused"),
            Self::ConditionRequired => ("condition-required", S::PRECONDITION_REQUIRED, "If-Match is required"),
            Self::Internal => ("internal", S::INTERNAL_SERVER_ERROR, "A bug in Driftless"),
            Self::RecordsUnreachable => {
                ("records-unreachable", S::SERVICE_UNAVAILABLE, "The records cannot be reached")
            }
            Self::Busy => ("busy", S::SERVICE_UNAVAILABLE, "Too much is being done at once"),
            Self::BuildUnreadable => ("build-unreadable", S::BAD_GATEWAY, "The build cannot be read"),
            Self::Timeout => ("timeout", S::GATEWAY_TIMEOUT, "The answer took too long"),
        }
    }
}

/// A gate that is closed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClosedGate {
    /// Which: `approvals` or `order`.
    gate: &'static str,
    /// Whether a person opens it, rather than time or another target.
    needs_person: bool,
    /// The sentence.
    message: String,
}

/// Problem details (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// What kind it is: `https://driftless.dev/problems/` and a word.
    #[serde(rename = "type")]
    kind: String,
    /// The kind, for people.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened, in one sentence.
    detail: String,
    #[serde(flatten)]
    more: Box<Extensions>,
    #[serde(skip)]
    status_code: StatusCode,
    #[serde(skip)]
    retry_after: Option<u32>,
}

/// What some kinds say besides.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProblemExtensions)]
pub(crate) struct Extensions {
    /// What it is about, when the request does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// What is wrong with the spec, each with its line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    findings: Vec<Finding>,
    /// The gates that are closed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unmet: Vec<ClosedGate>,
    /// The generation or version that is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<u64>,
    /// The resource that is claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    /// Who has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    owner: Option<Target>,
    /// What the tag stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    existing: Option<Box<Artifact>>,
}

impl Problem {
    /// A problem of a kind, with its sentence.
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("https://driftless.dev/problems/{}", kind.slug()),
            title: kind.title(),
            status: kind.status().as_u16(),
            detail: detail.into(),
            more: Box::default(),
            status_code: kind.status(),
            retry_after: None,
        }
    }

    /// Says when it is worth asking again.
    pub(crate) fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    fn with(kind: ProblemKind, detail: impl Into<String>, more: Extensions) -> Self {
        Self { more: Box::new(more), ..Self::new(kind, detail) }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::BadRequest, detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::NotFound, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // The struct holds nothing that JSON cannot: an empty body would still carry the status.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status_code, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status_code == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<NameError> for Problem {
    fn from(error: NameError) -> Self {
        Self::bad_request(error.to_string())
    }
}

impl From<InvalidRecord> for Problem {
    fn from(record: InvalidRecord) -> Self {
        Self::with(
            ProblemKind::InvalidRecord,
            record.to_string(),
            Extensions { instance: Some(record.key), ..Extensions::default() },
        )
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { what } => Self::new(
                ProblemKind::Conflict,
                format!("{what}: somebody changed it at the same moment; look again and repeat"),
            ),
            StoreError::Claimed { ref resource, ref owner } => {
                let (resource, owner) = (Some(resource.clone()), Some(owner.clone()));
                Self::with(
                    ProblemKind::Claimed,
                    error.to_string(),
                    Extensions { resource, owner, ..Extensions::default() },
                )
            }
            StoreError::Invalid(record) => record.into(),
            StoreError::TooManyClaims(_) => Self::new(ProblemKind::InvalidSpec, error.to_string()),
            StoreError::Call(_) => {
                let detail = Chain(&error).to_string();
                tracing::warn!(error = %detail, "the records could not be reached");
                Self::new(ProblemKind::RecordsUnreachable, detail)
            }
        }
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        let detail = error.to_string();
        match error {
            ChangeError::Spec(errors) => Self::with(
                ProblemKind::InvalidSpec,
                detail,
                Extensions { findings: errors.findings, ..Extensions::default() },
            ),
            ChangeError::OtherApp { .. } => Self::bad_request(detail),
            ChangeError::NotFound(_) => Self::not_found(detail),
            ChangeError::Unfit(_) => Self::new(ProblemKind::Unfit, detail),
            ChangeError::Stale { found, .. } => {
                Self::with(ProblemKind::Stale, detail, Extensions { current: Some(found), ..Extensions::default() })
            }
            ChangeError::TagTaken { existing, .. } => Self::with(
                ProblemKind::TagTaken,
                detail,
                Extensions { existing: Some(existing), ..Extensions::default() },
            ),
            ChangeError::Fetch(error) => error.into(),
            ChangeError::BadBuild(BadBuild::Unreadable(error)) => FetchError::Disk(error.to_string()).into(),
            ChangeError::BadBuild(BadBuild::Entry { .. } | BadBuild::Zip(_) | BadBuild::Rule(_)) => {
                Self::new(ProblemKind::BuildRefused, detail)
            }
            ChangeError::Gated(unmet) => {
                let unmet = unmet.iter().map(closed_gate).collect();
                Self::with(ProblemKind::Gated, detail, Extensions { unmet, ..Extensions::default() })
            }
            ChangeError::Invalid(record) => record.into(),
            ChangeError::Store(error) => error.into(),
        }
    }
}

impl From<FetchError> for Problem {
    fn from(error: FetchError) -> Self {
        let detail = Chain(&error).to_string();
        let next = match &error {
            FetchError::Missing(_) => return Self::new(ProblemKind::BuildMissing, detail),
            FetchError::Unversioned(_) => return Self::new(ProblemKind::BucketUnversioned, detail),
            FetchError::TooLarge { .. } => return Self::new(ProblemKind::BuildRefused, detail),
            FetchError::Disk(_) => {
                "is there space where the API keeps temporary files (TMPDIR)? then announce it again"
            }
            FetchError::Call(call) => match call.class {
                CallClass::Denied => {
                    "the API's role must be allowed to read the artifact bucket: s3:GetObject and s3:GetObjectVersion on its \
                     builds, s3:ListBucket and s3:GetBucketVersioning on the bucket, and kms:Decrypt if it is encrypted \
                     with a key of its own; is `artifacts.account` in the spec the account that owns it?"
                }
                CallClass::Invalid => "is `artifacts` in the spec the right bucket, account and region?",
                CallClass::Throttled | CallClass::Transient | CallClass::Ambiguous | CallClass::Conflict => {
                    "announce it again in a while"
                }
            },
        };
        let detail = format!("{detail}; nothing was changed: {next}");
        tracing::warn!(error = %detail, "a build could not be read");
        Self::new(ProblemKind::BuildUnreadable, detail)
    }
}

fn closed_gate(unmet: &Unmet) -> ClosedGate {
    let gate = match unmet {
        Unmet::Approvals { .. } => "approvals",
        Unmet::Order { .. } => "order",
    };
    ClosedGate { gate, needs_person: unmet.needs_person(), message: unmet.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_who_was_first_is_a_conflict_and_not_a_refusal_of_the_request() {
        let conflict = StoreError::Conflict { what: "desired shop/dev".to_owned() };
        let Problem { kind, status, detail, .. } = ChangeError::Store(conflict).into();
        assert_eq!((kind.as_str(), status), ("https://driftless.dev/problems/conflict", 409));
        assert_eq!(detail, "desired shop/dev: somebody changed it at the same moment; look again and repeat");
    }
}
