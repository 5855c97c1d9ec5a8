//! The npm package, built into `target/npm/tallyman/`, ready to be published.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use xshell::{Shell, cmd};

use crate::tools::{names, root, step};

/// Features beyond the first WebAssembly that the compiler may use. Naming them one by one keeps wasm-opt from using more.
const WASM_FEATURES: [&str; 7] = [
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// The package's modules: the feature of the crate that has it, and its name in `dist/`.
const MODULES: [(&str, &str); 2] = [("library", "tallyman"), ("command-line", "command-line")];

/// Builds the package. Expects what [`crate::setup::for_web`] installs.
pub fn build(sh: &Shell) -> Result<()> {
    let package = root().join("target/npm/tallyman");
    let dist = package.join("dist");
    fs::create_dir_all(&dist)?;
    for (feature, name) in MODULES {
        module(sh, feature, name, &dist)?;
    }
    carry(&dist)?;
    let sources = root().join("crates/npm/js");
    for part in ["action", "bin", "node", "jsx"] {
        copy(&sources.join(part), &package.join(part))?;
    }
    // The compiler reads in `package.json` that what is in `dist/` are ECMAScript modules.
    for file in ["action.yml", "package.json", "README.md", "CHANGELOG.md"] {
        fs::copy(sources.join(file), package.join(file))?;
    }
    step("tsc: the package's own JavaScript and its types", || {
        for compiled in ["lib", "element"] {
            let folder = package.join(compiled);
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
        }
        Ok(cmd!(sh, "tsc --project {sources}").quiet().run()?)
    })?;
    for file in ["LICENSE-MIT", "LICENSE-APACHE"] {
        fs::copy(root().join(file), package.join(file))?;
    }
    let program = package.join("bin/tallyman.js");
    join_program(sh, &package)?;
    fs::create_dir_all(package.join("man"))?;
    fs::write(package.join("man/tallyman.1"), cmd!(sh, "node {program} man").quiet().read()? + "\n")?;
    Ok(())
}

/// The command lines whose answers are the same everywhere: the program need not start its engine for them.
const ANSWERED: [&str; 3] = ["version", "--version", "version --json"];

/// Joins the scripts of the program into one, which starts sooner than ten, and keeps what its engine answers to
/// [`ANSWERED`].
fn join_program(sh: &Shell, package: &Path) -> Result<()> {
    step("esbuild: bin/program.js", || {
        let (bin, entry) = (package.join("bin"), package.join("node/main.js"));
        let form = ["--bundle", "--platform=node", "--format=cjs", "--target=node20.19"];
        let size = ["--minify-whitespace", "--minify-syntax", "--legal-comments=none", "--log-level=warning"];
        cmd!(sh, "esbuild {form...} {size...} --outfile={bin}/program.js {entry}").quiet().run()?;
        let mut answers = serde_json::Map::new();
        for line in ANSWERED {
            let arguments = line.split(' ');
            let answer = cmd!(sh, "node {bin}/tallyman.js {arguments...}").quiet().read()? + "\n";
            answers.insert(line.replace(' ', "\0"), answer.into());
        }
        Ok(fs::write(bin.join("answers.json"), serde_json::to_vec(&answers)?)?)
    })
}

/// Packs the package as `npm publish` would, and installs it where its consumers are.
pub fn install(sh: &Shell) -> Result<()> {
    step("npm pack, and npm install in tests/npm", || {
        let folder = root().join("target/npm");
        let packed =
            cmd!(sh, "npm pack {folder}/tallyman --silent --pack-destination {folder}").quiet().read()?;
        let quietly = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];
        let consumers = root().join("tests/npm");
        cmd!(sh, "npm install --prefix {consumers} --prefer-offline {quietly...} {folder}/{packed}")
            .quiet()
            .ignore_stdout()
            .run()?;
        Ok(())
    })
}

