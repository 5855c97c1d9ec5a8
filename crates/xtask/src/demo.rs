//! The demo: a registry with samples, and the app.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;
use xshell::Shell;

use crate::{dev_registry, setup, tools::root, web};

/// The flags of the demo.
pub struct Options {
    registry_port: u16,
    app_port: u16,
    faults: Vec<String>,
}

impl Options {
    /// Reads the command's own flags.
    pub fn parse(mut arguments: lexopt::Parser) -> Result<Self> {
        let mut options = Self { registry_port: 5050, app_port: 8080, faults: Vec::new() };
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("registry-port") => options.registry_port = arguments.value()?.parse()?,
                Long("app-port") => options.app_port = arguments.value()?.parse()?,
                Long("fault") => options.faults.push(arguments.value()?.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}

/// Sets up, builds, starts both and stays until Ctrl-C.
pub fn run(sh: &Shell, options: Options) -> Result<()> {
    setup::for_web(sh)?;
    web::build(sh)?;
    dev_registry::build(sh)?;
    let mut program = Command::new(dev_registry::program());
    program.current_dir(root()).stdout(Stdio::piped()).args(["--samples", "--app", "dist"]);
    program.args(["--addr".to_owned(), format!("127.0.0.1:{}", options.registry_port)]);
    program.args(["--app-addr".to_owned(), format!("127.0.0.1:{}", options.app_port)]);
    for fault in options.faults {
        program.args(["--fault".to_owned(), fault]);
    }
    // Ctrl-C reaches the whole process group: the registry ends by itself, and this program with it.
    let mut child = program.spawn().context("cannot start the in-memory registry")?;
    let output = child.stdout.take().expect("its standard output is a pipe");
    for line in BufReader::new(output).lines() {
        match line?.split_once(' ') {
            Some(("registry", url)) => println!("\n  Registry  {url}"),
            Some(("app", url)) => {
                println!("  App       {url}\n\n  Open the app in a browser. Ctrl-C ends both.");
            }
            _ => {}
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("the in-memory registry ended with {status}");
    }
    Ok(())
}
