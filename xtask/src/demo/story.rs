//! Looking at targets through the API until they are what a story expects, or time is up.

use std::fmt;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::daemon::Daemon;
use super::http::Client;
use crate::say;
use crate::stopwatch::{Stopwatch, in_words};

/// How often is looked.
const EVERY: Duration = Duration::from_millis(300);
/// For everything together.
const ALL_WITHIN: Duration = Duration::from_secs(300);

/// An application in one environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) app: &'static str,
    pub(crate) env: &'static str,
}

impl Target {
    /// Where it is in the API.
    pub(crate) fn path(self) -> String {
        let Self { app, env } = self;
        format!("/v1/apps/{app}/environments/{env}")
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { app, env } = self;
        write!(f, "{app}/{env}")
    }
}

/// A running daemon and what is asked of it.
pub(crate) struct Story {
    daemon: Daemon,
    pub(crate) client: Client,
    watch: Stopwatch,
}

impl Story {
    /// # Errors
    ///
    /// When the daemon gave an address that is none.
    pub(crate) fn new(daemon: Daemon) -> Result<Self> {
        let client = Client::new(&daemon.api, &daemon.token)?;
        Ok(Self { daemon, client, watch: Stopwatch::start() })
    }

    /// Looks until `look` gives what was expected; until then it says what it saw instead.
    ///
    /// # Errors
    ///
    /// When time is up, with both, or the daemon has ended.
    pub(crate) fn until<T>(
        &mut self,
        expected: &str,
        within: Duration,
        look: impl Fn(&Client) -> Result<Result<T, String>>,
    ) -> Result<T> {
        let watch = Stopwatch::start();
        loop {
            self.daemon.must_run()?;
            let saw = match look(&self.client)? {
                Ok(found) => {
                    say::note(&format!("{:>8}  {expected}", in_words(watch.elapsed())));
                    return Ok(found);
                }
                Err(saw) => saw,
            };
            if watch.elapsed() > within {
                bail!("expected: {expected}\nsaw, after {}: {saw}", in_words(watch.elapsed()));
            }
            if self.watch.elapsed() > ALL_WITHIN {
                bail!("expected: {expected}\nsaw, when {} were over: {saw}", in_words(ALL_WITHIN));
            }
            std::thread::sleep(EVERY);
        }
    }

    /// Stores the spec of an application.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub(crate) fn apply(&self, app: &str, spec: &str) -> Result<()> {
        self.client.put(&format!("/v1/apps/{app}/spec"), "application/yaml", spec).map(drop)
    }

    /// Tells the API about a build.
    ///
    /// # Errors
    ///
    /// When it refuses.
    pub(crate) fn announce(&self, app: &str, build: &Value) -> Result<()> {
        self.client.post(&format!("/v1/apps/{app}/artifacts"), build).map(drop)
    }

    /// Asks for a build in a target and gives the generation.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub(crate) fn ask_for(&self, target: Target, tag: &str, reason: &str) -> Result<u64> {
        let wish = json!({"artifact": tag, "reason": reason}).to_string();
        let answer = self.client.put(&format!("{}/desired", target.path()), "application/json", &wish)?;
        match answer["generation"].as_u64() {
            Some(generation) => Ok(generation),
            None => bail!("expected: a generation\nsaw: {answer}"),
        }
    }

    /// Asks for a look at a target and gives when that was.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub(crate) fn ask_to_look(&self, target: Target) -> Result<Value> {
        let answer = self.client.post(&format!("{}/reconcile", target.path()), &json!({}))?;
        Ok(answer["requestedAt"].clone())
    }

    /// Waits until a target is converged at a generation, with a build, and what was seen of it is `right`.
    ///
    /// # Errors
    ///
    /// When it does not get there in time.
    pub(crate) fn converged(
        &mut self,
        target: Target,
        tag: &str,
        generation: u64,
        within: Duration,
        right: impl Fn(&Value) -> bool,
    ) -> Result<()> {
        self.until(&format!("{target} is converged on {tag} (generation {generation})"), within, |client| {
            let seen = client.get(&target.path())?;
            let there = seen["headline"] == "converged" && seen["status"]["observed_generation"] == generation;
            Ok(if there && seen["runs"] == tag && right(&seen) { Ok(()) } else { Err(summary(&seen)) })
        })
    }

    /// Ends the daemon as a person would and gives how long that took.
    ///
    /// # Errors
    ///
    /// When it does not stop in time, or not cleanly.
    pub(crate) fn stop(self) -> Result<Duration> {
        self.daemon.stop()
    }

    /// An error with the end of the daemon's log.
    pub(crate) fn with_log(&self, error: &anyhow::Error) -> anyhow::Error {
        anyhow::anyhow!("{error:#}{}", self.daemon.log_tail())
    }
}

/// Whether there are services and each of them is so.
pub(crate) fn all_services(seen: &Value, so: impl Fn(&Value) -> bool) -> bool {
    seen["status"]["services"].as_array().is_some_and(|services| !services.is_empty() && services.iter().all(so))
}

/// One service of what was seen.
pub(crate) fn service<'a>(seen: &'a Value, name: &str) -> &'a Value {
    let services = seen["status"]["services"].as_array();
    services.and_then(|services| services.iter().find(|service| service["name"] == name)).unwrap_or(&Value::Null)
}

/// What was seen, in one line.
pub(crate) fn summary(seen: &Value) -> String {
    let parts: Vec<String> = seen["status"]["services"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|service| {
            let word = |key: &str| service[key].as_str().unwrap_or("-").to_owned();
            format!("{} {} parameter {}", word("name"), word("task_definition"), word("parameter"))
        })
        .chain(site(seen))
        .collect();
    format!(
        "{} is {}: {} [{}] heals {}",
        seen["target"].as_str().unwrap_or("the target"),
        seen["headline"].as_str().unwrap_or("without a headline"),
        seen["reason"].as_str().unwrap_or("no reason"),
        parts.join(", "),
        seen["status"]["heals"].as_array().map_or(0, Vec::len),
    )
}

/// What was seen of a site, if it is one.
fn site(seen: &Value) -> Option<String> {
    let site = &seen["status"]["site"];
    let number = |key: &str| site[key].as_u64().unwrap_or_default();
    let apart =
        ["missing", "changed", "other_headers", "foreign"].map(|key| format!("{} {key}", number(key))).join(", ");
    site.is_object().then(|| format!("{} files, {apart}, parameter {}", number("files"), site["parameter"]))
}

/// Whether one timestamp of the API is later than another: RFC 3339 in UTC, with or without a fraction.
pub(crate) fn later(one: &Value, other: &Value) -> bool {
    let plain = |value: &Value| value.as_str().map(|text| text.trim_end_matches('Z').to_owned());
    plain(one).zip(plain(other)).is_some_and(|(one, other)| one > other)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{all_services, later, summary};

    #[test]
    fn a_fraction_of_a_second_is_later_than_none() {
        assert!(later(&json!("2026-01-01T00:00:00.5Z"), &json!("2026-01-01T00:00:00Z")));
        assert!(!later(&json!("2026-01-01T00:00:00Z"), &json!("2026-01-01T00:00:00.5Z")));
        assert!(!later(&json!(null), &json!("2026-01-01T00:00:00Z")));
    }

    #[test]
    fn no_services_are_not_all_services() {
        assert!(!all_services(&json!({"status": null}), |_| true));
        assert!(!all_services(&json!({"status": {"services": []}}), |_| true));
    }

    #[test]
    fn what_was_seen_is_one_line_even_when_nothing_is_there() {
        assert_eq!(summary(&json!({})), "the target is without a headline: no reason [] heals 0");
    }
}