/// Compiles one module, and binds and optimises it where it is another one than before.
fn module(sh: &Shell, feature: &str, name: &str, dist: &Path) -> Result<()> {
    step(
        &format!(
            "cargo build: the engine of the {feature}, as wasm (a minute or two where nothing is compiled yet)"
        ),
        || {
            let target = ["--profile", "wasm", "--target", "wasm32-unknown-unknown"];
            let package = ["--package", "tallyman-npm", "--no-default-features", "--features", feature];
            let paths = without_paths(sh)?;
            Ok(cmd!(sh, "cargo build --quiet --locked {package...} {target...} --config {paths}")
                .quiet()
                .run()?)
        },
    )?;
    let wasm = root().join("target/wasm32-unknown-unknown/wasm/tallyman_npm.wasm");
    let stamp = dist.join(format!(".{name}-built-from"));
    let built_from = fingerprint(&wasm)?;
    if fs::read_to_string(&stamp).ok().as_deref() == Some(&built_from) {
        return Ok(());
    }
    step(&format!("wasm-bindgen and wasm-opt: dist/{name}.wasm"), || {
        let options = ["--target", "web", "--omit-default-module-path"];
        cmd!(sh, "wasm-bindgen {options...} --out-dir {dist} --out-name {name} {wasm}").quiet().run()?;
        let bound = dist.join(format!("{name}_bg.wasm"));
        optimise(sh, &bound, &dist.join(format!("{name}.wasm")))?;
        fs::remove_file(bound)?;
        if dist.join("snippets").exists() {
            take_part(sh, name, dist)?;
        }
        fs::remove_file(dist.join(format!("{name}_bg.wasm.d.ts")))?;
        Ok(fs::write(&stamp, &built_from)?)
    })
}

/// Makes a module smaller. Without inlining, it is a little longer and compresses much better.
pub fn optimise(sh: &Shell, from: &Path, to: &Path) -> Result<()> {
    Ok(cmd!(sh, "wasm-opt -Oz --skip-pass=inlining-optimizing {WASM_FEATURES...} {from} -o {to}")
        .quiet()
        .run()?)
}

/// Makes a module quicker.
pub fn optimise_for_speed(sh: &Shell, from: &Path, to: &Path) -> Result<()> {
    Ok(cmd!(sh, "wasm-opt -O3 {WASM_FEATURES...} {from} -o {to}").quiet().run()?)
}

/// Puts the part that was cut off a module beside it, and gives it our own script that loads it instead of the one made
/// for browsers alone.
fn take_part(sh: &Shell, name: &str, dist: &Path) -> Result<()> {
    let [script] = &names(&dist.join("snippets"))?[..] else { bail!("one script loads the part of {name}") };
    let binding = dist.join(name).with_extension("js");
    let bound = fs::read_to_string(&binding)?;
    fs::write(
        binding,
        bound.replace(&format!("from \"./snippets/{script}\""), "from '../lib/client-part.js'"),
    )?;
    fs::remove_dir_all(dist.join("snippets"))?;
    let parts = root().join("target/wasm32-unknown-unknown/wasm/parts");
    let [part] = &names(&parts)?[..] else { bail!("{name} has one part") };
    optimise(sh, &parts.join(part), &dist.join("client.wasm"))
}

/// A setting for cargo by which messages in the module name no folder of this machine.
fn without_paths(sh: &Shell) -> Result<String> {
    let sysroot = cmd!(sh, "rustc --print sysroot").quiet().read()?;
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).unwrap_or_default();
    let names =
        [(root().display().to_string(), "."), (home.display().to_string(), "cargo"), (sysroot, "rust")];
    let flags = names.map(|(path, name)| format!("'--remap-path-prefix={path}={name}'"));
    Ok(format!("target.wasm32-unknown-unknown.rustflags=[{}]", flags.join(",")))
}

/// Writes the library's module and its part as JavaScript: the one form that every bundler takes as it is.
fn carry(dist: &Path) -> Result<()> {
    let (mut script, mut types) = (String::new(), String::new());
    for name in ["tallyman", "client"] {
        let text = STANDARD.encode(fs::read(dist.join(name).with_extension("wasm"))?);
        script += &format!("export const {name} = '{text}';\n");
        types += &format!("export declare const {name}: string;\n");
    }
    fs::write(dist.join("inline.js"), script)?;
    Ok(fs::write(dist.join("inline.d.ts"), types)?)
}

/// Tells one build of a file from another.
fn fingerprint(file: &Path) -> Result<String> {
    let about = fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(format!("{:?} {}", about.modified()?, about.len()))
}

/// Makes `to` hold the JavaScript, the declarations and the settings that `from` holds, and nothing else.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        if file
            .path()
            .extension()
            .is_some_and(|extension| extension == "js" || extension == "ts" || extension == "json")
        {
            fs::copy(file.path(), to.join(file.file_name()))?;
        }
    }
    Ok(())
}
