//! The error codes of S3, and what its answers without a body mean (those to HEAD have none).

use driftless_domain::CallClass;

/// The code that S3 gives where it may say one.
pub(super) fn code_of_status(status: Option<u16>) -> Option<&'static str> {
    match status? {
        301 => Some("PermanentRedirect"),
        307 => Some("TemporaryRedirect"),
        400 => Some("BadRequest"),
        403 => Some("AccessDenied"),
        404 => Some("NotFound"),
        405 => Some("MethodNotAllowed"),
        409 => Some("OperationAborted"),
        412 => Some("PreconditionFailed"),
        416 => Some("InvalidRange"),
        503 => Some("ServiceUnavailable"),
        _ => None,
    }
}

/// The class of a code of S3; `None` for one that means the same everywhere, or whose status says enough.
pub(super) fn class_of(code: &str, lost: CallClass) -> Option<CallClass> {
    let class = match code {
        // S3's way to say "slow down", also without a code: the request was not looked at.
        "SlowDown" | "ServiceUnavailable" | "Busy" => CallClass::Throttled,

        // Somebody else was there first, or is there right now.
        "PreconditionFailed" | "ConditionalRequestConflict" | "OperationAborted" | "NoSuchUpload" => CallClass::Conflict,

        // The bytes that arrived are not those that were announced: refused as a whole.
        "BadDigest" | "XAmzContentSHA256Mismatch" | "XAmzContentChecksumMismatch" | "IncompleteBody"
        // A bucket that was just made is still being announced: nothing was done.
        | "TemporaryRedirect" => CallClass::Transient,

        // Nothing came for too long, or S3 failed after it had said 200 (CopyObject, CompleteMultipartUpload).
        "RequestTimeout" | "InternalError" => lost,

        "InvalidToken" | "AllAccessDisabled" | "AccountProblem" => CallClass::Denied,

        "NoSuchBucket"
        | "NoSuchKey"
        | "NoSuchVersion"
        | "NotFound"
        | "MethodNotAllowed"
        | "InvalidArgument"
        | "InvalidRange"
        | "InvalidRequest"
        | "KeyTooLongError"
        | "PermanentRedirect"
        | "AuthorizationHeaderMalformed" => CallClass::Invalid,
        _ => return None,
    };
    Some(class)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use aws_sdk_s3::error::{ErrorMetadata, SdkError};
    use aws_sdk_s3::operation::head_object::HeadObjectError;
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;
    use crate::classify::{Codes, classify};
    use crate::counting::Kind;

    type Failure = SdkError<HeadObjectError>;

    fn said(code: Option<&str>, status: u16) -> Failure {
        let mut metadata = ErrorMetadata::builder();
        if let Some(code) = code {
            metadata = metadata.code(code).message("words");
        }
        let response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::empty());
        SdkError::service_error(HeadObjectError::generic(metadata.build()), response)
    }

    #[track_caller]
    fn check(error: &Failure, read: CallClass, change: CallClass) {
        let class = |kind| classify(Codes::S3, kind, error).0;
        assert_eq!((class(Kind::Read), class(Kind::Change)), (read, change), "{error:?}");
    }

    #[test]
    fn a_code_of_s3_means_the_same_for_reads_and_changes() {
        use CallClass::{Conflict, Denied, Invalid, Throttled, Transient};
        for (code, status, class) in [
            ("SlowDown", 503, Throttled),
            ("ServiceUnavailable", 503, Throttled),
            ("RequestLimitExceeded", 503, Throttled),
            ("PreconditionFailed", 412, Conflict),
            ("ConditionalRequestConflict", 409, Conflict),
            ("OperationAborted", 409, Conflict),
            ("NoSuchUpload", 404, Conflict),
            ("BadDigest", 400, Transient),
            ("XAmzContentSHA256Mismatch", 400, Transient),
            ("IncompleteBody", 400, Transient),
            ("TemporaryRedirect", 307, Transient),
            ("RequestTimeTooSkewed", 403, Transient),
            ("AccessDenied", 403, Denied),
            ("AllAccessDisabled", 403, Denied),
            ("InvalidToken", 400, Denied),
            ("ExpiredToken", 400, Denied),
            ("SignatureDoesNotMatch", 403, Denied),
            ("InvalidAccessKeyId", 403, Denied),
            ("NoSuchBucket", 404, Invalid),
            ("NoSuchKey", 404, Invalid),
            ("NoSuchVersion", 404, Invalid),
            ("MethodNotAllowed", 405, Invalid),
            ("InvalidArgument", 400, Invalid),
            ("InvalidRange", 416, Invalid),
            ("KeyTooLongError", 400, Invalid),
            ("PermanentRedirect", 301, Invalid),
            ("EntityTooLarge", 400, Invalid),
            ("SomethingNew", 400, Invalid),
        ] {
            check(&said(Some(code), status), class, class);
        }
    }

    #[test]
    fn an_answer_without_a_body_is_read_by_its_status() {
        use CallClass::{Conflict, Denied, Invalid, Throttled};
        for (status, code, class) in [
            (301, "PermanentRedirect", Invalid),
            (400, "BadRequest", Invalid),
            (403, "AccessDenied", Denied),
            (404, "NotFound", Invalid),
            (405, "MethodNotAllowed", Invalid),
            (409, "OperationAborted", Conflict),
            (412, "PreconditionFailed", Conflict),
            (416, "InvalidRange", Invalid),
            (429, "UnknownError", Throttled),
            (503, "ServiceUnavailable", Throttled),
        ] {
            let error = said(None, status);
            check(&error, class, class);
            assert_eq!(classify(Codes::S3, Kind::Read, &error).1.code, code);
        }
    }

    #[test]
    fn what_may_have_happened_is_ambiguous_for_a_change() {
        use CallClass::{Ambiguous, Transient};
        let reset = ConnectorError::io(std::io::Error::from(ErrorKind::ConnectionReset).into());
        for error in [
            said(Some("InternalError"), 500),
            // CopyObject and CompleteMultipartUpload say it after a status of 200.
            said(Some("InternalError"), 200),
            said(Some("RequestTimeout"), 400),
            said(None, 500),
            said(None, 502),
            SdkError::timeout_error("slow"),
            SdkError::dispatch_failure(reset),
        ] {
            check(&error, Transient, Ambiguous);
        }
    }

    #[test]
    fn what_only_s3_means_by_a_code_is_not_said_of_other_services() {
        let class = |codes| classify(codes, Kind::Change, &said(Some("ServiceUnavailable"), 503)).0;
        assert_eq!((class(Codes::S3), class(Codes::Common)), (CallClass::Throttled, CallClass::Ambiguous));
    }
}
