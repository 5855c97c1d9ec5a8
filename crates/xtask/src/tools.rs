//! Paths, versions of programs, and steps that say what they do.

use std::{
    env, fs, iter,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

/// The compiler's target of the app and of the package.
pub const WASM: &str = "wasm32-unknown-unknown";

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

/// The file of `program` in the first folder of the machine's `PATH` that has it.
pub fn find_on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Returns `true` if some folder of the machine's `PATH` has `program`.
pub fn is_on_path(program: &str) -> bool {
    find_on_path(program).is_some()
}

/// Returns `true` if `program --version` ends in `version`.
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

/// The files below a folder, in their order, but for those in folders whose names are in `skip`. A file is the only one below
/// itself.
pub fn files_below(path: &Path, skip: &[&str]) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_file() {
            files.push(entry.path());
        } else if kind.is_dir() && skip.iter().all(|name| entry.file_name() != *name) {
            files.extend(files_below(&entry.path(), skip)?);
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// The time after which a step says again that it is under way.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// Announces a step (`NAME: WHAT FOR`), runs it, says every half a minute that it is under way, and says how long it took.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("• {what}");
    let start = Instant::now();
    // Something else may have begun meanwhile.
    let name = what.split_once(':').map_or(what, |(name, _)| name);
    let done = thread::scope(|scope| {
        let (running, finished) = mpsc::channel::<()>();
        scope.spawn(move || {
            while finished.recv_timeout(SIGN_OF_LIFE) == Err(RecvTimeoutError::Timeout) {
                eprintln!("  under way for {} s: {name}", start.elapsed().as_secs());
            }
        });
        let done = work();
        drop(running);
        done
    });
    let done = done.with_context(|| what.to_owned())?;
    let seconds = start.elapsed().as_secs_f32();
    if seconds > 1.0 {
        eprintln!("  done in {seconds:.0} s: {name}");
    }
    Ok(done)
}

/// Runs `side` in a shell of its own while the main work goes on: one waits for the network or links, the other compiles.
/// Returns what came of the main work and of `side`, or the first's error before the second's.
pub fn meanwhile<T, U: Send>(
    sh: &Shell,
    side: impl FnOnce(&Shell) -> Result<U> + Send,
    main: impl FnOnce() -> Result<T>,
) -> Result<(T, U)> {
    let own = sh.clone();
    let (done, aside) = thread::scope(|scope| {
        let side = scope.spawn(move || side(&own));
        (main(), side.join().expect("what is done aside does not panic"))
    });
    Ok((done?, aside?))
}

/// Does the same work on each of `items`, as many at once as there are processors, and returns what came of them in their order.
pub fn side_by_side<T: Sync, U: Send>(
    sh: &Shell,
    items: &[T],
    work: impl Fn(&Shell, &T) -> Result<U> + Sync,
) -> Result<Vec<U>> {
    let next = AtomicUsize::new(0);
    let run = |sh: Shell| {
        let taken = iter::from_fn(|| {
            let at = next.fetch_add(1, Ordering::Relaxed);
            items.get(at).map(|item| (at, item))
        });
        taken.map(|(at, item)| Ok((at, work(&sh, item)?))).collect::<Result<Vec<_>>>()
    };
    let workers = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let lists: Result<Vec<_>> = thread::scope(|scope| {
        let start = |_| {
            let own = sh.clone();
            scope.spawn(|| run(own))
        };
        let running: Vec<_> = (0..workers).map(start).collect();
        running.into_iter().map(|one| one.join().expect("the work does not panic")).collect()
    });
    let mut done: Vec<(usize, U)> = lists?.into_iter().flatten().collect();
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, value)| value).collect())
}

#[cfg(test)]
mod tests {
    use anyhow::bail;
    use xshell::Shell;

    use super::{side_by_side, version_in};

    #[test]
    fn results_come_in_the_order_of_the_items_and_a_failure_is_that_of_the_whole() {
        let sh = Shell::new().expect("there is a folder to work in");
        let items: Vec<u32> = (0..50).collect();
        let doubled = side_by_side(&sh, &items, |_, item| Ok(item * 2)).expect("nothing fails");
        assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        let failed =
            side_by_side(&sh, &items, |_, item| if *item == 30 { bail!("number 30") } else { Ok(()) });
        assert_eq!(failed.expect_err("one fails").to_string(), "number 30");
        assert!(side_by_side(&sh, &[] as &[u32], |_, _| Ok(())).expect("nothing fails").is_empty());
    }

    #[test]
    fn a_version_is_found_by_the_whole_name() {
        let lock = "name = \"wasm-bindgen-futures\"\nversion = \"0.4.80\"\n\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(version_in(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(version_in(lock, "bindgen"), None);
    }
}
