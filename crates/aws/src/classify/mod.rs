//! What a failed call means (STYLE.md 14): the SDK's error, reduced to a [`CallClass`] and AWS's own words.
//!
//! **Refuses:** to call a change failed when it may have happened. Only an answer of AWS that says so, or the certainty that
//! nothing was sent, makes a change anything but [`CallClass::Ambiguous`].

mod s3;

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};

use driftless_domain::{AwsSaid, CallClass};

use crate::counting::Kind;
use crate::credentials::RoleRefused;

/// The longest message that is kept: enough for every message of ECS, and no page of a proxy.
const LONGEST_MESSAGE: usize = 1000;

/// Whose error codes they are. One table serves every service, for their codes do not contradict each other; but what S3
/// means by a code or a bare status is sometimes more than others mean by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Codes {
    /// Those of every service.
    Common,
    /// Those of S3 first.
    S3,
}

/// Reduces a failure.
pub(crate) fn classify<E>(codes: Codes, kind: Kind, error: &SdkError<E>) -> (CallClass, AwsSaid)
where
    E: ProvideErrorMetadata + Error + 'static,
{
    // Whether it was applied is not known: for a read that does not matter.
    let lost = match kind {
        Kind::Read => CallClass::Transient,
        Kind::Change => CallClass::Ambiguous,
    };
    let status = error.raw_response().map(|response| response.status().as_u16());
    let (class, code) = match error {
        SdkError::ConstructionFailure(_) => (CallClass::Invalid, "NotSent"),
        SdkError::TimeoutError(_) => (lost, "Timeout"),
        SdkError::DispatchFailure(_) => match never_sent(error) {
            Some(class) => (class, "NotSent"),
            None => (lost, "ConnectionFailed"),
        },
        SdkError::ServiceError(service) => {
            let (code, message) = (service.err().code(), service.err().message());
            let code = code.or_else(|| if codes == Codes::S3 { s3::code_of_status(status) } else { None });
            let class = code.and_then(|code| match codes {
                Codes::Common => class_of(code, message.unwrap_or_default(), lost),
                Codes::S3 => s3::class_of(code, lost).or_else(|| class_of(code, message.unwrap_or_default(), lost)),
            });
            let class = class.or_else(|| class_of_status(status, lost)).unwrap_or(CallClass::Invalid);
            (class, code.unwrap_or("UnknownError"))
        }
        // An answer without an error code: a proxy's page, a cut answer, or one that the SDK cannot parse.
        SdkError::ResponseError(_) => (class_of_status(status, lost).unwrap_or(lost), "UnreadableAnswer"),
        _ => (lost, "UnknownError"),
    };
    let message = match error.as_service_error() {
        Some(service) => service.message().map_or_else(|| chain(service), str::to_owned),
        None => chain(error),
    };
    (class, AwsSaid { code: code.to_owned(), message: message.chars().take(LONGEST_MESSAGE).collect() })
}

/// The class of an error code, where the code alone decides it.
fn class_of(code: &str, message: &str, lost: CallClass) -> Option<CallClass> {
    let class = match code {
        "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "ThrottlingError"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "BandwidthLimitExceeded"
        | "PriorRequestNotComplete"
        | "ProvisionedThroughputExceededException"
        | "ProvisionedThroughputExceeded"
        | "TooManyInvalidationsInProgress"
        | "SlowDown" => CallClass::Throttled,

        "UnauthorizedOperation"
        | "NotAuthorized"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "InvalidAccessKeyId"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "OptInRequired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException"
        | "RegionDisabledException" => CallClass::Denied,
        _ if code.starts_with("AccessDenied") => CallClass::Denied,

        "UpdateInProgressException"
        | "ConflictException"
        | "ConditionalCheckFailedException"
        | "OperationAbortedException"
        | "ResourceInUseException"
        | "TooManyUpdates"
        | "InvalidationBatchAlreadyExists"
        | "TransactionConflictException" => CallClass::Conflict,
        // ECS has no code of its own for two registrations in one family at once.
        "ClientException" if message.starts_with("Too many concurrent attempts") => CallClass::Conflict,

        // The request was refused for its date, unseen otherwise.
        "RequestExpired" | "RequestInTheFuture" | "RequestTimeTooSkewed" => CallClass::Transient,
        // The transaction of our own token is being done, and may still commit.
        "TransactionInProgressException" => lost,
        _ => return None,
    };
    Some(class)
}

/// The class of an HTTP status, for answers whose code says nothing.
fn class_of_status(status: Option<u16>, lost: CallClass) -> Option<CallClass> {
    match status? {
        401 | 403 => Some(CallClass::Denied),
        429 => Some(CallClass::Throttled),
        408 | 500..=599 => Some(lost),
        _ => None,
    }
}

/// The class of a failure that certainly came before anything was sent; `None` when that is not certain.
fn never_sent<E>(error: &SdkError<E>) -> Option<CallClass>
where
    E: Error + 'static,
{
    let mut refused = None;
    let mut cause = error.source();
    while let Some(current) = cause {
        if let Some(role) = current.downcast_ref::<RoleRefused>() {
            return Some(role.class);
        }
        if current.is::<CredentialsError>() {
            refused = Some(CallClass::Transient);
        }
        // A connection that was refused carried no request.
        if current.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::ConnectionRefused) {
            refused = Some(CallClass::Transient);
        }
        cause = current.source();
    }
    refused
}

