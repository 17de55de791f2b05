//! What was planned to go wrong, and what that means for one call.

use std::collections::BTreeMap;
use std::time::Duration;

use driftless_domain::{CallClass, CallError};
use jiff::Timestamp;

use crate::call::{Kind, Request, dice};

use super::{Failure, Throttle, Where};

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing special.
    Pass,
    /// AWS refuses it, or the way is closed: nothing happens.
    Refuse(CallClass),
    /// The request or its answer is lost.
    Lose(Where),
    /// The read happened and fails with this class all the same.
    Spoil(CallClass),
    /// The process ends.
    Crash(Where),
    /// No answer, for a while or for ever.
    Hang(Option<Duration>),
}

impl Verdict {
    pub(crate) fn failing(at: Where, failure: Failure) -> Self {
        match (at, failure) {
            (_, Failure::Lost) => Self::Lose(at),
            (Where::Before, Failure::As(class)) => Self::Refuse(class),
            (Where::After, Failure::As(class)) => Self::Spoil(class),
        }
    }
}

/// Which calls a rule is about.
#[derive(Debug, Clone)]
pub(crate) struct Matching {
    operation: String,
    object: String,
}

impl Matching {
    pub(crate) fn new(operation: &str, object: &str) -> Self {
        Self { operation: operation.to_owned(), object: object.to_owned() }
    }

    fn matches(&self, request: &Request) -> bool {
        let Self { operation, object } = self;
        request.operation.contains(operation.as_str()) && request.object.contains(object.as_str())
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Stale {
    pub(crate) max_lag: Duration,
    pub(crate) percent: u8,
}

#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) made: u64,
    pub(crate) crashes: u64,
    pub(crate) down: bool,
    pub(crate) planned: BTreeMap<u64, Verdict>,
    pub(crate) next: Vec<(Matching, Verdict)>,
    pub(crate) denied: Vec<Matching>,
    pub(crate) unreachable: Vec<Matching>,
    pub(crate) hung: Vec<(Matching, Option<Duration>)>,
    pub(crate) throttles: Vec<Throttle>,
    pub(crate) missing: Vec<(String, u32)>,
    pub(crate) stale: Option<Stale>,
    pub(crate) lost_percent: u8,
}

impl Rules {
    /// The fate of one call. What was planned for this very call comes first, then what a real call meets in that order:
    /// the network, its limits, its rights, and the way back.
    pub(crate) fn verdict(&mut self, request: &Request, number: u64, now: Timestamp, seed: u64) -> Verdict {
        if let Some(planned) = self.planned.remove(&number) {
            return planned;
        }
        if let Some(at) = self.next.iter().position(|(matching, _)| matching.matches(request)) {
            return self.next.remove(at).1;
        }
        if let Some((_, limit)) = self.hung.iter().find(|(matching, _)| matching.matches(request)) {
            return Verdict::Hang(*limit);
        }
        if self.unreachable.iter().any(|matching| matching.matches(request)) {
            return Verdict::Refuse(CallClass::Transient);
        }
        // Every limit counts the call, also when an earlier one stops it already.
        let stops = |throttle: &mut Throttle| throttle.stops(request, now, number, seed);
        if self.throttles.iter_mut().map(stops).fold(false, |any, stops| any | stops) {
            return Verdict::Refuse(CallClass::Throttled);
        }
        if self.denied.iter().any(|matching| matching.matches(request)) {
            return Verdict::Refuse(CallClass::Denied);
        }
        let mut dice = dice(seed, &["lose", request.operation], number);
        if dice.u8(0..100) < self.lost_percent {
            return Verdict::Lose(if dice.bool() { Where::Before } else { Where::After });
        }
        Verdict::Pass
    }

    pub(crate) fn cease(&mut self) {
        // In full, so that a new rule ceases too or is kept on purpose.
        let Self {
            made: _,
            crashes: _,
            down: _,
            planned,
            next,
            denied,
            unreachable,
            hung,
            throttles,
            missing,
            stale,
            lost_percent,
        } = self;
        planned.clear();
        next.clear();
        denied.clear();
        unreachable.clear();
        hung.clear();
        throttles.clear();
        missing.clear();
        *stale = None;
        *lost_percent = 0;
    }
}

/// The error of a lost request or answer.
pub(crate) fn lost(request: &Request) -> CallError {
    let class = match request.kind {
        Kind::Read => CallClass::Transient,
        Kind::Write => CallClass::Ambiguous,
    };
    request.refused(class, "TimeoutError", "no answer within the time limit")
}

impl Request {
    /// The error of a call that AWS, or the way to it, refuses.
    pub(crate) fn refused_as(&self, class: CallClass) -> CallError {
        let (code, message) = match class {
            CallClass::Throttled => ("ThrottlingException", "Rate exceeded"),
            CallClass::Transient => ("DispatchFailure", "the connection could not be made"),
            CallClass::Ambiguous => ("TimeoutError", "no answer within the time limit"),
            CallClass::Conflict => ("ConflictException", "the resource is being changed"),
            CallClass::Denied => ("AccessDeniedException", "the role is not authorized to do this"),
            CallClass::Invalid => ("InvalidParameterException", "the request is not valid"),
        };
        // S3 and CloudFront have codes of their own.
        let of_a_site = self.operation.starts_with("s3:") || self.operation.starts_with("cloudfront:");
        let code = match class {
            CallClass::Throttled if self.operation.starts_with("s3:") => "SlowDown",
            CallClass::Throttled if of_a_site => "Throttling",
            CallClass::Conflict if of_a_site => "ConditionalRequestConflict",
            CallClass::Denied if of_a_site => "AccessDenied",
            CallClass::Invalid if of_a_site => "InvalidArgument",
            CallClass::Throttled
            | CallClass::Transient
            | CallClass::Ambiguous
            | CallClass::Conflict
            | CallClass::Denied
            | CallClass::Invalid => code,
        };
        self.refused(class, code, message)
    }
}
