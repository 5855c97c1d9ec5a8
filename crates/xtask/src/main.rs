//! `cargo xtask`: sets up what the project needs, builds, demonstrates and tests it.

mod apt;
mod bench;
mod demo;
mod dev_registry;
mod lint;
mod npm;
mod report;
mod setup;
mod test;
mod tools;
mod web;

use std::process::ExitCode;

use anyhow::{Result, bail};
use lexopt::prelude::*;
use xshell::Shell;

const USAGE: &str = "Usage: cargo xtask COMMAND

  demo [--registry-port N] [--app-port N] [--fault NAME[,SETTING=VALUE]…]
            set up, build, start a registry with samples and the app
  test [--only PART]…
            run all tests, or some parts of them
  web       build the app into dist/
  npm       build the npm package into target/npm/tallyman/
  bench [NAME]… [--write] [--built]
            measure against others, print tables, write target/bench.json; with --write docs/measurements.md, too;
            with --built without building anything before
  lint      formatting and clippy, for the machine and for wasm
  setup     install what the others need, into target/tools where possible
";

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    let mut arguments = lexopt::Parser::from_env();
    let command = match arguments.next()? {
        Some(Value(command)) => command.string()?,
        Some(Long("help") | Short('h')) | None => {
            print!("{USAGE}");
            return Ok(ExitCode::SUCCESS);
        }
        Some(other) => return Err(other.unexpected().into()),
    };
    let sh = Shell::new()?;
    sh.change_dir(tools::root());
    match command.as_str() {
        "demo" => demo::run(&sh, demo::Options::parse(&mut arguments)?),
        "test" => test::run(&sh, &only(&mut arguments)?),
        "bench" => bench::run(&sh, &bench::Options::parse(&mut arguments)?),
        "web" => no_more(&mut arguments).and_then(|()| setup::for_web(&sh)).and_then(|()| web::build(&sh)),
        "npm" => no_more(&mut arguments).and_then(|()| setup::for_web(&sh)).and_then(|()| npm::build(&sh)),
        "lint" => no_more(&mut arguments).and_then(|()| lint::run(&sh)),
        "setup" => no_more(&mut arguments).and_then(|()| setup::for_tests(&sh)),
        other => bail!("there is no command {other:?}\n\n{USAGE}"),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn no_more(arguments: &mut lexopt::Parser) -> Result<()> {
    match arguments.next()? {
        Some(argument) => Err(argument.unexpected().into()),
        None => Ok(()),
    }
}

fn only(arguments: &mut lexopt::Parser) -> Result<Vec<String>> {
    let mut parts = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("only") => parts.push(arguments.value()?.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(parts)
}
