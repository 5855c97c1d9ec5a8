//! Tests that cannot run on every machine.

use std::{env, fs::OpenOptions, io::Write as _, thread};

/// The variable that names a file: each test that cannot run adds a line to it, `TEST: REASON`.
const FILE: &str = "TALLYMAN_SKIPPED_TESTS";

/// Tells that the test on this thread cannot run here, and why. Rust's test programs know no such outcome: `cargo xtask
/// test` names a file, and counts the tests in it as skipped.
pub fn skip_test(reason: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("skipped: {reason}");
    if let Some(file) = env::var_os(FILE) {
        let added = OpenOptions::new()
            .append(true)
            .create(true)
            .open(&file)
            .and_then(|mut file| file.write_all(format!("{test}: {reason}\n").as_bytes()));
        added.unwrap_or_else(|error| panic!("cannot write to {}: {error}", file.display()));
    }
}
