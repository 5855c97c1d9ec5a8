//! The app, built into `dist/`.

mod chunks;
mod files_page;
mod page;
mod scripts;

use std::{
    env, fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use lexopt::{Parser, prelude::*};
use sha2::{Digest, Sha256};
use xshell::{Shell, cmd};

use crate::{
    npm::{optimise_for_speed, optimise_for_start, without_paths},
    setup, sources,
    tools::{WASM, meanwhile, names, root, step},
};

/// The page of the app.
const PAGE: &str = "index.html";

/// Files of `dist/` that the service worker does not keep: itself, and the settings, which are asked for anew each time.
const NOT_KEPT: [&str; 2] = ["sw.js", "config.json"];

/// The help text of the command.
pub const HELP: &str =
    "  --finish   makes what trunk has built into the app as it is shipped; for the hook in Trunk.toml

The first run compiles the tools and the app, which takes some 4 minutes on two cores.";

/// The variable in which trunk tells its hooks the folder that it builds into.
const OF_TRUNK: &str = "TRUNK_STAGING_DIR";

/// Builds the app as the arguments say.
pub fn run(sh: &Shell, mut arguments: Parser) -> Result<()> {
    let mut finishes = false;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("finish") => finishes = true,
            other => return Err(other.unexpected().into()),
        }
    }
    if finishes {
        let folder = env::var_os(OF_TRUNK);
        let folder = folder.with_context(|| {
            format!("expected the folder of trunk's build in {OF_TRUNK}, found none: let trunk call this")
        })?;
        setup::for_web(sh)?;
        return finish(sh, Path::new(&folder));
    }
    setup::for_web_while(sh, compile)?;
    build(sh)
}

/// Builds the app, unless nothing has changed since. Expects what [`setup::for_web`] installs.
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
    replaced(&dist, |dist| {
        step("cargo build and wasm-bindgen: the app (some 2 minutes where nothing is compiled yet)", || {
            page::write(sh, APP, dist)
        })?;
        finish(sh, dist)
    })?;
    Ok(fs::write(&stamp, sources)?)
}

/// Makes the app in `dist`, as [`page::write`] or trunk left it there, as small and as quick as it is shipped, and gives it its service
/// worker.
fn finish(sh: &Shell, dist: &Path) -> Result<()> {
    join_styles(sh, dist)?;
    minify_start(sh, dist)?;
    step("wasm-opt: the app, its chunks, and the worker of its Files page", || {
        chunks_and_worker(sh, [APP, FILES_WORKER], dist, true, [optimise_for_start, optimise_for_speed])
    })?;
    write_service_worker(dist)
}

/// Makes what is in a folder anew: the old stays until all of the new is there. The folder itself stays, as somebody may have mounted it.
fn replaced(folder: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let new = folder.with_extension("new");
    if new.exists() {
        fs::remove_dir_all(&new)?;
    }
    fs::create_dir_all(&new)?;
    make(&new)?;
    fs::create_dir_all(folder)?;
    for old in fs::read_dir(folder)? {
        let old = old?;
        if old.file_type()?.is_dir() { fs::remove_dir_all(old.path())? } else { fs::remove_file(old.path())? }
    }
    for made in fs::read_dir(&new)? {
        let made = made?;
        fs::rename(made.path(), folder.join(made.file_name()))?;
    }
    Ok(fs::remove_dir(new)?)
}

/// Compiles what [`build`] needs, unless nothing has changed since. Expects the wasm target alone, so that the tools can be
/// installed meanwhile.
pub fn compile(sh: &Shell) -> Result<()> {
    if is_built_from(&sources::fingerprint(sh)?) {
        return Ok(());
    }
    step("cargo build: the app and the worker of its Files page", || {
        // One processor links the app for a minute.
        meanwhile(sh, |sh| files_page::compile(sh, FILES_WORKER), || compile_app(sh, APP)).map(drop)
    })
}

fn compile_app(sh: &Shell, profile: &str) -> Result<()> {
    compile_for_pages(sh, "tallyman-web", profile)
}

/// Compiles a package that pages run.
fn compile_for_pages(sh: &Shell, package: &str, profile: &str) -> Result<()> {
    let options = ["--profile", profile, "--target", WASM, "--config", &without_paths(sh)?];
    Ok(cmd!(sh, "cargo build --quiet --locked --package {package} {options...}").quiet().run()?)
}

/// Returns `true` if `dist/` has the app, whole, as `sources` make it.
fn is_built_from(sources: &str) -> bool {
    let dist = root().join("dist");
    let is_whole = dist.join(PAGE).exists() && dist.join("sw.js").exists();
    is_whole && fs::read_to_string(stamp()).is_ok_and(|built_from| built_from == sources)
}

/// The file that says what `dist/` was built from.
fn stamp() -> PathBuf {
    root().join("target/app-built-from")
}

