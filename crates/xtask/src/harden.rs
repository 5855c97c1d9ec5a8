//! Fuzzing: each target of `crates/*/{src,tests}/fuzz.rs` under libFuzzer, for minutes, with the stable toolchain.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use lexopt::{Parser, prelude::*};
use xshell::{Shell, cmd};

use crate::tools::{root, step};

/// The help text of the command.
pub const HELP: &str = "  --only TARGET   one target by its name or a part of it, such as references or store::, or several when repeated
  --seconds N     time for each target, 120 by default

An input that fails is kept in __fuzz__/TARGET/crashes, which the tests run from then on. Inputs that reach new code are
kept in target/harden/inputs, from which the next run goes on. The first run compiles for some minutes.";

/// Crates that have fuzz targets: the folder, the file of the targets, and the features that they need.
const CRATES: [(&str, &str, &str); 7] = [
    ("auth", "tests/fuzz.rs", ""),
    ("commands", "tests/fuzz.rs", ""),
    ("core", "tests/fuzz.rs", ""),
    ("gateway", "src/fuzz.rs", ""),
    ("layers", "tests/fuzz.rs", ""),
    ("registry", "src/fuzz.rs", ""),
    ("store", "tests/fuzz.rs", "archive"),
];

/// Flags of the compiler by which libFuzzer sees which code an input reaches.
const FLAGS: [&str; 8] = [
    "--cfg=fuzzing",
    "--cfg=fuzzing_libfuzzer",
    "-Ccodegen-units=1",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
];

/// The flags of the command: targets, and the time for each.
pub struct Options {
    targets: Vec<String>,
    time: Duration,
}

impl Options {
    pub fn parse(mut arguments: Parser) -> Result<Self> {
        let mut options = Self { targets: Vec::new(), time: Duration::from_secs(120) };
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("only") => options.targets.push(arguments.value()?.string()?),
                Long("seconds") => options.time = Duration::from_secs(arguments.value()?.parse()?),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}

/// A fuzz target: a test of a program that was compiled for it.
struct Target {
    program: PathBuf,
    /// The folder below `crates`.
    folder: &'static str,
    /// The folder of its file, `src` or `tests`.
    beside: &'static str,
    /// The name of the test.
    test: String,
}

impl Target {
    /// Its folder in the repository, relative to the root.
    fn folder(&self, kind: &str) -> String {
        format!("crates/{}/{}/__fuzz__/{}/{kind}", self.folder, self.beside, self.name())
    }

    /// The folder of the inputs that were found since the repository was copied, relative to the root.
    fn found(&self) -> String {
        format!("target/harden/inputs/{}/{}", self.folder, self.name())
    }

    /// The name by which it is asked for.
    fn name(&self) -> &str {
        self.test.rsplit("::").next().unwrap_or(&self.test)
    }

    /// Runs libFuzzer with these arguments. Returns all that it printed, if it ended with a failure as the error.
    fn run(&self, arguments: &[String]) -> Result<Result<String, String>> {
        let output = Command::new(&self.program)
            .args([&self.test, "--exact", "--nocapture", "--test-threads=1"])
            .env("BOLERO_TEST_NAME", &self.test)
            .env("BOLERO_LIBFUZZER_ARGS", arguments.join(" "))
            .current_dir(root())
            .output()?;
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8_lossy(&printed).into_owned();
        Ok(if output.status.success() { Ok(printed) } else { Err(printed) })
    }

