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
