//! All tests, in parts, with one count at the end.

mod background_build;
mod node_tests;

use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    process::Command,
    thread,
    time::Instant,
};

use anyhow::{Context, Result, bail};
use xshell::{Cmd, Shell, cmd};

use crate::{
    dev_registry::DevRegistry,
    help_rows, lint, npm,
    report::{self, Count},
    setup,
    tools::{WASM, find_on_path, is_on_path, meanwhile, root, step},
};
use background_build::BackgroundBuild;

/// Options for compiling the tests to wasm: the crates whose `tests/` hold tests for what only a browser has.
const COMPILED_TO_WASM: [&str; 8] = [
    "--locked",
    "--all-features",
    "--target",
    WASM,
    "--package",
    "tallyman-registry",
    "--package",
    "tallyman-store",
];

/// Registries that browsers find easy or hard, by the variable that tells the tests their host, and their flags.
const TEST_REGISTRIES: [(&str, &[&str]); 5] = [
    ("TALLYMAN_TEST_REGISTRY", &["--samples"]),
    ("TALLYMAN_TEST_REGISTRY_WITHOUT_CORS", &["--samples", "--no-cors"]),
    ("TALLYMAN_TEST_REGISTRY_WITH_PASSWORD", &["--samples", "--basic", "user:secret"]),
    (
        "TALLYMAN_TEST_REGISTRY_THAT_HIDES",
        &[
            "--samples",
            "--synthetic",
            "3,250",
            "--basic",
            "user:secret",
            "--open-preflight",
            "--hide-headers",
        ],
    ),
    (
        "TALLYMAN_TEST_REGISTRY_IN_PARTS",
        &[
            "--samples",
            "--fault",
            "no-cors,path=/v2/samples/alpine/blobs/*",
            "--fault",
            "no-cors,method=OPTIONS,path=/v2/samples/webapp/*",
            "--fault",
            "redirect-blobs,cors=false,path=/v2/samples/hello/*",
        ],
    ),
];

/// The number of tests at once, twice that of the processors of the smallest machine: they wait for servers, time limits, pages and
/// programs about as much as they compute. Three left each processor idle for a third of the time.
const AT_ONCE: &str = "4";

/// The variable that names the file to which `tallyman_dev_registry::skip_test` writes.
const SKIPS: &str = "TALLYMAN_SKIPPED_TESTS";

/// A part of the tests: its name, what it is, and how it is run.
type Part = (&'static str, &'static str, fn(&Shell, &BackgroundBuild) -> Result<Count>);

const PARTS: [Part; 7] = [
    (LINT, "the checks of cargo xtask lint", lint),
    ("native", "unit and integration tests on this machine", native),
    ("wasm", "tests in headless Chromium", wasm),
    ("npm", "the npm package, packed, and installed wherever it is to work", npm),
    (
        "replay",
        "every recorded scenario of docker manifest, against both registries, with both programs",
        replay,
    ),
    ("e2e", "the app in Chromium, against both registries", e2e),
    ("browsers", "the main stories of the app and the package in Firefox and WebKit", browsers),
];

/// The part that runs while what the others take is compiled.
const LINT: &str = "lint";
/// The other parts in the order in which they run. The rows of a group run beside each other: the tests of one wait for servers, time
/// limits and programs while those of the other compute. The tests of the app have the processors for themselves: what they wait for is
/// to be drawn in time.
const GROUPS: [&[&[&str]]; 2] = [&[&["npm"], &["native", "wasm", "replay", "browsers"]], &[&["e2e"]]];

/// Returns the help text of the command.
pub fn help() -> String {
    let parts = help_rows(16, PARTS.iter().map(|(name, about, _)| (*name, *about)));
    format!(
        "  --only PART   one part, or several when repeated:
{parts}
Sets up what it needs. Failed and skipped tests are named at the end, with the reason.
All parts take some 25 minutes on two cores where everything is compiled, and 5 more where nothing is."
    )
}

