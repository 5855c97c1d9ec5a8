//! The demo: a registry with samples, and the app; and the same for those who change the app.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;
use xshell::Shell;

use crate::{
    dev_registry, setup, sources,
    tools::{meanwhile, root, step},
    web,
};

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
    setup::for_web_while(sh, |sh| meanwhile(sh, dev_registry::build, || web::compile(sh)).map(drop))?;
    web::build(sh)?;
    let mut child = start(&root().join("dist"), options)?;
    println!("  Open the app in a browser. Ctrl-C ends both.");
    ended(&mut child)
}

/// The time between two looks at the files of the app.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Sets up, starts both with an app that is built quickly, and builds it again whenever a file changes, until Ctrl-C.
pub fn develop(sh: &Shell, options: Options) -> Result<()> {
    setup::for_web_while(sh, dev_registry::build)?;
    // Not under the name of a Cargo profile: the folder is emptied, and Cargo keeps what it compiled for itself there.
    let dist = root().join("target/served-while-developing");
    let build = || {
        step(
            "cargo build and wasm-bindgen: the app, for development (2 minutes where nothing is compiled yet)",
            || web::build_for_development(sh, &dist),
        )
    };
    let mut seen = changed()?;
    build()?;
    let mut child = start(&dist, options)?;
    println!("  Open the app in a browser. It is built again whenever a file changes. Ctrl-C ends both.");
    loop {
        thread::sleep(LOOK_EVERY);
        if child.try_wait()?.is_some() {
            return ended(&mut child);
        }
        let now = changed()?;
        if now == seen {
            continue;
        }
        seen = now;
        match build() {
            Ok(()) => println!("  The app is built again: reload the page."),
            // The compiler's output stands above; the next change starts a new build.
            Err(error) => eprintln!("error: {error:#}"),
        }
    }
}

/// The time of the last change of each file of the app. Files may come and go while this looks.
fn changed() -> Result<HashMap<PathBuf, Option<SystemTime>>> {
    let time = |path: &Path| fs::metadata(path).and_then(|about| about.modified()).ok();
    Ok(sources::of_app()?.into_iter().map(|path| (path.clone(), time(&path))).collect())
}

/// Starts the registry, with the app in `dist`, and prints both addresses.
fn start(dist: &Path, options: Options) -> Result<Child> {
    let mut program = Command::new(dev_registry::program());
    // The registry ends when its input does: with this process, however that ends.
    program.current_dir(root()).stdin(Stdio::piped()).stdout(Stdio::piped()).arg("--end-with-input");
    program.arg("--samples").arg("--app").arg(dist);
    program.args(["--addr".to_owned(), format!("127.0.0.1:{}", options.registry_port)]);
    program.args(["--app-addr".to_owned(), format!("127.0.0.1:{}", options.app_port)]);
    for fault in options.faults {
        program.args(["--fault".to_owned(), fault]);
    }
    // Ctrl-C reaches the whole process group: the registry ends by itself, and this program with it.
    let mut child = program.spawn().context("cannot start the in-memory registry")?;
    let mut output = BufReader::new(child.stdout.take().expect("its standard output is a pipe"));
    let mut line = String::new();
    while output.read_line(&mut line)? > 0 {
        match line.trim_end().split_once(' ') {
            Some(("registry", url)) => println!("\n  Registry  {url}"),
            Some(("app", url)) => {
                println!("  App       {url}\n");
                break;
            }
            _ => {}
        }
        line.clear();
    }
    // A pipe that nobody holds would end the program with what it prints next.
    child.stdout = Some(output.into_inner());
    Ok(child)
}

/// Waits until the registry ends.
fn ended(child: &mut Child) -> Result<()> {
    let _input = child.stdin.take();
    let status = child.wait()?;
    if !status.success() {
        bail!("the in-memory registry ended with {status}");
    }
    Ok(())
}