    /// Fuzzes for some time. Returns what was printed, if an input failed as the error.
    fn fuzz(&self, time: Duration) -> Result<Result<String, String>> {
        let (corpus, crashes, found) = (self.folder("corpus"), self.folder("crashes"), self.found());
        for folder in [&corpus, &found] {
            fs::create_dir_all(root().join(folder))?;
        }
        let has_crashes = root().join(&crashes).exists();
        fs::create_dir_all(root().join(&crashes))?;
        let result = self.run(&[
            format!("-max_total_time={}", time.as_secs().max(1)),
            format!("-artifact_prefix={crashes}/"),
            "-timeout=10".to_owned(),
            "-rss_limit_mb=2048".to_owned(),
            "-use_value_profile=1".to_owned(),
            "-reload=0".to_owned(),
            found,
            corpus,
        ])?;
        if !has_crashes && result.is_ok() {
            fs::remove_dir(root().join(&crashes))?;
        }
        Ok(result)
    }
}

/// Fuzzes the targets, as many at a time as there are processors.
pub fn run(sh: &Shell, options: &Options) -> Result<()> {
    let is_wanted = |target: &Target| {
        let full = format!("{}::{}", target.folder, target.name());
        options.targets.is_empty() || options.targets.iter().any(|part| full.contains(&**part))
    };
    let targets: Vec<Target> = build(sh)?.into_iter().filter(is_wanted).collect();
    if targets.is_empty() {
        bail!("no target has {} in its name", options.targets.join(" or "));
    }
    eprintln!("{} targets, {} s each", targets.len(), options.time.as_secs());
    let (waiting, failed) = (Mutex::new(targets.iter()), Mutex::new(Vec::new()));
    let work = || -> Result<()> {
        loop {
            let Some(target) = waiting.lock().expect("no target panics").next() else { return Ok(()) };
            let result = target.fuzz(options.time)?;
            let printed = result.as_ref().unwrap_or_else(|printed| printed);
            let runs = printed.lines().rev().find(|line| line.starts_with("Done ") || line.starts_with('#'));
            let outcome = if result.is_ok() { "ok    " } else { "failed" };
            println!("{outcome} {}::{}  {}", target.folder, target.name(), runs.unwrap_or_default());
            if let Err(printed) = result {
                println!("{}", tail(&printed));
                failed.lock().expect("no target panics").push(format!(
                    "{}::{}",
                    target.folder,
                    target.name()
                ));
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from).min(targets.len());
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("no worker panics"))
    })?;
    let failed = failed.into_inner().expect("no target panics");
    println!("{} passed, {} failed", targets.len() - failed.len(), failed.len());
    if !failed.is_empty() {
        bail!("inputs that fail are in __fuzz__/TARGET/crashes of {}", failed.join(", "));
    }
    Ok(())
}

/// Returns the end of what libFuzzer printed, from the failure on.
fn tail(printed: &str) -> String {
    let begin = printed.find("test failed").or_else(|| printed.find("==")).unwrap_or_default();
    printed[begin..].lines().take(40).collect::<Vec<_>>().join("\n")
}

/// Compiles the targets, and returns them.
fn build(sh: &Shell) -> Result<Vec<Target>> {
    let version = cmd!(sh, "rustc --version --verbose").quiet().read()?;
    let host =
        version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names its host")?;
    let mut targets = Vec::new();
    for (folder, file, features) in CRATES {
        let beside = if file.starts_with("src/") { "src" } else { "tests" };
        let of = if beside == "src" { &["--lib"][..] } else { &["--test", "fuzz"] };
        let mut messages = String::new();
        step(&format!("cargo test --no-run: the fuzz targets of {folder}, for libFuzzer"), || {
            let package = ["--package".to_owned(), format!("tallyman-{folder}")];
            let how = ["--no-run", "--locked", "--quiet", "--message-format", "json"];
            // The target is named so that build scripts and macros are not compiled for fuzzing.
            messages =
                cmd!(sh, "cargo test {package...} {of...} {how...} --features {features} --target {host}")
                    .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"))
                    .env("CARGO_TARGET_DIR", root().join("target/harden"))
                    .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
                    .env("CARGO_PROFILE_DEV_DEBUG", "0")
                    .quiet()
                    .read()?;
            Ok(())
        })?;
        let program = messages.lines().find_map(program).context("cargo names the program that it built")?;
        let list = cmd!(sh, "{program} --list --format terse").quiet().read()?;
        let tests = list.lines().filter_map(|line| line.strip_suffix(": test"));
        // A library's own tests are more than its targets.
        let tests = tests.filter(|test| beside == "tests" || test.starts_with("fuzz::"));
        targets.extend(tests.map(|test| Target {
            program: program.clone(),
            folder,
            beside,
            test: test.to_owned(),
        }));
    }
    Ok(targets)
}

/// Returns the program that a message of cargo's is about.
fn program(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let program = message["executable"].as_str().filter(|_| message["profile"]["test"] == true)?;
    Some(Path::new(program).to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{CRATES, root};

    #[test]
    fn every_crate_with_fuzz_targets_is_fuzzed() {
        let crates = root().join("crates");
        let folders =
            fs::read_dir(&crates).unwrap().map(|folder| folder.unwrap().file_name().into_string().unwrap());
        let mut found: Vec<(String, &str)> = folders
            .flat_map(|folder| ["src/fuzz.rs", "tests/fuzz.rs"].map(|file| (folder.clone(), file)))
            .filter(|(folder, file)| crates.join(folder).join(file).exists())
            .collect();
        found.sort_unstable();
        assert_eq!(found, CRATES.map(|(folder, file, _)| (folder.to_owned(), file)));
    }
}
