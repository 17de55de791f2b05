//! Durations as people write them: `90s`, `30m`, `2h`.

use std::time::Duration;

/// The rule of a rollout deadline, for messages.
pub(crate) const DEADLINE_RULE: &str = "a whole number with s, m or h, like 90s, 30m or 2h, between 1m and 24h";
/// The deadline of a spec that gives none: three times what `aws ecs wait services-stable` waits, for slow drains.
pub(crate) const DEFAULT_DEADLINE: Duration = Duration::from_secs(30 * 60);

/// The rule of how long old files are kept, for messages.
pub(crate) const KEEP_RULE: &str = "a whole number with m, h or d, like 90m, 12h or 7d, between 1h and 365d";
/// How long old files are kept when the spec does not say: longer than a page stays open, and a week to roll back in.
pub(crate) const DEFAULT_KEEP: Duration = Duration::from_secs(7 * 24 * 60 * 60);

const SHORTEST_KEEP: Duration = Duration::from_secs(60 * 60);
const LONGEST_KEEP: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Parses a rollout deadline.
pub(crate) fn parse_deadline(text: &str) -> Option<Duration> {
    parse(text, &[(b's', 1), (b'm', 60), (b'h', 60 * 60)]).filter(|time| (SHORTEST..=LONGEST).contains(time))
}

/// Parses how long old files are kept.
pub(crate) fn parse_keep(text: &str) -> Option<Duration> {
    let units = [(b'm', 60), (b'h', 60 * 60), (b'd', 24 * 60 * 60)];
    parse(text, &units).filter(|time| (SHORTEST_KEEP..=LONGEST_KEEP).contains(time))
}

fn parse(text: &str, units: &[(u8, u64)]) -> Option<Duration> {
    let last = text.as_bytes().last()?;
    let (_, unit) = units.iter().find(|(letter, _)| letter == last)?;
    let number = &text[..text.len() - 1];
    if number.is_empty() || number.starts_with('0') || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    number.parse::<u64>().ok()?.checked_mul(*unit).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_between_a_minute_and_a_day() {
        for (text, seconds) in [("60s", 60), ("90s", 90), ("1m", 60), ("30m", 1800), ("2h", 7200), ("24h", 86_400)] {
            assert_eq!(parse_deadline(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for bad in
            ["", "s", "59s", "25h", "030m", "1.5h", "-5m", "30", "30 m", "1d", "99999999999999999999h", "3\u{e9}"]
        {
            assert_eq!(parse_deadline(bad), None, "{bad}");
        }
    }

    #[test]
    fn old_files_are_kept_between_an_hour_and_a_year() {
        for (text, seconds) in [("60m", 3600), ("12h", 43_200), ("7d", 604_800), ("365d", 31_536_000)] {
            assert_eq!(parse_keep(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "0d", "59m", "366d", "3600s", "7", "1w"] {
            assert_eq!(parse_keep(bad), None, "{bad}");
        }
    }
}