/// Sets up, runs every part (or those named), and ends with the line `N passed, N failed`, and `, N skipped` where some were.
pub fn run(sh: &Shell, only: &[String]) -> Result<()> {
    if let Some(unknown) = only.iter().find(|name| PARTS.iter().all(|(part, ..)| part != name)) {
        let names: Vec<_> = PARTS.iter().map(|(name, ..)| *name).collect();
        bail!("there is no part {unknown:?} of the tests; the parts are {}", names.join(", "));
    }
    let is_wanted = |name: &str| only.is_empty() || only.iter().any(|wanted| wanted == name);
    setup::for_compiler(sh)?;
    if env::var_os("CI").is_some() && env::var_os("CARGO_INCREMENTAL").is_none() {
        // Nothing is compiled a second time there.
        sh.set_var("CARGO_INCREMENTAL", "0");
    }
    let background = BackgroundBuild::start(sh, is_wanted);
    let mut ran = run_beside(sh, &[&[LINT]], &background, is_wanted);
    if PARTS.iter().any(|(name, ..)| *name != LINT && is_wanted(name)) {
        if background.compiles_native_tests {
            // The native tests tell what became of it.
            let _ = compile_native(sh, &background);
        }
        // Nothing is built while tests run. One that needs a tool which cannot be had says so itself.
        background.wait();
    }
    for rows in GROUPS {
        ran.extend(run_beside(sh, rows, &background, is_wanted));
    }
    let mut total = Count::default();
    let mut lines = Vec::new();
    for (name, ..) in PARTS {
        let Some(at) = ran.iter().position(|ran: &Ran| ran.name == name) else { continue };
        let Ran { count, seconds, .. } = ran.swap_remove(at);
        lines.push(format!(
            "  {name:<8} {:>5} passed {:>4} failed {:>4} skipped {seconds:>5} s",
            count.passed, count.failed, count.skipped
        ));
        let named =
            |titles: Vec<String>| titles.into_iter().map(|title| format!("{name}: {title}")).collect();
        total = total.and(Count { failures: named(count.failures), skips: named(count.skips), ..count });
    }
    if !total.failures.is_empty() {
        println!("\nfailed:\n  {}", total.failures.join("\n  "));
    }
    if !total.skips.is_empty() {
        println!("\nskipped:\n  {}", total.skips.join("\n  "));
    }
    println!("\n{}\n", lines.join("\n"));
    let skipped = if total.skipped > 0 { format!(", {} skipped", total.skipped) } else { String::new() };
    println!("{} passed, {} failed{skipped}", total.passed, total.failed);
    if total.failed > 0 {
        std::process::exit(1);
    }
    Ok(())
}

/// A part that ran, what came of it, and the time that it took.
struct Ran {
    name: &'static str,
    count: Count,
    seconds: u64,
}

/// Runs those parts of `rows` that are wanted: the rows beside each other, the parts of each one after another.
fn run_beside(
    sh: &Shell,
    rows: &[&[&str]],
    background: &BackgroundBuild,
    is_wanted: impl Fn(&str) -> bool + Sync,
) -> Vec<Ran> {
    let run_row = |sh: Shell, row: &[&str]| {
        let parts = row.iter().filter(|name| is_wanted(name)).filter_map(|name| {
            let (name, about, part) = PARTS.into_iter().find(|(part, ..)| part == name)?;
            eprintln!("\n▶ {name}: {about}");
            let start = Instant::now();
            // A part that cannot run at all is a failure that must not hide what the others say.
            let count = part(&sh, background).unwrap_or_else(|error| {
                eprintln!("error: {error:#}");
                Count::failure(format!("{error:#}"))
            });
            Some(Ran { name, count, seconds: start.elapsed().as_secs() })
        });
        parts.collect::<Vec<_>>()
    };
    thread::scope(|scope| {
        let mut running = Vec::new();
        for row in rows {
            let (own, run_row) = (sh.clone(), &run_row);
            running.push(scope.spawn(move || run_row(own, row)));
        }
        running.into_iter().flat_map(|row| row.join().expect("a part that fails does not panic")).collect()
    })
}

fn lint(sh: &Shell, background: &BackgroundBuild) -> Result<Count> {
    if background.compiles_native_tests {
        lint::run_without_clippy(sh)?;
    } else {
        lint::run(sh, &[])?;
    }
    Ok(Count { passed: 1, ..Count::default() })
}

/// The options with which cargo compiles and runs the native tests.
const NATIVE: [&str; 3] = ["--locked", "--workspace", "--all-features"];

