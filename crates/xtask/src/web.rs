//! The app, built into `dist/`.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::tools::{root, step};

/// Files of `dist/` that the service worker does not keep: itself, and the settings, which are asked for anew each time.
const NOT_KEPT: [&str; 2] = ["sw.js", "config.json"];

/// Builds the app. Expects what [`crate::setup::for_web`] installs.
pub fn build(sh: &Shell) -> Result<()> {
    step("trunk build: the app, into dist/", || {
        // Trunk reads NO_COLOR as a flag and refuses the value 1 that everybody sets.
        Ok(cmd!(sh, "trunk --quiet build").quiet().env_remove("NO_COLOR").run()?)
    })?;
    write_service_worker(&root().join("dist"))
}

/// Writes the service worker, with the names of all files that make this version of the app, and a name for the version.
fn write_service_worker(dist: &Path) -> Result<()> {
    let mut files: Vec<String> = Vec::new();
    for entry in fs::read_dir(dist).context("trunk wrote no dist/")? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_file() && !NOT_KEPT.contains(&name.as_str()) {
            files.push(name);
        }
    }
    files.sort_unstable();
    let mut version = DefaultHasher::new();
    for file in &files {
        file.hash(&mut version);
        fs::read(dist.join(file))?.hash(&mut version);
    }
    let names: Vec<_> = files.iter().map(|file| format!("'{file}'")).collect();
    let template = fs::read_to_string(root().join("web/sw.js"))?;
    let worker = template
        .replace("%VERSION%", &format!("{:016x}", version.finish()))
        .replace("%FILES%", &format!("[{}]", names.join(", ")));
    Ok(fs::write(dist.join("sw.js"), worker)?)
}
