//! `wasm-bindgen`: makes the JavaScript that a compiled module needs. A module that marks parts of itself as loaded later
//! is first cut into them: they go to a folder beside it, `NAME.parts/`, and the script that loads them to `snippets/` of the output folder.

use std::{
    env,
    error::Error,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::ExitCode,
};

use lexopt::prelude::*;
use wasm_bindgen_cli_support::Bindgen;

/// The mark that the macro leaves in modules with parts.
const MARK: &[u8] = b"__wasm_split_00";

/// The placeholder for the loading script in the parts' loader: its name is known when it has been made.
const MAIN: &str = "MAIN";

/// The options of wasm-bindgen's own program that building the project takes, beside `--target web`.
#[derive(Default)]
struct Options {
    input: PathBuf,
    out_dir: PathBuf,
    out_name: Option<String>,
    no_typescript: bool,
    omit_default_module_path: bool,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let Some(options) = options()? else {
        println!("wasm-bindgen {}", env!("CARGO_PKG_VERSION"));
        return Ok(());
    };
    let split = split(&options).map_err(|error| format!("cutting the module into its parts: {error}"))?;
    let mut bindgen = Bindgen::new();
    // The parts share the first one's memory and table.
    bindgen.keep_lld_exports(split.is_some());
    bindgen.input_path(split.as_deref().unwrap_or(&options.input));
    bindgen.web(true)?.typescript(!options.no_typescript).omit_default_module_path(options.omit_default_module_path);
    if let Some(name) = &options.out_name {
        bindgen.out_name(name);
    }
    Ok(bindgen.generate(&options.out_dir)?)
}

/// Returns what the command line asks for, or `None` where it asks for the version alone.
fn options() -> Result<Option<Options>, Box<dyn Error>> {
    let mut arguments = lexopt::Parser::from_env();
    let mut options = Options::default();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("version") => return Ok(None),
            Long("target") => match arguments.value()?.string()? {
                target if target == "web" => {}
                other => return Err(format!("expected --target web, found {other}").into()),
            },
            Long("out-dir") => options.out_dir = arguments.value()?.into(),
            Long("out-name") => options.out_name = Some(arguments.value()?.string()?),
            Long("no-typescript") => options.no_typescript = true,
            Long("omit-default-module-path") => options.omit_default_module_path = true,
            Value(input) if options.input.as_os_str().is_empty() => options.input = input.into(),
            other => return Err(other.unexpected().into()),
        }
    }
    for (path, name) in [(&options.input, "a module"), (&options.out_dir, "--out-dir")] {
        if path.as_os_str().is_empty() {
            return Err(format!("expected {name}, found none").into());
        }
    }
    Ok(Some(options))
}

/// Cuts the module into its parts, if it has any, and returns the file of what is left of it.
fn split(options: &Options) -> Result<Option<PathBuf>, Box<dyn Error>> {
    let path: &Path = &options.input;
    let wasm = fs::read(path)?;
    if !wasm.windows(MARK.len()).any(|window| window == MARK) {
        return Ok(None);
    }
    let main = path.with_extension("main.wasm");
    // Names change with the content, so that whoever keeps files never mixes two versions.
    let mut hash = DefaultHasher::new();
    (env!("CARGO_PKG_VERSION"), &wasm).hash(&mut hash);
    let hash = hash.finish();
    let link = format!("./snippets/load-{hash:016x}.js");
    let (parts, snippets) = (path.with_extension("parts"), options.out_dir.join("snippets"));
    for folder in [&parts, &snippets] {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
    }
    let mut options = wasm_split_cli_support::Options::new(&wasm);
    options.output_dir = &parts;
    options.main_out_path = &main;
    options.link_name = &link;
    options.main_module = MAIN;
    fs::create_dir_all(parts.join("snippets"))?;
    let split = wasm_split_cli_support::transform(options)?;
    let mut script = fs::read_to_string(parts.join(&link))?;
    for part in split.split_modules {
        let name = part.file_stem().ok_or("a part has a name")?.to_string_lossy();
        let named = format!("{name}-{hash:016x}.wasm");
        script = script.replace(&format!("\"./{name}.wasm\""), &format!("\"../{named}\""));
        fs::rename(&part, parts.join(named))?;
    }
    fs::write(snippets.with_file_name(&link), script)?;
    fs::remove_dir_all(parts.join("snippets"))?;
    Ok(Some(main))
}
