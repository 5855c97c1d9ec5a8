//! The worker and the style sheet of the Files page, loaded when it is opened.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

use anyhow::Result;
use xshell::{Shell, cmd};

use super::{compile_for_pages, scripts};
use crate::tools::{WASM, root};

/// Builds the worker, and puts it and the style sheet into `dist` under names that change with what is in them, as short as they
/// can be if `is_minified`. `finish` makes the module that is shipped of the one that was compiled. Returns the attributes by which the
/// page names them.
pub fn build(
    sh: &Shell,
    profile: &str,
    dist: &Path,
    is_minified: bool,
    finish: impl Fn(&Shell, &Path, &Path) -> Result<()>,
) -> Result<String> {
    compile(sh, profile)?;
    let module = root().join("target").join(WASM).join(profile).join("tallyman_files_worker.wasm");
    let bound = root().join("target/files-worker");
    let options = ["--target", "web", "--no-typescript", "--omit-default-module-path"];
    cmd!(sh, "wasm-bindgen {options...} --out-dir {bound} --out-name files-worker {module}").quiet().run()?;
    let shipped =
        |kind, text: String| if is_minified { scripts::minified(sh, kind, &text) } else { Ok(text) };
    let script = fs::read_to_string(bound.join("files-worker.js"))?;
    let finished = bound.join("finished.wasm");
    finish(sh, &bound.join("files-worker_bg.wasm"), &finished)?;
    let module = fs::read(&finished)?;
    let name = format!("files-worker-{}", hash(&(&script, &module)));
    // A worker has the address of its script; the module stands beside it.
    let start = format!("await __wbg_init({{ module_or_path: new URL('./{name}.wasm', import.meta.url) }});");
    fs::write(dist.join(format!("{name}.js")), shipped("js", format!("{script}\n{start}\n"))?)?;
    fs::write(dist.join(format!("{name}.wasm")), module)?;
    let styles = shipped("css", fs::read_to_string(root().join("web/styles/files.css"))?)?;
    let sheet = format!("files-{}.css", hash(&styles));
    fs::write(dist.join(&sheet), styles)?;
    Ok(format!(" data-files-worker=\"./{name}.js\" data-files-style=\"./{sheet}\""))
}

/// Compiles the worker.
pub fn compile(sh: &Shell, profile: &str) -> Result<()> {
    compile_for_pages(sh, "tallyman-files-worker", profile)
}

fn hash(content: &impl Hash) -> String {
    let mut hash = DefaultHasher::new();
    content.hash(&mut hash);
    format!("{:016x}", hash.finish())
}