/// The Cargo profile of the app.
const APP: &str = "wasm";
/// The Cargo profile of the worker of the Files page.
const FILES_WORKER: &str = "files-worker";
/// The Cargo profile of [`build_for_development`].
const DEVELOPMENT: &str = "app-dev";

/// Builds the app into `dist`, quickly and large: nothing is optimised, and nothing is kept by a service worker.
pub fn build_for_development(sh: &Shell, dist: &Path) -> Result<()> {
    replaced(dist, |dist| {
        page::write(sh, DEVELOPMENT, dist)?;
        let copy: Finish = |_, module, to| Ok(fs::copy(module, to).map(drop)?);
        chunks_and_worker(sh, [DEVELOPMENT; 2], dist, false, [copy; 2])
    })
}

/// The place in `index.html` before which the page is told the names of files.
const PLACE: &str = " data-js=\"";

/// Makes the module that is shipped of the one that was compiled.
type Finish = fn(&Shell, &Path, &Path) -> Result<()>;

/// Makes the app's chunks and the worker of its Files page side by side, each of its profile and as its `finish` has it, and tells the page
/// their names.
fn chunks_and_worker(
    sh: &Shell,
    profiles: [&str; 2],
    dist: &Path,
    is_short: bool,
    finish: [Finish; 2],
) -> Result<()> {
    let worker = |sh: &Shell| files_page::build(sh, profiles[1], dist, is_short, finish[1]);
    let (chunks, worker) =
        meanwhile(sh, worker, || chunks::write(sh, profiles[0], dist, is_short, finish[0]))?;
    let names = chunks + &worker;
    let index = dist.join(PAGE);
    let page = fs::read_to_string(&index)?;
    ensure!(page.contains(PLACE), "expected{PLACE} in index.html, as Trunk.toml has it");
    Ok(fs::write(&index, page.replacen(PLACE, &format!("{names}{PLACE}"), 1))?)
}

/// Makes one style sheet of all that `index.html` names: each is a request, which takes its time before anything is drawn.
fn join_styles(sh: &Shell, dist: &Path) -> Result<()> {
    let index = dist.join(PAGE);
    let page = fs::read_to_string(&index)?;
    let (mut kept, mut styles) = (Vec::new(), String::new());
    let mut place = None;
    for line in page.lines() {
        if !line.trim_start().starts_with("<link rel=\"stylesheet\"") {
            kept.push(line.to_owned());
            continue;
        }
        let href = line.split_once("href=\"./").and_then(|(_, rest)| Some(rest.split_once('"')?.0));
        let sheet = dist.join(href.context("expected style sheets of index.html to be beside it")?);
        styles += &scripts::minified(sh, "css", &fs::read_to_string(&sheet)?)?;
        fs::remove_file(sheet)?;
        place.get_or_insert(kept.len());
    }
    let mut hash = DefaultHasher::new();
    styles.hash(&mut hash);
    let name = format!("styles-{:016x}.css", hash.finish());
    fs::write(dist.join(&name), styles)?;
    let place = place.context("expected style sheets in index.html, found none")?;
    kept.insert(place, format!("    <link rel=\"stylesheet\" href=\"./{name}\" />"));
    Ok(fs::write(index, kept.join("\n") + "\n")?)
}

/// Makes the script that starts the app short.
fn minify_start(sh: &Shell, dist: &Path) -> Result<()> {
    let start = dist.join("start.js");
    Ok(fs::write(&start, scripts::minified(sh, "js", &fs::read_to_string(&start)?)?)?)
}

/// Writes the service worker, with the names and digests of all files that make this version of the app, those that its page names, and
/// a name for the version.
fn write_service_worker(dist: &Path) -> Result<()> {
    let mut files = names(dist)?;
    files.retain(|name| !NOT_KEPT.contains(&name.as_str()));
    let page = fs::read_to_string(dist.join(PAGE))?;
    let mut version = DefaultHasher::new();
    let (mut digests, mut named) = (Vec::new(), Vec::new());
    for file in &files {
        let content = fs::read(dist.join(file))?;
        (file, &content).hash(&mut version);
        // The page itself may be served with something added.
        if file != PAGE {
            digests.push(format!("'{file}': 'sha256-{}'", STANDARD.encode(Sha256::digest(&content))));
        }
        if page.contains(&format!("\"./{file}\"")) {
            named.push(format!("'{file}'"));
        }
    }
    let template = fs::read_to_string(root().join("web/sw.js"))?;
    let worker = template
        .replace("%VERSION%", &format!("{:016x}", version.finish()))
        .replace("%FILES%", &format!("{{ {} }}", digests.join(", ")))
        .replace("%NAMED%", &format!("[{}]", named.join(", ")));
    Ok(fs::write(dist.join("sw.js"), worker)?)
}
