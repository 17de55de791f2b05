//! What happened, in order: requests as they arrive and as they are answered, and objects as they appear and go.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::{Method, Uri};

use super::clock::Stopwatch;

/// Which request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RequestId(u64);

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    /// An object in one piece.
    Put,
    /// The beginning of an object in parts, a part, its end, its abandonment.
    Begin,
    Part,
    Complete,
    Abort,
    Copy,
    Get,
    Head,
    Delete,
    DeleteMany,
    List,
    /// Anything about a bucket that is not its list.
    Bucket,
    /// Not S3: DynamoDB, SSM or STS.
    Other,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// Since the server started.
    pub(crate) at: Duration,
    pub(crate) request: RequestId,
    pub(crate) what: What,
}

/// What happened.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// The head of a request was read.
    Arrived { operation: Operation, bucket: String, key: String },
    /// From here on, everybody sees this object with these bytes.
    Appeared { bucket: String, key: String },
    /// From here on, nobody sees it any more.
    Gone { bucket: String, key: String },
    /// The answer is on its way.
    Answered { status: u16 },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, request: RequestId(request), what } = self;
        write!(f, "{:10.3} ms  request {request:<7} ", at.as_secs_f64() * 1e3)?;
        match what {
            What::Arrived { operation, bucket, key } => write!(f, "{operation:?} {bucket} {key}"),
            What::Appeared { bucket, key } => write!(f, "appeared: {bucket} {key}"),
            What::Gone { bucket, key } => write!(f, "gone: {bucket} {key}"),
            What::Answered { status } => write!(f, "answered {status}"),
        }
    }
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Log {
    clock: Stopwatch,
    events: Mutex<Vec<Event>>,
    requests: AtomicU64,
    connections: AtomicU64,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self {
            clock: Stopwatch::start(),
            events: Mutex::default(),
            requests: AtomicU64::default(),
            connections: AtomicU64::default(),
        }
    }

    /// A request came in.
    pub(crate) fn arrived(&self, operation: Operation, bucket: String, key: String) -> RequestId {
        let request = RequestId(self.requests.fetch_add(1, Ordering::Relaxed));
        self.add(request, What::Arrived { operation, bucket, key });
        request
    }

    pub(crate) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add(&self, request: RequestId, what: What) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.push(Event { at: self.clock.elapsed(), request, what });
    }

    /// What happened since the last time this was asked, and how many connections were made.
    pub(crate) fn take(&self) -> (Vec<Event>, u64) {
        let events = std::mem::take(&mut *self.events.lock().unwrap_or_else(PoisonError::into_inner));
        (events, self.connections.swap(0, Ordering::Relaxed))
    }
}

/// What a request to S3 asks for, with its bucket and key.
pub(crate) fn read(method: &Method, uri: &Uri, copies: bool) -> (Operation, String, String) {
    let path = uri.path().trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let query = uri.query().unwrap_or_default();
    let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
    let operation = match (method, key.is_empty()) {
        (&Method::PUT, false) if has("partNumber") => Operation::Part,
        (&Method::PUT, false) if copies => Operation::Copy,
        (&Method::PUT, false) => Operation::Put,
        (&Method::POST, false) if has("uploads") => Operation::Begin,
        (&Method::POST, false) => Operation::Complete,
        (&Method::GET, false) => Operation::Get,
        (&Method::HEAD, false) => Operation::Head,
        (&Method::DELETE, false) if has("uploadId") => Operation::Abort,
        (&Method::DELETE, false) => Operation::Delete,
        (&Method::POST, true) if has("delete") => Operation::DeleteMany,
        (&Method::GET, true) if !has("location") && !has("versioning") => Operation::List,
        _ => Operation::Bucket,
    };
    (operation, bucket.to_owned(), decoded(key))
}

/// Without `%20` and the like.
fn decoded(key: &str) -> String {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16)).unwrap_or_default();
        bytes.push(if byte == b'%' { (hex(rest.next()) * 16 + hex(rest.next())) as u8 } else { byte });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use hyper::{Method, Uri};

    use super::{Operation, read};

    #[test]
    fn requests_are_told_apart() {
        let read = |method: Method, uri: &'static str| read(&method, &Uri::from_static(uri), false);
        let site = |operation, key: &str| (operation, "site".to_owned(), key.to_owned());
        assert_eq!(read(Method::PUT, "/site/a%20b/c.html"), site(Operation::Put, "a b/c.html"));
        assert_eq!(read(Method::PUT, "/site/a?partNumber=1&uploadId=u"), site(Operation::Part, "a"));
        assert_eq!(read(Method::GET, "/site?list-type=2"), site(Operation::List, ""));
        assert_eq!(read(Method::GET, "/site/?list-type=2"), site(Operation::List, ""));
        assert_eq!(read(Method::POST, "/site?delete"), site(Operation::DeleteMany, ""));
        assert_eq!(read(Method::DELETE, "/site/a?uploadId=u"), site(Operation::Abort, "a"));
        assert_eq!(read(Method::GET, "/site?location"), site(Operation::Bucket, ""));
    }
}
