//! Checks that need no test: dependencies, words, formatting, clippy.

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

use crate::{components, dependencies, help_rows, phrases, setup, tools::step, wording};

/// The check that the compilation of the tests makes, too: [`while_compiling`]. It looks at tests that only wasm compiles while those
/// are compiled.
const CLIPPY: &str = "clippy";
/// The lints that are errors.
const LINTS: [&str; 2] = ["warnings", "clippy::unwrap_used"];

/// A check: its name, the line that says what it does, and how it is done.
type Check = (&'static str, &'static str, fn(&Shell) -> Result<()>);

const CHECKS: [Check; 7] = [
    ("dependencies", "DEPENDENCIES.md against the manifests", |_| dependencies::check()),
    ("wording", "the first words of doc comments, and names", |_| wording::check()),
    ("phrases", "the words of documents, app texts, help, errors and comments", |_| phrases::check()),
    ("components", "the length of the app's components", |_| components::check()),
    ("deny", "cargo deny: licences, versions and sources of the dependencies", |sh| {
        if let Err(error) = setup::for_deny(sh) {
            // Without a network there is no such program, and no new dependency either.
            eprintln!("warning: dependencies are not checked, as cargo-deny cannot be installed: {error:#}");
            return Ok(());
        }
        let config = ["--locked", "--config", "crates/deny.toml"];
        Ok(cmd!(sh, "cargo-deny {config...} check licenses bans sources").quiet().ignore_stdout().run()?)
    }),
    ("format", "cargo fmt --check", |sh| Ok(cmd!(sh, "cargo fmt --all --check").quiet().run()?)),
    (CLIPPY, "cargo clippy: the workspace and its tests", |sh| {
        let lints = LINTS.iter().flat_map(|lint| ["-D", lint]);
        Ok(cmd!(sh, "cargo clippy --quiet --locked --workspace --all-targets --all-features -- {lints...}")
            .quiet()
            .run()?)
    }),
];

/// Returns the help text of the command.
pub fn help() -> String {
    let checks = help_rows(17, CHECKS.iter().map(|(name, about, _)| (*name, *about)));
    format!(
        "  --only CHECK   one check, or several when repeated:
{checks}
All checks are made; the command fails if one of them does. Clippy takes a minute, several where nothing is compiled
yet, the others seconds each."
    )
}

/// Makes all checks, or those named.
pub fn run(sh: &Shell, only: &[String]) -> Result<()> {
    if let Some(unknown) = only.iter().find(|name| CHECKS.iter().all(|(check, ..)| check != name)) {
        let names: Vec<_> = CHECKS.iter().map(|(name, ..)| *name).collect();
        bail!("there is no check {unknown:?}; the checks are {}", names.join(", "));
    }
    make(sh, |name| only.is_empty() || only.iter().any(|wanted| wanted == name))
}

/// Makes all checks but that of clippy, which the compilation of the tests makes then.
pub fn run_without_clippy(sh: &Shell) -> Result<()> {
    make(sh, |name| name != CLIPPY)
}

/// A shell in which cargo compiles the workspace as it does otherwise, and has clippy look at each crate meanwhile: else the
/// compiler reads the dependencies once for clippy, and once more for the tests.
pub fn while_compiling(sh: &Shell) -> Shell {
    // As `cargo clippy` hands its arguments on: a test shows that the compiler still takes them.
    let lints = LINTS.map(|lint| format!("-D__CLIPPY_HACKERY__{lint}__CLIPPY_HACKERY__"));
    let sh = sh.clone();
    sh.set_var("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    sh.set_var("CLIPPY_ARGS", lints.concat());
    sh
}

fn make(sh: &Shell, is_wanted: impl Fn(&str) -> bool) -> Result<()> {
    let mut failed = Vec::new();
    for (name, about, check) in CHECKS {
        if !is_wanted(name) {
            continue;
        }
        if let Err(error) = step(about, || check(sh)) {
            eprintln!("error: {error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("these checks failed: {}", failed.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use xshell::{Shell, cmd};

    use super::while_compiling;

    #[test]
    fn lints_fail_while_tests_compile() {
        let sh = while_compiling(&Shell::new().expect("there is a current folder"));
        let folder = sh.create_temp_dir().expect("the folder for temporary files can be written");
        for (source, lint) in [
            ("//! A crate.\npub fn first(a: Option<u8>) -> u8 { a.unwrap() }", Some("clippy::unwrap-used")),
            ("//! A crate.\nfn unused() {}", Some("dead-code")),
            ("//! A crate.\npub fn first(a: Option<u8>) -> Option<u8> { a }", None),
        ] {
            let file = folder.path().join("example.rs");
            sh.write_file(&file, source).expect("a folder of one's own can be written");
            let out = folder.path();
            let output = cmd!(
                sh,
                "clippy-driver rustc --edition 2024 --crate-type lib --emit metadata --out-dir {out} {file}"
            )
            .quiet()
            .ignore_status()
            .output()
            .expect("clippy is installed with the compiler");
            let complaints = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.success(), lint.is_none(), "{complaints}");
            assert!(lint.is_none_or(|lint| complaints.contains(lint)), "{complaints}");
        }
    }
}
