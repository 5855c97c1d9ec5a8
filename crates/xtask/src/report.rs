//! What test programs report, as numbers.

use serde_json::Value;

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Those that passed.
    pub passed: u64,
    /// Those that failed.
    pub failed: u64,
}

impl Count {
    /// Both numbers added up.
    pub fn and(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

/// The closing line of cargo-nextest: `Summary [ 0.5s] 15 tests run: 14 passed (1 slow), 1 failed, 2 skipped`. Several
/// add up.
pub fn nextest(output: &str) -> Count {
    let summaries = output.lines().filter(|line| line.trim_start().starts_with("Summary ["));
    summaries.fold(Count::default(), |sum, line| {
        let counts = line.split_once(':').map_or("", |(_, counts)| counts);
        let of = |what: &str| number_before(counts, what);
        sum.and(Count { passed: of("passed"), failed: of("failed") + of("timed out") })
    })
}

/// The closing lines of Rust's own test programs: `test result: ok. 3 passed; 0 failed; …`. Several add up.
pub fn libtest(output: &str) -> Count {
    let results = output.lines().filter(|line| line.contains("test result:"));
    results.fold(Count::default(), |sum, line| {
        sum.and(Count { passed: number_before(line, "passed"), failed: number_before(line, "failed") })
    })
}

/// The closing lines of Node's test runner in its `tap` form: `# pass 3`, `# fail 0`, `# cancelled 0`.
pub fn node(output: &str) -> Count {
    let of = |what: &str| {
        let line = output.lines().rev().find_map(|line| line.strip_prefix("# ")?.strip_prefix(what));
        line.and_then(|rest| rest.trim().parse().ok()).unwrap_or_default()
    };
    Count { passed: of("pass "), failed: of("fail ") + of("cancelled ") }
}

/// Playwright's JSON report. A test that passed only when tried again counts as failed.
pub fn playwright(report: &str) -> Option<Count> {
    let stats: Value = serde_json::from_str::<Value>(report).ok()?.get("stats")?.clone();
    let of = |what: &str| stats.get(what).and_then(Value::as_u64);
    Some(Count { passed: of("expected")?, failed: of("unexpected")? + of("flaky")? })
}

fn number_before(text: &str, what: &str) -> u64 {
    let words: Vec<_> = text.split([' ', ';', ',']).filter(|word| !word.is_empty()).collect();
    let what: Vec<_> = what.split(' ').collect();
    let found = words.windows(what.len() + 1).find(|window| window[1..] == what[..]);
    found.and_then(|window| window[0].parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Count, libtest, nextest, node, playwright};

    #[test]
    fn closing_lines_are_read() {
        let count = |passed, failed| Count { passed, failed };
        let summary =
            "     Summary [   0.618s] 15 tests run: 13 passed (2 slow), 1 failed, 1 timed out, 3 skipped\n";
        assert_eq!(nextest(summary), count(13, 2));
        assert_eq!(nextest("error: could not compile"), count(0, 0));
        let results = "test result: ok. 3 passed; 0 failed; 0 ignored\nx\ntest result: FAILED. 1 passed; 2 failed; 0 ignored";
        assert_eq!(libtest(results), count(4, 2));
        assert_eq!(node("# tests 5\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 0\n"), count(3, 2));
        let report = r#"{"stats":{"expected":7,"skipped":0,"unexpected":1,"flaky":1}}"#;
        assert_eq!(playwright(report), Some(count(7, 2)));
        assert_eq!(playwright("Error: no tests found"), None);
    }
}
