//! Tests that Node's own test runner runs.

use std::fs;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use super::{AT_ONCE, some};
use crate::{
    report::{self, Count},
    tools::{names, root},
};

/// The files of tests that take a minute and more, the longest first. They begin before the others.
const LONG: [&str; 5] = [
    "tests/npm/bundled.test.js",
    "crates/npm/js/test/command-line/store.test.js",
    "tests/npm/hostile-registries.test.js",
    "tests/npm/bounded-memory-first.test.js",
    "tests/npm/bounded-memory-second.test.js",
];

/// The files of Node's tests in `folders`, in the order in which they are to begin.
pub fn files(folders: &[&str]) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for folder in folders {
        let names = names(&root().join(folder))?;
        files.extend(
            names.iter().filter(|name| name.ends_with(".test.js")).map(|name| format!("{folder}/{name}")),
        );
    }
    files.sort_by_key(|file| LONG.iter().position(|long| long == file).unwrap_or(LONG.len()));
    Ok(files)
}

/// Runs the tests of `files` with Node's own test runner: of the package's program, unless another `program` is named. No two runs
/// beside each other have one `name`.
pub fn run(sh: &Shell, name: &str, files: &[String], program: Option<&str>) -> Result<Count> {
    let report = root().join("target").join(format!("tests-of-{name}.tap"));
    let run = cmd!(sh, "node tests/run-tests.js {AT_ONCE} {report} {files...}").quiet();
    let run = match program {
        Some(program) => run.env("TALLYMAN_BIN", program),
        None => run.env_remove("TALLYMAN_BIN"),
    };
    run.ignore_status().run()?;
    let written = fs::read_to_string(&report).context("Node's test runner wrote no report")?;
    fs::remove_file(&report)?;
    some(report::node(&written))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use std::{
        fs,
        path::{Path, PathBuf},
    };

    use super::{super::COMMAND_LINE, LONG, files, root};

    #[test]
    fn every_test_of_the_package_is_run_and_the_long_ones_begin() {
        fn count(folder: &Path) -> usize {
            let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            let count_of = |path: PathBuf| match path.file_name().unwrap().to_str().unwrap() {
                "node_modules" | "consumers" => 0,
                name if name.ends_with(".test.js") => 1,
                _ if path.is_dir() => count(&path),
                _ => 0,
            };
            entries.map(count_of).sum()
        }
        let files = files(&["crates/npm/js/test", COMMAND_LINE, "tests/npm"]).unwrap();
        assert_eq!(&files[..LONG.len()], LONG);
        assert_eq!(files.len(), count(&root().join("crates/npm/js/test")) + count(&root().join("tests/npm")));
    }
}
