//! How many tests passed and failed, read from what the test runners print last.

use std::ops::AddAssign;

/// Counted tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        let Self { passed, failed, skipped } = other;
        self.passed += passed;
        self.failed += failed;
        self.skipped += skipped;
    }
}

impl Totals {
    /// Sums the closing lines of nextest (`Summary … 7 tests run: 5 passed, 2 failed, 1 skipped`) and of cargo test
    /// (`test result: ok. 5 passed; 0 failed; 1 ignored; …`).
    pub(crate) fn read(lines: &[String]) -> Self {
        let mut totals = Self::default();
        for line in lines.iter().map(|line| plain(line)) {
            let line = line.trim_start();
            if line.starts_with("Summary [") || line.starts_with("test result: ") {
                totals += Self {
                    passed: number_before(line, "passed"),
                    // A test that was stopped for its time has failed as well.
                    failed: number_before(line, "failed") + number_before(line, "timed out"),
                    skipped: number_before(line, "skipped") + number_before(line, "ignored"),
                };
            }
        }
        totals
    }
}

/// The number right before the first `word`.
fn number_before(line: &str, word: &str) -> usize {
    let before = line.match_indices(word).next().map(|(at, _)| line.get(..at).unwrap_or_default());
    before.and_then(|before| before.split_whitespace().next_back()).and_then(|n| n.parse().ok()).unwrap_or_default()
}

/// Without colours.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line.chars();
    while let Some(character) = rest.next() {
        if character == '\u{1b}' {
            let _escape = rest.by_ref().take_while(|c| !c.is_ascii_alphabetic()).count();
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Totals;

    fn read(line: &str) -> (usize, usize, usize) {
        let Totals { passed, failed, skipped } = Totals::read(&[line.to_owned()]);
        (passed, failed, skipped)
    }

    #[test]
    fn the_closing_lines_of_both_runners_are_read() {
        assert_eq!(
            read("     Summary [   0.054s] 118 tests run: 117 passed (1 slow), 1 failed, 3 skipped"),
            (117, 1, 3)
        );
        assert_eq!(read("     Summary [   0.054s] 9 tests run: 6 passed, 1 failed, 2 timed out, 0 skipped"), (6, 3, 0));
        assert_eq!(read("test result: ok. 5 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out"), (5, 0, 2));
        assert_eq!(read("12 passed in a test that prints so"), (0, 0, 0));
    }

    #[test]
    fn colours_do_not_matter() {
        let line = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m3\u{1b}[0m tests run: \u{1b}[1m3\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, 0 skipped";
        assert_eq!(read(line), (3, 0, 0));
    }
}
