//! Where things are, and which version of a program is there.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("this crate is at crates/xtask")
}

/// Programs that the project installs for itself.
pub fn installed() -> PathBuf {
    root().join("target/tools")
}

/// Puts the project's own programs in front of those of the machine.
pub fn on_path(sh: &Shell) -> Result<()> {
    let own = [installed().join("bin"), root().join("tests/node_modules/.bin")];
    let machine = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(own.into_iter().chain(env::split_paths(&machine)))?;
    sh.set_var("PATH", path);
    Ok(())
}

/// Whether some folder of the machine's `PATH` has `program`.
pub fn is_on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Whether `program --version` ends in `version`.
pub fn has_version(sh: &Shell, program: &str, version: &str) -> bool {
    let said = cmd!(sh, "{program} --version").quiet().ignore_stderr().read();
    said.is_ok_and(|said| said.split_whitespace().nth(1) == Some(version))
}

/// The version of a package in the project's lock file.
pub fn locked_version(package: &str) -> Result<String> {
    let lock = fs::read_to_string(root().join("Cargo.lock")).context("cannot read Cargo.lock")?;
    version_in(&lock, package)
        .map(str::to_owned)
        .with_context(|| format!("Cargo.lock has no package {package}"))
}

fn version_in<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let after = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?.1;
    after.split('"').next()
}

/// The names of the files in a folder, in their order.
pub fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("there is no {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Says what is done and why, does it, and says how long it took.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("• {what}");
    let start = Instant::now();
    let done = work().with_context(|| what.to_owned())?;
    let seconds = start.elapsed().as_secs_f32();
    if seconds > 1.0 {
        // Something else may have begun meanwhile.
        let name = what.split_once(':').map_or(what, |(name, _)| name);
        eprintln!("  done in {seconds:.0} s: {name}");
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::version_in;

    #[test]
    fn a_version_is_found_by_the_whole_name() {
        let lock = "name = \"wasm-bindgen-futures\"\nversion = \"0.4.80\"\n\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(version_in(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(version_in(lock, "bindgen"), None);
    }
}