/// Compiles the native tests. Returns what clippy complained of, which is no reason not to test.
fn compile_native(sh: &Shell, background: &BackgroundBuild) -> Result<Count> {
    // The build beside takes longer alone, since one processor links most of it: it starts first.
    let compile = |sh: &Shell| {
        if is_on_path("cargo-nextest") {
            return cmd!(sh, "nice cargo nextest run {NATIVE...} --no-run --cargo-quiet").quiet().run();
        }
        cmd!(sh, "nice cargo test --quiet {NATIVE...} --all-targets --no-run").quiet().run()
    };
    background.native_tests(|| {
        let Err(error) = compile(&lint::while_compiling(sh)) else { return Ok(Count::default()) };
        compile(sh)?;
        Ok(Count::failure(format!("clippy or the compiler: {error:#}")))
    })
}

fn native(sh: &Shell, background: &BackgroundBuild) -> Result<Count> {
    let complaint = compile_native(sh, background)?;
    // As they were compiled.
    let sh = if complaint.failed == 0 { lint::while_compiling(sh) } else { sh.clone() };
    // A test that cannot run here adds a line to this file: there is no other way to tell cargo's test programs.
    let skips = root().join("target/skipped-tests");
    fs::write(&skips, "")?;
    sh.set_var(SKIPS, &skips);
    let doc = tested(cmd!(sh, "cargo test --quiet {NATIVE...} --doc"), report::libtest)?;
    let units = if is_on_path("cargo-nextest") {
        let options = ["--no-fail-fast", "--status-level", "fail", "--test-threads", AT_ONCE];
        tested(cmd!(sh, "cargo nextest run {NATIVE...} {options...}"), report::nextest)?
    } else {
        tested(cmd!(sh, "cargo test {NATIVE...} --all-targets --no-fail-fast"), report::libtest)?
    };
    Ok(complaint.and(some(doc.and(units).without_skipped(&fs::read_to_string(&skips)?))?))
}

fn wasm(sh: &Shell, background: &BackgroundBuild) -> Result<Count> {
    background.tools()?;
    background.programs(sh)?;
    let registries = TEST_REGISTRIES
        .iter()
        .map(|(name, flags)| Ok((*name, DevRegistry::start(flags)?)))
        .collect::<Result<Vec<_>>>()?;
    let driver = find_on_path("chromedriver").context("expected chromedriver on the PATH, found none")?;
    let sh = lint::while_compiling(sh);
    let run = cmd!(sh, "cargo test {COMPILED_TO_WASM...} --test wasm --no-fail-fast")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner")
        .env("CHROMEDRIVER", &driver)
        // An isolated page may not even ask whether a registry without CORS headers is there.
        .env("WASM_BINDGEN_TEST_NO_ORIGIN_ISOLATION", "1")
        .envs(registries.iter().map(|(name, registry)| (*name, registry.host())));
    some(tested(run, report::libtest)?)
}

fn npm(sh: &Shell, background: &BackgroundBuild) -> Result<Count> {
    background.package()?;
    background.programs(sh)?;
    npm::install(sh)?;
    node_tests::run(sh, "npm", &node_tests::files(&["crates/npm/js/test", COMMAND_LINE, "tests/npm"])?, None)
}

fn replay(sh: &Shell, background: &BackgroundBuild) -> Result<Count> {
    background.package()?;
    background.programs(sh)?;
    // Each has one long row of scenarios after another, which leaves the processors time.
    let (of_package, of_native) = meanwhile(sh, native_program, || {
        node_tests::run(sh, "replay", &node_tests::files(&["tests/replay"])?, None)
    })?;
    Ok(of_package.and(of_native))
}

/// Runs what tests the package's program with the native one: the scenarios, and the suite of the command line.
fn native_program(sh: &Shell) -> Result<Count> {
    let scenarios = ["distribution", "docker-lists", "manual", "memory", "redirects"];
    let mut files: Vec<String> =
        scenarios.iter().map(|name| format!("tests/replay/{name}.test.js")).collect();
    // The action is a script of the package.
    files.extend(
        node_tests::files(&[COMMAND_LINE])?.into_iter().filter(|file| !file.ends_with("/action.test.js")),
    );
    let program = root().join("target/debug/tallyman");
    let count = node_tests::run(sh, "native-program", &files, Some(&program.to_string_lossy()))?;
    let named = |titles: Vec<String>| titles.into_iter().map(|title| format!("native program: {title}"));
    Ok(Count { failures: named(count.failures).collect(), skips: named(count.skips).collect(), ..count })
}

