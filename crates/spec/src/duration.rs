//! Durations as people write them: `90s`, `30m`, `2h`.

use std::time::Duration;

/// The rule of a rollout deadline, for messages.
pub(crate) const DEADLINE_RULE: &str = "a whole number with s, m or h, like 90s, 30m or 2h, between 1m and 24h";
/// The deadline of a spec that gives none: three times what `aws ecs wait services-stable` waits, for slow drains.
pub(crate) const DEFAULT_DEADLINE: Duration = Duration::from_secs(30 * 60);

const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Parses a rollout deadline.
pub(crate) fn parse_deadline(text: &str) -> Option<Duration> {
    let unit = match text.as_bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 60 * 60,
        _ => return None,
    };
    let number = &text[..text.len() - 1];
    if number.is_empty() || number.starts_with('0') || !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seconds = number.parse::<u64>().ok()?.checked_mul(unit)?;
    let duration = Duration::from_secs(seconds);
    (SHORTEST..=LONGEST).contains(&duration).then_some(duration)
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
}
