//! What test programs report, as numbers.

use serde_json::Value;

/// How many tests passed and failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Those that passed.
    pub passed: u64,
    /// Those that failed.
    pub failed: u64,
    /// What failed, as far as the report names it: a title, and lines below it that say why.
    pub failures: Vec<String>,
}

impl Count {
    /// One failure that is not a test's.
    pub fn failure(why: String) -> Self {
        Self { passed: 0, failed: 1, failures: vec![why] }
    }

    /// Both added up.
    pub fn and(mut self, other: Self) -> Self {
        self.passed += other.passed;
        self.failed += other.failed;
        self.failures.extend(other.failures);
        self
    }
}

/// The closing line of cargo-nextest: `Summary [ 0.5s] 15 tests run: 14 passed (1 slow), 1 failed, 2 skipped`. Several
/// add up. Those that failed are named below it: `FAIL [ 0.1s] (3/15) package::binary name`.
pub fn nextest(output: &str) -> Count {
    output.lines().fold(Count::default(), |mut sum, line| {
        let line = line.trim_start();
        if line.starts_with("Summary [") {
            let counts = line.split_once(':').map_or("", |(_, counts)| counts);
            let of = |what: &str| number_before(counts, what);
            return sum.and(Count {
                passed: of("passed"),
                failed: of("failed") + of("timed out"),
                failures: Vec::new(),
            });
        }
        let failed = ["FAIL [", "TIMEOUT ["].into_iter().find_map(|start| line.strip_prefix(start));
        let name = failed.and_then(|rest| Some(rest.split_once(']')?.1.trim().to_owned()));
        // Each is named twice: when it fails, and at the end.
        sum.failures.extend(name.filter(|name| !sum.failures.contains(name)));
        sum
    })
}

/// The closing lines of Rust's own test programs: `test result: ok. 3 passed; 0 failed; …`. Several add up.
pub fn libtest(output: &str) -> Count {
    output.lines().fold(Count::default(), |mut sum, line| {
        if line.contains("test result:") {
            sum.passed += number_before(line, "passed");
            sum.failed += number_before(line, "failed");
        }
        let name = line.strip_prefix("test ").and_then(|rest| rest.trim_end().strip_suffix("... FAILED"));
        sum.failures.extend(name.map(|name| name.trim().to_owned()));
        sum
    })
}

/// The closing lines of Node's test runner in its `tap` form (`# pass 3`, `# fail 0`, `# cancelled 0`), and each
/// `not ok` with its error.
pub fn node(output: &str) -> Count {
    let of = |what: &str| {
        let line = output.lines().rev().find_map(|line| line.strip_prefix("# ")?.strip_prefix(what));
        line.and_then(|rest| rest.trim().parse().ok()).unwrap_or_default()
    };
    let mut lines = output.lines().map(str::trim);
    let mut failures = Vec::new();
    while let Some(line) = lines.next() {
        let Some(failed) = line.strip_prefix("not ok ") else { continue };
        let title = failed.split_once(" - ").map_or(failed, |(_, title)| title);
        let about = lines.by_ref().take_while(|line| *line != "..." && !line.starts_with("code:"));
        let about: Vec<_> = about.collect();
        // What it is made of has been named.
        if about.contains(&"failureType: 'subtestsFailed'") {
            continue;
        }
        let error = about.into_iter().skip_while(|line| !line.starts_with("error:"));
        failures.push(said(title, error.map(|line| line.strip_prefix("error:").unwrap_or(line))));
    }
    Count { passed: of("pass "), failed: of("fail ") + of("cancelled "), failures }
}

/// Playwright's JSON report. A test that passed only when tried again counts as failed.
pub fn playwright(report: &str) -> Option<Count> {
    let report: Value = serde_json::from_str(report).ok()?;
    let of = |what: &str| report.get("stats")?.get(what)?.as_u64();
    let mut failures = Vec::new();
    for suite in items(&report, "suites") {
        collect_failures(suite, &mut failures);
    }
    Some(Count { passed: of("expected")?, failed: of("unexpected")? + of("flaky")?, failures })
}

/// What failed in a suite of Playwright's report and in those within it.
fn collect_failures(suite: &Value, failures: &mut Vec<String>) {
    for inner in items(suite, "suites") {
        collect_failures(inner, failures);
    }
    for spec in items(suite, "specs") {
        let text = |key: &str| spec.get(key).and_then(Value::as_str).unwrap_or_default();
        let results = items(spec, "tests").iter().flat_map(|test| items(test, "results"));
        let errors = results.flat_map(|result| items(result, "errors"));
        let messages: Vec<_> = errors.filter_map(|error| error.get("message")?.as_str()).collect();
        if !messages.is_empty() {
            let title = format!("{}:{} {}", text("file"), spec["line"], text("title"));
            failures.push(said(&title, messages.iter().flat_map(|message| message.lines())));
        }
    }
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A title, and below it the first lines of what is said about it.
fn said<'a>(title: &str, about: impl Iterator<Item = &'a str>) -> String {
    let lines = about.map(str::trim).filter(|line| !line.is_empty() && *line != "|-").take(8);
    lines.fold(title.to_owned(), |said, line| format!("{said}\n      {line}"))
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
        let count = |count: Count| (count.passed, count.failed, count.failures.join("; "));
        let summary = "   FAIL [   0.1s] ( 3/15) tallyman-core::x a::b\n     Summary [   0.618s] 15 tests run: 13 passed (2 slow), \
                       1 failed, 1 timed out, 3 skipped\n   FAIL [   0.1s] ( 3/15) tallyman-core::x a::b\n";
        assert_eq!(count(nextest(summary)), (13, 2, "( 3/15) tallyman-core::x a::b".into()));
        assert_eq!(count(nextest("error: could not compile")), (0, 0, String::new()));
        let results = "test a::b ... FAILED\ntest c ... ok\ntest result: ok. 3 passed; 0 failed; 0 ignored\nx\n\
                       test result: FAILED. 1 passed; 2 failed; 0 ignored";
        assert_eq!(count(libtest(results)), (4, 2, "a::b".into()));
        let tap = "not ok 2 - outer\n  ---\n  location: 'x'\n  error: |-\n    5 bytes,\n    or so\n  code: 'E'\n  ...\n\
                   not ok 1 - around\n  ---\n  failureType: 'subtestsFailed'\n  error: '1 subtest failed'\n  ...\n\
                   # tests 5\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 0\n";
        assert_eq!(count(node(tap)), (3, 2, "outer\n      5 bytes,\n      or so".into()));
        let report = r#"{"stats":{"expected":7,"skipped":0,"unexpected":1,"flaky":1},"suites":[{"suites":[{"specs":[
            {"title":"t","file":"f.js","line":3,"tests":[{"results":[{"errors":[{"message":"why"}]}]}]}]}]}]}"#;
        assert_eq!(playwright(report).map(count), Some((7, 2, "f.js:3 t\n      why".into())));
        assert_eq!(playwright("Error: no tests found"), None);
    }
}