/// The tests of the package's program that the native one passes, too.
const COMMAND_LINE: &str = "crates/npm/js/test/command-line";

fn e2e(sh: &Shell, background: &BackgroundBuild) -> Result<Count> {
    background.app()?;
    background.package()?;
    background.programs(sh)?;
    build_tab(sh)?;
    let report = root().join("target/e2e.json");
    // An old report must not stand in for a run that did not come to its end.
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let at_once = format!("--workers={AT_ONCE}");
    let run = cmd!(sh, "playwright test {at_once} --config tests/e2e/playwright.config.js");
    run.quiet().ignore_status().env("PLAYWRIGHT_JSON_OUTPUT_FILE", &report).run()?;
    let written = fs::read_to_string(&report).context("Playwright wrote no report")?;
    some(report::playwright(&written).context("Playwright's report has no numbers")?)
}

fn browsers(sh: &Shell, background: &BackgroundBuild) -> Result<Count> {
    background.app()?;
    background.package()?;
    background.programs(sh)?;
    node_tests::run(sh, "browsers", &node_tests::files(&["tests/browsers"])?, None)
}

/// The page of the test in which two tabs write one list.
fn build_tab(sh: &Shell) -> Result<()> {
    step("cargo build and wasm-bindgen: a tab that writes lists", || {
        // As the tests compiled to wasm are, so that what both take is compiled once.
        let sh = lint::while_compiling(sh);
        cmd!(sh, "cargo build --quiet {COMPILED_TO_WASM...} --example tab").quiet().run()?;
        let module = root().join("target").join(WASM).join("debug/examples/tab.wasm");
        let folder = root().join("target/e2e-tab");
        Ok(cmd!(sh, "wasm-bindgen --target web --out-dir {folder} --no-typescript {module}").quiet().run()?)
    })
}

/// A part in which nothing ran has not passed.
fn some(count: Count) -> Result<Count> {
    if count == Count::default() {
        bail!("no test ran");
    }
    Ok(count)
}

/// Runs a test program, shows what it says as it says it, and counts. A program that fails without a failed test (it
/// did not compile, say) counts as one.
fn tested(run: Cmd<'_>, count: fn(&str) -> Count) -> Result<Count> {
    let mut child = Command::from(run.quiet());
    let mut child =
        child.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn()?;
    let streams: [Box<dyn Read + Send>; 2] = [
        Box::new(child.stdout.take().expect("standard output is a pipe")),
        Box::new(child.stderr.take().expect("standard error is a pipe")),
    ];
    let readers = streams.map(|stream| {
        thread::spawn(move || {
            let lines = BufReader::new(stream).split(b'\n').map_while(Result::ok);
            lines.fold(String::new(), |mut seen, line| {
                let line = String::from_utf8_lossy(&line);
                eprintln!("{line}");
                seen.push_str(&line);
                seen.push('\n');
                seen
            })
        })
    });
    let output = readers.map(|reader| reader.join().expect("reading does not panic")).concat();
    let status = child.wait()?;
    let counted = count(&output);
    if !status.success() && counted.failed == 0 {
        let last: Vec<_> = output.lines().rev().take(8).collect();
        let last = last.into_iter().rev().collect::<Vec<_>>().join("\n      ");
        return Ok(counted.and(Count::failure(format!("a test program ended with {status}\n      {last}"))));
    }
    Ok(counted)
}

#[cfg(test)]
mod tests {
    use super::{GROUPS, LINT, PARTS};

    #[test]
    fn every_part_runs_once() {
        let mut ran: Vec<_> = GROUPS.iter().flat_map(|rows| rows.iter()).flat_map(|row| row.iter()).collect();
        ran.push(&LINT);
        ran.sort_unstable();
        let mut parts: Vec<_> = PARTS.iter().map(|(name, ..)| name).collect();
        parts.sort_unstable();
        assert_eq!(ran, parts);
    }
}
