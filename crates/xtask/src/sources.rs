//! The files that the app is made of, and whether one has changed.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::tools::{files_below, root};

/// The files that every build of the app depends on, beside the folders in [`FOLDERS`].
const FILES: [&str; 4] = ["Cargo.toml", "Cargo.lock", "Trunk.toml", ".cargo/config.toml"];
/// The folders of the app and of all crates, more than the app takes: Cargo knows what it need not compile.
const FOLDERS: [&str; 2] = ["web", "crates"];
/// The names in those folders that are never in the app.
const NOT_IN_THE_APP: [&str; 4] = ["tests", "node_modules", "target", "js"];

/// The files that the app is made of, in their order.
pub fn of_app() -> Result<Vec<PathBuf>> {
    let mut files: Vec<_> = FILES.iter().map(|file| root().join(file)).collect();
    for folder in FOLDERS {
        files.extend(files_below(&root().join(folder), &NOT_IN_THE_APP)?);
    }
    files.sort_unstable();
    Ok(files)
}

/// A text that differs where the content or the name of a file differs, or the compiler.
pub fn fingerprint(sh: &Shell) -> Result<String> {
    let mut hash = DefaultHasher::new();
    cmd!(sh, "rustc --version --verbose").quiet().read()?.hash(&mut hash);
    for file in of_app()? {
        file.strip_prefix(root())?.hash(&mut hash);
        fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?.hash(&mut hash);
    }
    Ok(format!("{:016x}", hash.finish()))
}
