//! No type of the SDK leaves the crate that names it.

use crate::nothing_of;
use crate::repository::{File, made_up, rust};

/// How code names the SDK.
const SDK: [&str; 5] = ["aws_sdk_", "aws_config::", "aws_smithy_", "aws_types::", "aws_credential_types::"];

fn sdk_outside(all: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    // The test package sets the emulator up and looks at it with the SDK itself.
    let looked_at = all.iter().filter(|f| f.path.starts_with("crates/") && !f.path.starts_with("crates/aws/"));
    for File { path, text } in looked_at {
        for (at, line) in text.lines().enumerate() {
            // Comments and text may speak of it: a log filter names modules.
            let code: String = line.split("//").next().unwrap_or_default().split('"').step_by(2).collect();
            if SDK.iter().any(|name| code.contains(name)) {
                violations.push(format!("{path}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    violations
}

#[test]
fn no_function_outside_the_adapter_takes_or_gives_a_type_of_the_sdk() {
    nothing_of(&sdk_outside(&rust()));
}

#[test]
fn a_signature_with_a_type_of_the_sdk_is_found() {
    let signature = "pub fn client() -> aws_sdk_ecs::Client;";
    assert_eq!(sdk_outside(&[made_up("crates/driftlessd/src/wiring.rs", signature)]).len(), 1);
    assert_eq!(sdk_outside(&[made_up("crates/aws/src/connect.rs", signature)]), Vec::<String>::new());
    let filter = "const FILTER: &str = \"info,aws_smithy_runtime=warn\";";
    assert_eq!(sdk_outside(&[made_up("crates/driftlessd/src/logging.rs", filter)]), Vec::<String>::new());
    assert_eq!(sdk_outside(&[made_up("crates/plan/src/lib.rs", "//! Knows no `aws_sdk_ecs`.")]), Vec::<String>::new());
}
