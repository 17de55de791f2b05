//! The static site of the demo: what it is called and what is built of it.

use super::shop::ENVIRONMENTS;
use super::story::Target;

/// Its spec, as the repository shows it.
pub(crate) const SPEC_FILE: &str = "examples/demo/docs.yaml";
/// The same, as text.
pub(crate) const SPEC: &str = include_str!("../../../examples/demo/docs.yaml");
/// Its name.
pub(crate) const APP: &str = "docs";
/// The tag of the build that is promoted through all environments, as CI makes it from the commit.
pub(crate) const FIRST: &str = "sha-d0c5001";
/// The tag of the next one.
pub(crate) const SECOND: &str = "sha-d0c5002";

/// It in one environment.
pub(crate) fn at(env: &'static str) -> Target {
    Target { app: APP, env }
}

/// It in all environments, which are those of the services.
pub(crate) fn targets() -> [Target; 3] {
    ENVIRONMENTS.map(at)
}

/// Where the zip of a build is, and what the version parameter says.
pub(crate) fn key_of(tag: &str) -> String {
    format!("builds/{APP}/{tag}.zip")
}

#[cfg(test)]
mod tests {
    use super::{APP, ENVIRONMENTS, SPEC};

    #[test]
    fn the_names_are_those_of_the_spec() {
        assert!(SPEC.contains(&format!("app: {APP}")));
        for name in ENVIRONMENTS {
            assert!(SPEC.contains(&format!("- name: {name}")), "{name}");
        }
    }
}
