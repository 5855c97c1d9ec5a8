//! The app, built into `dist/`.

mod files_page;
mod parts;
mod scripts;

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::{
    npm::{optimise_for_speed, optimise_for_start},
    sources,
    tools::{names, root, step},
};

/// Files of `dist/` that the service worker does not keep: itself, and the settings, which are asked for anew each time.
const NOT_KEPT: [&str; 2] = ["sw.js", "config.json"];

/// Builds the app, unless nothing has changed since. Expects what [`crate::setup::for_web`] installs.
pub fn build(sh: &Shell) -> Result<()> {
    let dist = root().join("dist");
    let stamp = stamp();
    let sources = sources::fingerprint(sh)?;
    if is_built_from(&sources) {
        return Ok(());
    }
    // A build that is broken off must not pass for a whole one.
    if stamp.exists() {
        fs::remove_file(&stamp)?;
    }
    step("trunk build: the app, into dist/ (some 3 minutes where nothing is compiled yet)", || {
        trunk(sh, &dist, &[])
    })?;
    join_styles(sh, &dist)?;
    minify_start(sh, &dist)?;
    step("wasm-opt: the parts of the app that come later", || {
        // As `index.html` has it for the first part.
        parts::write(sh, "app", &dist, true, optimise_for_start)
    })?;
    step("cargo build: the worker of the Files page", || {
        files_page::build(sh, FILES_WORKER, &dist, true, optimise_for_speed)
    })?;
    write_service_worker(&dist)?;
    Ok(fs::write(&stamp, sources)?)
}

/// Compiles what [`build`] needs, unless nothing has changed since. Expects the wasm target alone, so that the tools can be
/// installed meanwhile.
pub fn compile(sh: &Shell) -> Result<()> {
    if is_built_from(&sources::fingerprint(sh)?) {
        return Ok(());
    }
    step("cargo build: the app and the worker of its Files page", || {
        // As trunk does it.
        let target = ["--profile", "app", "--target", "wasm32-unknown-unknown"];
        cmd!(sh, "cargo build --quiet --locked --package tallyman-web {target...}").quiet().run()?;
        files_page::compile(sh, FILES_WORKER)
    })
}

/// Returns `true` if `dist/` has the app, whole, as `sources` make it.
fn is_built_from(sources: &str) -> bool {
    let dist = root().join("dist");
    let is_whole = dist.join("index.html").exists() && dist.join("sw.js").exists();
    is_whole && fs::read_to_string(stamp()).is_ok_and(|built_from| built_from == sources)
}

/// The file that says what `dist/` was built from.
fn stamp() -> PathBuf {
    root().join("target/app-built-from")
}

/// The Cargo profile of the worker of the Files page.
const FILES_WORKER: &str = "files-worker";
/// The Cargo profile of [`build_for_development`].
const DEVELOPMENT: &str = "app-dev";

/// Builds the app into `dist`, quickly and large: nothing is optimised, and nothing is kept by a service worker.
pub fn build_for_development(sh: &Shell, dist: &Path) -> Result<()> {
    trunk(sh, dist, &["--release=false", "--cargo-profile", DEVELOPMENT])?;
    let copy = |_: &Shell, part: &Path, to: &Path| Ok(fs::copy(part, to).map(drop)?);
    parts::write(sh, DEVELOPMENT, dist, false, copy)?;
    files_page::build(sh, DEVELOPMENT, dist, false, copy)
}

fn trunk(sh: &Shell, dist: &Path, options: &[&str]) -> Result<()> {
    // Trunk reads NO_COLOR as a flag and refuses the value 1 that everybody sets.
    Ok(cmd!(sh, "trunk --quiet build --dist {dist} {options...}").quiet().env_remove("NO_COLOR").run()?)
}

/// Makes one style sheet of all that `index.html` names: each is a request, which takes its time before anything is drawn.
fn join_styles(sh: &Shell, dist: &Path) -> Result<()> {
    let index = dist.join("index.html");
    let page = fs::read_to_string(&index)?;
    let (mut kept, mut styles) = (Vec::new(), String::new());
    let mut place = None;
    for line in page.lines() {
        if !line.trim_start().starts_with("<link rel=\"stylesheet\"") {
            kept.push(line.to_owned());
            continue;
        }
        let href = line.split_once("href=\"./").and_then(|(_, rest)| Some(rest.split_once('"')?.0));
        let sheet = dist.join(href.context("trunk wrote a style sheet without an address into index.html")?);
        styles += &scripts::minified(sh, "css", &fs::read_to_string(&sheet)?)?;
        fs::remove_file(sheet)?;
        place.get_or_insert(kept.len());
    }
    let mut hash = DefaultHasher::new();
    styles.hash(&mut hash);
    let name = format!("styles-{:016x}.css", hash.finish());
    fs::write(dist.join(&name), styles)?;
    let place = place.context("trunk wrote no style sheet into index.html")?;
    kept.insert(place, format!("    <link rel=\"stylesheet\" href=\"./{name}\" />"));
    Ok(fs::write(index, kept.join("\n") + "\n")?)
}

/// Makes the script that starts the app short.
fn minify_start(sh: &Shell, dist: &Path) -> Result<()> {
    let start = dist.join("start.js");
    Ok(fs::write(&start, scripts::minified(sh, "js", &fs::read_to_string(&start)?)?)?)
}

/// Writes the service worker, with the names of all files that make this version of the app, and a name for the version.
fn write_service_worker(dist: &Path) -> Result<()> {
    let mut files = names(dist)?;
    files.retain(|name| !NOT_KEPT.contains(&name.as_str()));
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