/// The error and its causes in one line, each said once.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        let words = current.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = current.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::error::ErrorMetadata;
    use aws_sdk_ecs::operation::update_service::UpdateServiceError;
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    type Failure = SdkError<UpdateServiceError>;

    fn response(status: u16) -> HttpResponse {
        HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty())
    }

    fn said(code: &str, message: &str, status: u16) -> Failure {
        let metadata = ErrorMetadata::builder().code(code).message(message).build();
        SdkError::service_error(UpdateServiceError::generic(metadata), response(status))
    }

    fn io(kind: std::io::ErrorKind) -> Failure {
        SdkError::dispatch_failure(ConnectorError::io(std::io::Error::from(kind).into()))
    }

    #[track_caller]
    fn check(error: &Failure, read: CallClass, change: CallClass) {
        assert_eq!(
            (classify(Codes::Common, Kind::Read, error).0, classify(Codes::Common, Kind::Change, error).0),
            (read, change),
            "{error:?}"
        );
    }

    #[test]
    fn a_code_of_aws_means_the_same_for_reads_and_changes() {
        use CallClass::{Conflict, Denied, Invalid, Throttled, Transient};
        for (code, class) in [
            ("ThrottlingException", Throttled),
            ("Throttling", Throttled),
            ("RequestLimitExceeded", Throttled),
            ("TooManyRequestsException", Throttled),
            ("ProvisionedThroughputExceededException", Throttled),
            ("AccessDeniedException", Denied),
            ("AccessDenied", Denied),
            ("UnauthorizedOperation", Denied),
            ("ExpiredTokenException", Denied),
            ("UnrecognizedClientException", Denied),
            ("InvalidClientTokenId", Denied),
            ("UpdateInProgressException", Conflict),
            ("ConflictException", Conflict),
            ("ConditionalCheckFailedException", Conflict),
            ("TransactionConflictException", Conflict),
            ("InvalidationBatchAlreadyExists", Conflict),
            ("TooManyInvalidationsInProgress", Throttled),
            ("NoSuchDistribution", Invalid),
            ("RequestTimeTooSkewed", Transient),
            ("ValidationException", Invalid),
            ("ClientException", Invalid),
            ("InvalidParameterException", Invalid),
            ("ClusterNotFoundException", Invalid),
            ("ServiceNotFoundException", Invalid),
            ("ServiceNotActiveException", Invalid),
            ("LimitExceededException", Invalid),
            ("UnknownOperationException", Invalid),
            ("SomethingNew", Invalid),
        ] {
            check(&said(code, "words", 400), class, class);
        }
    }

    #[test]
    fn a_change_whose_outcome_is_not_known_is_ambiguous_and_a_read_is_tried_again() {
        use CallClass::{Ambiguous, Transient};
        for error in [
            SdkError::timeout_error("slow"),
            io(std::io::ErrorKind::ConnectionReset),
            SdkError::dispatch_failure(ConnectorError::timeout("slow".into())),
            SdkError::dispatch_failure(ConnectorError::other("hung up".into(), None)),
            said("TransactionInProgressException", "words", 400),
            said("ServerException", "words", 500),
            said("InternalServerError", "words", 503),
            SdkError::response_error("no code", response(502)),
            SdkError::response_error("not JSON", response(200)),
            SdkError::response_error("not JSON", response(400)),
        ] {
            check(&error, Transient, Ambiguous);
        }
    }

    #[test]
    fn what_was_never_sent_changed_nothing() {
        check(&io(std::io::ErrorKind::ConnectionRefused), CallClass::Transient, CallClass::Transient);
        let none = CredentialsError::not_loaded("no credentials");
        let error = SdkError::dispatch_failure(ConnectorError::other(none.into(), None));
        check(&error, CallClass::Transient, CallClass::Transient);
        check(&SdkError::construction_failure("bug"), CallClass::Invalid, CallClass::Invalid);
    }

    #[test]
    fn a_role_that_may_not_be_taken_is_denied_however_deep_it_is_said() {
        let role = RoleRefused { class: CallClass::Denied, words: "AccessDenied: no".to_owned() };
        let error: Failure =
            SdkError::dispatch_failure(ConnectorError::other(CredentialsError::provider_error(role).into(), None));
        check(&error, CallClass::Denied, CallClass::Denied);
        assert!(classify(Codes::Common, Kind::Change, &error).1.message.contains("AccessDenied: no"));
    }

    #[test]
    fn statuses_speak_where_codes_do_not() {
        check(&SdkError::response_error("page", response(403)), CallClass::Denied, CallClass::Denied);
        check(&SdkError::response_error("page", response(429)), CallClass::Throttled, CallClass::Throttled);
    }

    #[test]
    fn two_registrations_in_one_family_at_once_are_a_conflict() {
        let words = "Too many concurrent attempts to create a new revision of the specified family.";
        check(&said("ClientException", words, 400), CallClass::Conflict, CallClass::Conflict);
    }

    #[test]
    fn awss_words_are_kept_up_to_a_length() {
        let (_, said) = classify(Codes::Common, Kind::Read, &said("ClientException", &"x".repeat(5000), 400));
        assert_eq!((said.code.as_str(), said.message.len()), ("ClientException", LONGEST_MESSAGE));
    }
}
