//! The application of the demo: what it is made of and what is built for it.

use serde_json::{Value, json};

use super::story::Target;

/// Its spec, as the repository shows it.
pub(crate) const SPEC_FILE: &str = "examples/demo/driftless.yaml";
/// The same, as text.
pub(crate) const SPEC: &str = include_str!("../../../examples/demo/driftless.yaml");
/// Its name.
pub(crate) const APP: &str = "shop";
/// Its environments, in promotion order.
pub(crate) const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "prod"];
/// Its services, in rollout order.
pub(crate) const SERVICES: [&str; 2] = ["web", "worker"];

/// It in one environment.
pub(crate) fn at(env: &'static str) -> Target {
    Target { app: APP, env }
}

/// It in all environments.
pub(crate) fn targets() -> [Target; 3] {
    ENVIRONMENTS.map(at)
}

/// A build of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Build {
    /// Its tag, as CI makes it from the commit.
    pub(crate) tag: &'static str,
    /// One hexadecimal digit of which the digests are made.
    digit: char,
}

/// The build that is promoted through all environments.
pub(crate) const FIRST: Build = Build { tag: "sha-abc1234", digit: 'a' };
/// The build that mends what the broken release broke.
pub(crate) const SECOND: Build = Build { tag: "sha-def5678", digit: 'd' };

impl Build {
    /// The image of one service.
    pub(crate) fn image(self, service: &str) -> String {
        let last = SERVICES.iter().position(|other| *other == service).unwrap_or_default();
        let digest: String = std::iter::repeat_n(self.digit, 63).chain(char::from_digit(last as u32, 16)).collect();
        format!("registry.example/{APP}/{service}@sha256:{digest}")
    }

    /// What CI announces.
    pub(crate) fn announcement(self) -> Value {
        let images: serde_json::Map<String, Value> =
            SERVICES.iter().map(|service| ((*service).to_owned(), json!(self.image(service)))).collect();
        json!({"tag": self.tag, "images": images})
    }
}

#[cfg(test)]
mod tests {
    use super::{APP, ENVIRONMENTS, FIRST, SERVICES, SPEC};

    #[test]
    fn images_are_named_by_digest_and_differ_by_service() {
        let images = SERVICES.map(|service| FIRST.image(service));
        assert_ne!(images[0], images[1]);
        for image in images {
            let (repository, digest) = image.split_once("@sha256:").unwrap();
            assert!(repository.starts_with("registry.example/shop/"));
            assert!(digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit()), "{digest}");
        }
    }

    #[test]
    fn the_names_are_those_of_the_spec() {
        assert!(SPEC.contains(&format!("app: {APP}")));
        for name in ENVIRONMENTS.iter().chain(&SERVICES) {
            assert!(SPEC.contains(&format!("- name: {name}")), "{name}");
        }
    }
}
