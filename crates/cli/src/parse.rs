//! What is written on the command line and is no name: durations, and the image of a service.

use std::time::Duration;

use driftless_domain::{ImageRef, ServiceName};

/// The longest time to wait for. Longer than any rollout deadline.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// `30s`, `10m`, `2h`: one whole number and a unit.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let rule = || "write a whole number and a unit: 30s, 10m or 2h; at most 24h".to_owned();
    let unit = text.chars().last().ok_or_else(rule)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return Err(rule()),
    };
    let digits = &text[..text.len() - 1];
    let count: u64 = digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit())).ok_or_else(rule)?;
    Some(Duration::from_secs(count.saturating_mul(seconds)))
        .filter(|duration| (1..=LONGEST.as_secs()).contains(&duration.as_secs()))
        .ok_or_else(rule)
}

/// `web=repository@sha256:…`.
pub(crate) fn image(text: &str) -> Result<(ServiceName, ImageRef), String> {
    let (service, image) = text.split_once('=').ok_or("write it as service=repository@sha256:…")?;
    let service = ServiceName::parse(service).map_err(|error| error.to_string())?;
    Ok((service, image.parse().map_err(|error: driftless_domain::NameError| error.to_string())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(duration("24h"), Ok(LONGEST));
        for bad in ["", "10", "m", "0s", "-1s", "+1s", "1.5m", "25h", "99999999999999999999h", "1d", "1ß"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_image_names_its_service_and_its_digest() {
        let digest = "a".repeat(64);
        assert!(image(&format!("web=acme/web@sha256:{digest}")).is_ok());
        for bad in ["web", "web=acme/web:latest", "Web=acme/web", &format!("=acme/web@sha256:{digest}")] {
            assert!(image(bad).is_err(), "{bad}");
        }
    }
}
