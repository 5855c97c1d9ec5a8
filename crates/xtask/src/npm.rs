//! The npm package, built into `target/npm/tallyman/`, ready to be published.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::tools::{root, step};

/// What the compiler may use beyond the first WebAssembly. Naming them one by one keeps wasm-opt from using more.
const WASM_FEATURES: [&str; 7] = [
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Builds the package. Expects what [`crate::setup::for_web`] installs.
pub fn build(sh: &Shell) -> Result<()> {
    let package = root().join("target/npm/tallyman");
    step("cargo build: the engine, as wasm", || {
        let target = "wasm32-unknown-unknown";
        Ok(cmd!(sh, "cargo build --quiet --locked --package tallyman-npm --profile wasm --target {target}")
            .quiet()
            .run()?)
    })?;
    let wasm = root().join("target/wasm32-unknown-unknown/wasm/tallyman_npm.wasm");
    let stamp = package.join("dist/.built-from");
    let built_from = fingerprint(&wasm)?;
    if fs::read_to_string(&stamp).ok().as_deref() != Some(&built_from) {
        step("wasm-bindgen and wasm-opt: the npm package, into target/npm/tallyman", || {
            let dist = package.join("dist");
            if dist.exists() {
                fs::remove_dir_all(&dist)?;
            }
            cmd!(sh, "wasm-bindgen --target web --out-dir {dist} --out-name tallyman {wasm}")
                .quiet()
                .run()?;
            let module = dist.join("tallyman_bg.wasm");
            cmd!(sh, "wasm-opt -Oz {WASM_FEATURES...} {module} -o {module}").quiet().run()?;
            Ok(fs::write(&stamp, &built_from)?)
        })?;
    }
    for part in ["bin", "node"] {
        copy(&root().join("crates/npm/js").join(part), &package.join(part))?;
    }
    for file in ["package.json", "README.md"] {
        fs::copy(root().join("crates/npm/js").join(file), package.join(file))?;
    }
    for file in ["LICENSE-MIT", "LICENSE-APACHE"] {
        fs::copy(root().join(file), package.join(file))?;
    }
    Ok(())
}

/// Tells one build of a file from another.
fn fingerprint(file: &Path) -> Result<String> {
    let about = fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(format!("{:?} {}", about.modified()?, about.len()))
}

/// Makes `to` hold what `from` holds, and nothing else.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        fs::copy(file.path(), to.join(file.file_name()))?;
    }
    Ok(())
}
