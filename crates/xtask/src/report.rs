//! The reports of test programs, as numbers.

use std::collections::BTreeMap;

use serde_json::Value;

/// The numbers of tests that passed, failed and were skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// The tests that passed.
    pub passed: u64,
    /// The tests that failed.
    pub failed: u64,
    /// The tests that could not run here.
    pub skipped: u64,
    /// The failures that the report names: a title, and lines below it that say why.
    pub failures: Vec<String>,
    /// The skipped tests that the report names, with the reason.
    pub skips: Vec<String>,
}

impl Count {
    /// One failure that is not a test's.
    pub fn failure(why: String) -> Self {
        Self { failed: 1, failures: vec![why], ..Self::default() }
    }

    /// Adds up two counts.
    pub fn and(mut self, other: Self) -> Self {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.failures.extend(other.failures);
        self.skips.extend(other.skips);
        self
    }

    /// Takes tests that said why they could not run, a line each, out of those that passed.
    pub fn without_skipped(mut self, reasons: &str) -> Self {
        // A test that gives several reasons is one.
        let reasons: BTreeMap<_, _> = reasons.lines().map(|line| (line.split(": ").next(), line)).collect();
        let skipped = self.passed.min(reasons.len() as u64);
        self.skips.extend(reasons.into_values().map(str::to_owned));
        self.passed -= skipped;
        self.skipped += skipped;
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
                skipped: of("skipped"),
                ..Count::default()
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
            sum.skipped += number_before(line, "ignored");
        }
        let name = line.strip_prefix("test ").and_then(|rest| rest.trim_end().strip_suffix("... FAILED"));
        sum.failures.extend(name.map(|name| name.trim().to_owned()));
        sum
    })
}

/// The closing lines of Node's test runner in its `tap` form (`# pass 3`, `# fail 0`, `# cancelled 0`), and each
/// `not ok` with its error. A test that cannot run here says why: `ok 4 - TITLE # SKIP WHY`.
pub fn node(output: &str) -> Count {
    let of = |what: &str| {
        let line = output.lines().rev().find_map(|line| line.strip_prefix("# ")?.strip_prefix(what));
        line.and_then(|rest| rest.trim().parse().ok()).unwrap_or_default()
    };
    let mut lines = output.lines().map(str::trim);
    let mut failures = Vec::new();
    let mut skips = Vec::new();
    while let Some(line) = lines.next() {
        if let Some((test, why)) = line.strip_prefix("ok ").and_then(|test| test.split_once(" # SKIP")) {
            let title = test.split_once(" - ").map_or(test, |(_, title)| title);
            skips.push(format!("{title}: {}", why.trim()));
            continue;
        }
        let Some(failed) = line.strip_prefix("not ok ") else { continue };
        let title = failed.split_once(" - ").map_or(failed, |(_, title)| title);
        let about = lines.by_ref().take_while(|line| *line != "..." && !line.starts_with("code:"));
        let about: Vec<_> = about.collect();
        // Its subtests have been named.
        if about.contains(&"failureType: 'subtestsFailed'") {
            continue;
        }
        let error = about.into_iter().skip_while(|line| !line.starts_with("error:"));
        failures.push(with_lines(title, error.map(|line| line.strip_prefix("error:").unwrap_or(line))));
    }
    Count {
        passed: of("pass "),
        failed: of("fail ") + of("cancelled "),
        skipped: of("skipped "),
        failures,
        skips,
    }
}

/// Playwright's JSON report. A test that passed only when tried again counts as failed.
pub fn playwright(report: &str) -> Option<Count> {
    let report: Value = serde_json::from_str(report).ok()?;
    let of = |what: &str| report.get("stats")?.get(what)?.as_u64();
    let mut count = Count {
        passed: of("expected")?,
        failed: of("unexpected")? + of("flaky")?,
        skipped: of("skipped")?,
        ..Count::default()
    };
    for suite in items(&report, "suites") {
        collect_names(suite, &mut count);
    }
    Some(count)
}

