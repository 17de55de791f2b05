//! Steps that run one after the other, each timed; one that fails does not stop those that do not need it.

use std::time::Duration;

use anyhow::Result;

use crate::say;
use crate::stopwatch::{Stopwatch, in_words};
use crate::totals::Totals;

/// How one step ended.
#[derive(Debug)]
enum Ended {
    Passed,
    Failed(String),
    /// Not run, because a step that it needs failed.
    LeftOut(String),
}

/// One step.
#[derive(Debug)]
struct Done {
    name: String,
    time: Duration,
    ended: Ended,
    /// Its tests were counted one by one, so it does not count itself.
    counted: bool,
}

/// What was done so far.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<Done>,
    tests: Totals,
}

impl Steps {
    /// Runs one step and gives whether it passed.
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> Result<()>) -> bool {
        self.run_tests(name, || step().map(|()| Totals::default()))
    }

    /// Runs a step that consists of tests, which are counted one by one.
    pub(crate) fn run_tests(&mut self, name: &str, step: impl FnOnce() -> Result<Totals>) -> bool {
        say::step(name);
        let watch = Stopwatch::start();
        let done = step();
        let time = watch.elapsed();
        let totals = done.as_ref().copied().unwrap_or_default();
        self.tests += totals;
        let ended = match done {
            Ok(Totals { failed: 0, .. }) => Ended::Passed,
            Ok(Totals { failed, .. }) => Ended::Failed(format!("{failed} tests failed")),
            Err(error) => {
                say::note(&format!("failed: {error:#}"));
                Ended::Failed(format!("{error:#}"))
            }
        };
        let passed = matches!(ended, Ended::Passed);
        self.done.push(Done { name: name.to_owned(), time, ended, counted: totals != Totals::default() });
        passed
    }

    /// Notes that a step was not run.
    pub(crate) fn leave_out(&mut self, name: &str, because: &str) {
        let ended = Ended::LeftOut(because.to_owned());
        self.done.push(Done { name: name.to_owned(), time: Duration::ZERO, ended, counted: false });
    }

    /// All steps with their times, the failures, and the closing line `N passed, N failed`: each test counts one and each
    /// other step counts one.
    pub(crate) fn report(&self) -> (Vec<String>, bool) {
        let Self { done, tests } = self;
        let mut lines = vec![String::new()];
        let mut failures = Vec::new();
        let mut totals = *tests;
        for Done { name, time, ended, counted } in done {
            let itself = usize::from(!counted);
            let word = match ended {
                Ended::Passed => {
                    totals.passed += itself;
                    "ok"
                }
                Ended::Failed(why) => {
                    totals.failed += itself;
                    failures.push(format!("FAILED {name}: {why}"));
                    "FAILED"
                }
                Ended::LeftOut(why) => {
                    totals.failed += 1;
                    failures.push(format!("NOT RUN {name}: {why}"));
                    "not run"
                }
            };
            lines.push(format!("{word:<8} {:>13}  {name}", in_words(*time)));
        }
        let passed = failures.is_empty();
        let Totals { passed: good, failed: bad, skipped } = totals;
        lines.push(String::new());
        lines.append(&mut failures);
        lines.push(match skipped {
            0 => format!("{good} passed, {bad} failed"),
            _ => format!("{good} passed, {bad} failed, {skipped} skipped"),
        });
        (lines, passed)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::Steps;
    use crate::totals::Totals;

    #[test]
    fn a_failed_step_is_listed_at_the_end_and_the_others_run_all_the_same() {
        let mut steps = Steps::default();
        assert!(!steps.run("formatting", || bail!("two files differ")));
        assert!(steps.run_tests("tests", || Ok(Totals { passed: 40, failed: 0, skipped: 0 })));
        steps.leave_out("demo", "no daemon");
        let (lines, passed) = steps.report();
        assert!(!passed);
        assert_eq!(
            lines.iter().rev().take(3).rev().collect::<Vec<_>>(),
            ["FAILED formatting: two files differ", "NOT RUN demo: no daemon", "40 passed, 2 failed"]
        );
    }

    #[test]
    fn failed_tests_fail_their_step_although_the_runner_could_be_started() {
        let mut steps = Steps::default();
        steps.run_tests("tests", || Ok(Totals { passed: 7, failed: 1, skipped: 2 }));
        let (lines, passed) = steps.report();
        assert!(!passed);
        assert_eq!(lines.last().unwrap(), "7 passed, 1 failed, 2 skipped");
    }
}
