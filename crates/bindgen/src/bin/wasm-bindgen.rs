//! `wasm-bindgen`: makes the JavaScript that a compiled module needs. A module that marks parts of itself as loaded later
//! is first cut into them: they go to `parts/` beside it, and the script that loads them to `snippets/` of the output folder,
//! which trunk copies.

use std::{
    env,
    error::Error,
    ffi::OsString,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::PathBuf,
    process::ExitCode,
};

/// The mark that the macro leaves in modules with parts.
const MARK: &[u8] = b"__wasm_split_00";

/// The placeholder for the loading script in the parts' loader: its name is known when it has been made.
const MAIN: &str = "MAIN";

fn main() -> ExitCode {
    let mut args: Vec<_> = env::args_os().collect();
    if let Err(error) = split(&mut args) {
        eprintln!("error: cutting the module into its parts: {error}");
        return ExitCode::FAILURE;
    }
    match wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:?}");
            ExitCode::FAILURE
        }
    }
}

/// Cuts the module that `args` name, if it has parts, and names what is left of it instead.
fn split(args: &mut Vec<OsString>) -> Result<(), Box<dyn Error>> {
    let Some(input) = args.iter_mut().find(|arg| arg.to_string_lossy().ends_with(".wasm")) else {
        return Ok(());
    };
    let path = PathBuf::from(&*input);
    let wasm = fs::read(&path)?;
    if !wasm.windows(MARK.len()).any(|window| window == MARK) {
        return Ok(());
    }
    let main = path.with_extension("main.wasm");
    *input = main.clone().into();
    let given: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let folder = given
        .iter()
        .zip(given.iter().skip(1))
        .find_map(|(arg, next)| {
            arg.strip_prefix("--out-dir=").or_else(|| (arg == "--out-dir").then_some(next))
        })
        .ok_or("expected --out-dir, where the parts go")?;
    // Names change with the content, so that whoever keeps files never mixes two versions.
    let mut hash = DefaultHasher::new();
    (env!("CARGO_PKG_VERSION"), &wasm).hash(&mut hash);
    let hash = hash.finish();
    let link = format!("./snippets/load-{hash:016x}.js");
    let (parts, snippets) = (path.with_file_name("parts"), PathBuf::from(folder).join("snippets"));
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
    // The parts share the first one's memory and table.
    args.push("--keep-lld-exports".into());
    Ok(())
}