/// Names what failed or was skipped in a suite of Playwright's report and in those within it.
fn collect_names(suite: &Value, count: &mut Count) {
    for inner in items(suite, "suites") {
        collect_names(inner, count);
    }
    for spec in items(suite, "specs") {
        let text = |key: &str| spec.get(key).and_then(Value::as_str).unwrap_or_default();
        let results = items(spec, "tests").iter().flat_map(|test| items(test, "results"));
        let errors = results.flat_map(|result| items(result, "errors"));
        let messages: Vec<_> = errors.filter_map(|error| error.get("message")?.as_str()).collect();
        let title = format!("{}:{} {}", text("file"), spec["line"], text("title"));
        if !messages.is_empty() {
            count.failures.push(with_lines(&title, messages.iter().flat_map(|message| message.lines())));
        }
        let annotations = items(spec, "tests").iter().flat_map(|test| items(test, "annotations"));
        let mut skips = annotations.filter(|annotation| annotation["type"] == "skip");
        if let Some(skip) = skips.next() {
            count
                .skips
                .push(format!("{title}: {}", skip["description"].as_str().unwrap_or("no reason given")));
        }
    }
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A title, and below it the first eight lines of a text that have content.
fn with_lines<'a>(title: &str, text: impl Iterator<Item = &'a str>) -> String {
    let lines = text.map(str::trim).filter(|line| !line.is_empty() && *line != "|-").take(8);
    lines.fold(title.to_owned(), |text, line| format!("{text}\n      {line}"))
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
        let count = |count: Count| {
            (count.passed, count.failed, count.skipped, count.failures.join("; "), count.skips.join("; "))
        };
        let summary = "   FAIL [   0.1s] ( 3/15) tallyman-core::x a::b\n     Summary [   0.618s] 15 tests run: 13 passed (2 slow), \
                       1 failed, 1 timed out, 3 skipped\n   FAIL [   0.1s] ( 3/15) tallyman-core::x a::b\n";
        assert_eq!(
            count(nextest(summary)),
            (13, 2, 3, "( 3/15) tallyman-core::x a::b".into(), String::new())
        );
        assert_eq!(count(nextest("error: could not compile")), count(Count::default()));
        let results = "test a::b ... FAILED\ntest c ... ok\ntest result: ok. 3 passed; 0 failed; 1 ignored\nx\n\
                       test result: FAILED. 1 passed; 2 failed; 0 ignored";
        assert_eq!(count(libtest(results)), (4, 2, 1, "a::b".into(), String::new()));
        let tap = "not ok 2 - outer\n  ---\n  location: 'x'\n  error: |-\n    5 bytes,\n    or so\n  code: 'E'\n  ...\n\
                   not ok 1 - around\n  ---\n  failureType: 'subtestsFailed'\n  error: '1 subtest failed'\n  ...\n\
                   ok 4 - far # SKIP no network\n# tests 5\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 1\n";
        assert_eq!(
            count(node(tap)),
            (3, 2, 1, "outer\n      5 bytes,\n      or so".into(), "far: no network".into())
        );
        let report = r#"{"stats":{"expected":7,"skipped":1,"unexpected":1,"flaky":1},"suites":[{"suites":[{"specs":[
            {"title":"t","file":"f.js","line":3,"tests":[{"results":[{"errors":[{"message":"why"}]}]}]},
            {"title":"s","file":"f.js","line":9,"tests":[{"annotations":[{"type":"skip","description":"no nginx"}],
             "results":[{"errors":[]}]}]}]}]}]}"#;
        let expected = (7, 2, 1, "f.js:3 t\n      why".into(), "f.js:9 s: no nginx".into());
        assert_eq!(playwright(report).map(count), Some(expected));
        assert_eq!(playwright("Error: no tests found"), None);
    }

    #[test]
    fn tests_that_say_why_they_cannot_run_have_not_passed() {
        let count = Count { passed: 5, ..Count::default() }
            .without_skipped("a: no nginx\nb: no openssl\nb: no nginx\n");
        assert_eq!((count.passed, count.skipped, count.skips.len()), (3, 2, 2));
    }
}
