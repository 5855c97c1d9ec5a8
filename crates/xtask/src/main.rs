//! `cargo xtask`: sets up what the project needs, builds, demonstrates and tests it.

mod apt;
mod bench;
mod components;
mod demo;
mod dependencies;
mod dev_registry;
mod harden;
mod lint;
mod npm;
mod phrases;
mod report;
mod setup;
mod sources;
mod test;
mod tools;
mod web;
mod wording;

use std::process::ExitCode;

use anyhow::{Result, bail};
use lexopt::{Parser, prelude::*};
use xshell::Shell;

/// One command of `cargo xtask`.
struct Command {
    name: &'static str,
    /// Its arguments, as the usage line shows them.
    arguments: &'static str,
    about: &'static str,
    /// The rest of its help text: a line for each argument, what it leaves behind, how long it takes.
    details: fn() -> String,
    run: fn(&Shell, Parser) -> Result<()>,
}

const COMMANDS: [Command; 11] = [
    Command {
        name: "demo",
        arguments: "[--registry-port N] [--app-port N] [--fault NAME[,SETTING=VALUE]…]…",
        about: "sets up, builds, starts a registry with samples and the app, and prints both addresses",
        details: || {
            "  --registry-port N   port of the registry, 5050 by default; a taken port gives way to the next free one
  --app-port N        port of the app, 8080 by default; likewise
  --fault FAULT       something that goes wrong, such as latency,ms=300 or reset,path=/v2/*/blobs/*,times=1;
                      can be repeated; target/debug/tallyman-dev-registry --help names the others

Ends with Ctrl-C. The first run compiles the tools and the app, which takes some 4 minutes on two cores."
                .into()
        },
        run: |sh, arguments| demo::run(sh, demo::Options::parse(arguments)?),
    },
    Command {
        name: "dev",
        arguments: "[--registry-port N] [--app-port N] [--fault NAME[,SETTING=VALUE]…]…",
        about: "as demo, and builds the app again whenever one of its files changes",
        details: || {
            "  The arguments are those of demo.

The app is built for speed of building: it is large, and no service worker keeps it. Reload the page after a change."
                .into()
        },
        run: |sh, arguments| demo::develop(sh, demo::Options::parse(arguments)?),
    },
    Command {
        name: "test",
        arguments: "[--only PART]…",
        about: "runs all tests; the last line is `N passed, N failed`, and `, N skipped` where some were",
        details: test::help,
        run: |sh, arguments| test::run(sh, &only(arguments)?),
    },
    Command {
        name: "web",
        arguments: "[--finish]",
        about: "builds the app into dist/",
        details: || web::HELP.into(),
        run: |sh, arguments| web::run(sh, arguments),
    },
    Command {
        name: "npm",
        arguments: "[--repository URL] [--twice]",
        about: "builds the npm package into target/npm/tallyman/",
        details: || npm::HELP.into(),
        run: |sh, arguments| {
            let options = npm::Options::parse(arguments)?;
            setup::for_web(sh)?;
            npm::run(sh, &options)
        },
    },
    Command {
        name: "bench",
        arguments: "[TOPIC]… [--write] [--built] [--PEER PATH]…",
        about: "measures against others, prints tables, writes target/bench.json",
        details: bench::help,
        run: |sh, arguments| bench::run(sh, &bench::Options::parse(arguments)?),
    },
    Command {
        name: "harden",
        arguments: "[--only TARGET]… [--seconds N]",
        about: "fuzzes what strangers send, with libFuzzer and the stable toolchain",
        details: || harden::HELP.into(),
        run: |sh, arguments| harden::run(sh, &harden::Options::parse(arguments)?),
    },
    Command {
        name: "lint",
        arguments: "[--only CHECK]…",
        about: "makes the checks that need no test, such as formatting, clippy and the words of the project",
        details: lint::help,
        run: |sh, arguments| lint::run(sh, &only(arguments)?),
    },
    Command {
        name: "dependencies",
        arguments: "",
        about: "writes DEPENDENCIES.md",
        details: || {
            "Each reason is the comment above the entry in Cargo.toml, or stands under \"why\" in package.json."
                .into()
        },
        run: |_, arguments| {
            no_more(arguments)?;
            dependencies::write()
        },
    },
    Command {
        name: "setup",
        arguments: "",
        about: "installs what the others need, into target/tools where possible",
        details: || {
            "Browsers, servers and shells for the tests come from apt, through sudo for other users than root.
The first run takes some 3 minutes on two cores."
                .into()
        },
        run: |sh, arguments| {
            no_more(arguments)?;
            setup::for_tests(sh)
        },
    },
    Command {
        name: "help",
        arguments: "[COMMAND]",
        about: "prints this text, or that of a command, as --help does",
        details: String::new,
        run: |_, mut arguments| {
            match arguments.next()? {
                Some(Value(name)) => print!("{}", find(&name.string()?)?.help()),
                Some(other) => return Err(other.unexpected().into()),
                None => print!("{}", usage()),
            }
            Ok(())
        },
    },
];

impl Command {
    fn help(&self) -> String {
        let Self { name, arguments, about, details, .. } = self;
        let usage = format!("{name} {arguments}");
        let details = match details() {
            details if details.is_empty() => details,
            details => format!("\n{details}\n"),
        };
        format!("Usage: cargo xtask {}\n\n{about}\n{details}", usage.trim_end())
    }
}

fn usage() -> String {
    let commands = help_rows(2, COMMANDS.iter().map(|command| (command.name, command.about)));
    format!("Usage: cargo xtask COMMAND [ARGUMENTS]\n\n{commands}\ncargo xtask COMMAND --help tells more.\n")
}

/// Returns a line for each row, a name and the words about it, `indent` columns from the left.
fn help_rows(indent: usize, rows: impl Iterator<Item = (&'static str, &'static str)> + Clone) -> String {
    let width = rows.clone().map(|(name, _)| name.len()).max().unwrap_or_default();
    rows.map(|(name, about)| format!("{:indent$}{name:<width$}  {about}\n", "")).collect()
}

fn find(name: &str) -> Result<&'static Command> {
    match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => Ok(command),
        None => bail!("there is no command {name:?}\n\n{}", usage()),
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = Parser::from_env();
    let command = match arguments.next()? {
        Some(Value(name)) => find(&name.string()?)?,
        Some(Long("help") | Short('h')) | None => {
            print!("{}", usage());
            return Ok(());
        }
        Some(other) => return Err(other.unexpected().into()),
    };
    // Asked for anywhere: nobody who asks for help wants minutes of building first.
    if std::env::args().skip(2).any(|argument| argument == "--help" || argument == "-h") {
        print!("{}", command.help());
        return Ok(());
    }
    let sh = Shell::new()?;
    sh.change_dir(tools::root());
    (command.run)(&sh, arguments)
}

fn no_more(mut arguments: Parser) -> Result<()> {
    match arguments.next()? {
        Some(argument) => Err(argument.unexpected().into()),
        None => Ok(()),
    }
}

fn only(mut arguments: Parser) -> Result<Vec<String>> {
    let mut names = Vec::new();
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("only") => names.push(arguments.value()?.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, usage};

    #[test]
    fn every_command_has_a_help_text_that_fits_a_terminal() {
        for command in &COMMANDS {
            let help = command.help();
            assert!(help.starts_with(&format!("Usage: cargo xtask {}", command.name)), "{help}");
            assert!(usage().contains(command.about), "{}", command.name);
            let widest = help.lines().map(|line| line.chars().count()).max();
            assert!(widest.is_some_and(|width| width <= 120), "{help}");
        }
    }
}
