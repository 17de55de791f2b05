//! What the deciding part may not contain, and where a clock may be read at all.

use crate::nothing_of;
use crate::repository::{File, files, made_up, rust};

/// What has no place in `plan`, with the reason.
const NOT_IN_PLAN: [(&str, &str); 10] = [
    ("async", "deciding does not wait"),
    (".await", "deciding does not wait"),
    ("now()", "time is an argument"),
    ("std::time::Instant", "time is an argument"),
    ("SystemTime", "time is an argument"),
    ("fastrand", "deciding is not left to chance"),
    ("thread_rng", "deciding is not left to chance"),
    ("std::fs", "deciding reads nothing"),
    ("std::net", "deciding reads nothing"),
    ("std::env", "deciding reads nothing"),
];

/// Reads a clock.
const CLOCKS: [&str; 4] = ["Instant::now()", "SystemTime::now()", "Timestamp::now()", "Zoned::now()"];

/// Who may: the daemon and the command line, which hand it on as a `Clock` or measure with it; the adapter for AWS, whose
/// waits and signatures are real; the clock that all others follow in a simulation; and what only tests and builds.
const MAY_READ_A_CLOCK: [&str; 6] =
    ["crates/driftlessd/", "crates/cli/", "crates/aws/", "crates/sim/src/clock.rs", "tests/", "xtask/"];

/// The lines of code: comments and strings are not looked at by these rules.
fn code(file: &File) -> impl Iterator<Item = (usize, String)> {
    file.text.lines().enumerate().map(|(at, line)| {
        let line = line.split("//").next().unwrap_or_default();
        // Every second piece between quotes is text; good enough for one-line strings, which is all there is.
        let outside: String = line.split('"').step_by(2).collect();
        (at + 1, outside)
    })
}

fn impure(plan: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in plan {
        for (line, code) in code(file) {
            for (what, why) in NOT_IN_PLAN {
                if code.contains(what) {
                    violations.push(format!("{}:{line}: `{what}`: {why}", file.path));
                }
            }
            if code.contains("pub fn") && code.contains("Result<") {
                violations.push(format!(
                    "{}:{line}: a public function of the plan gives no `Result`: it is total",
                    file.path
                ));
            }
        }
    }
    violations
}

fn clocks(all: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    for file in all.iter().filter(|file| !MAY_READ_A_CLOCK.iter().any(|start| file.path.starts_with(start))) {
        if file.path.contains("/tests/") {
            continue;
        }
        for (line, code) in code(file) {
            for clock in CLOCKS.iter().filter(|clock| code.contains(**clock)) {
                violations.push(format!("{}:{line}: `{clock}`: take a `Clock`", file.path));
            }
        }
    }
    violations
}

#[test]
fn deciding_has_no_async_no_clock_no_chance_no_reading_and_no_result() {
    let plan = files(&["crates/plan/src"]);
    assert!(plan.iter().any(|file| file.text.contains("pub fn plan(")), "the deciding function is found");
    nothing_of(&impure(&plan));
}

#[test]
fn only_the_edges_read_a_clock() {
    nothing_of(&clocks(&rust()));
}

#[test]
fn an_impure_plan_is_found_and_words_about_it_are_not() {
    let lines = [
        "async fn plan() {}",
        "let at = jiff::Timestamp::now();",
        "pub fn plan(desired: &Desired) -> Result<Plan, Error> {}",
        "let which = fastrand::u64(..);",
    ];
    for line in lines {
        assert_eq!(impure(&[made_up("crates/plan/src/x.rs", line)]).len(), 1, "{line}");
    }
    let fine = "//! No async, no `Timestamp::now()`.\nlet text = \"async\"; // std::fs\nfn inner() -> Result<(), ()> { Ok(()) }";
    assert_eq!(impure(&[made_up("crates/plan/src/x.rs", fine)]), Vec::<String>::new());
}

#[test]
fn a_clock_in_the_middle_is_found() {
    let line = "let at = Instant::now();";
    assert_eq!(clocks(&[made_up("crates/reconcile/src/pass.rs", line)]).len(), 1);
    assert_eq!(clocks(&[made_up("crates/driftlessd/src/clock.rs", line)]), Vec::<String>::new());
}
