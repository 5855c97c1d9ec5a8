//! Measurements: the scripts of `tests/bench`, one a topic, a table of what they print, and `target/bench.json`.

mod machine;
mod table;

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use xshell::{Shell, cmd};

use crate::{
    apt, dev_registry, npm, setup,
    tools::{root, step},
    web,
};
use machine::Machine;

/// Something that a script needs to be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Npm,
    Web,
    Gateway,
    /// The program that lists a layer.
    Layers,
    DevRegistry,
    /// Other programs that do the same work, where they can be had.
    Peers,
    /// A program that asks as often as it can.
    Load,
}

/// The topics: `tests/bench/NAME.js`, what it is about, and what it needs.
const TOPICS: [(&str, &str, &[Need]); 8] = [
    (
        "roundtrips",
        "making and pushing a list from far away",
        &[Need::Npm, Need::DevRegistry, Need::Gateway, Need::Peers],
    ),
    ("digest", "SHA-256 in Node and in Chromium", &[Need::Npm]),
    ("blob", "layers that are downloaded and verified", &[Need::Npm]),
    ("parse", "reading, checking and writing lists", &[Need::Npm]),
    ("weight", "sizes, and the way to the first paint", &[Need::Npm, Need::Web, Need::DevRegistry]),
    ("scale", "large registries and long lists", &[Need::Npm, Need::Web, Need::DevRegistry]),
    ("layers", "listing the files of a layer", &[Need::Layers]),
    ("gateway", "the gateway against nginx", &[Need::Gateway, Need::DevRegistry, Need::Load]),
];

/// The help text of the command.
pub const HELP: &str =
    "  TOPIC      roundtrips, digest, blob, parse, weight, scale, layers, gateway; all of them where none is named
  --write    writes docs/measurements.md, too
  --built    measures what is there, without setting up and building

A topic takes 1 to 5 minutes. A target that is missed is shown; only a script that fails is an error.";

/// The flags of the command.
#[derive(Debug, Default)]
pub struct Options {
    /// Topics; all of them where none is named.
    names: Vec<String>,
    /// Write `docs/measurements.md`.
    write: bool,
    /// Measure what is there, without setting up and building.
    built: bool,
}

impl Options {
    /// Reads them from the command line.
    pub fn parse(mut arguments: lexopt::Parser) -> Result<Self> {
        use lexopt::prelude::*;
        let mut options = Self::default();
        while let Some(argument) = arguments.next()? {
            match argument {
                Value(name) => options.names.push(name.string()?),
                Long("write") => options.write = true,
                Long("built") => options.built = true,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}

/// One comparison, as a script prints it and `bench.json` keeps it.
#[derive(Debug, Deserialize, Serialize)]
struct Comparison {
    title: String,
    unit: String,
    better: String,
    figures: Vec<Figure>,
    targets: Vec<Target>,
}

/// The figures of one contestant: the median of its runs, the least, the most.
#[derive(Debug, Deserialize, Serialize)]
struct Figure {
    name: String,
    /// `true` for somebody else's work.
    peer: bool,
    median: f64,
    least: f64,
    most: f64,
    runs: usize,
    /// The number of times that the first of ours is better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// A promise, and the verdict on it.
#[derive(Debug, Deserialize, Serialize)]
struct Target {
    sentence: String,
    met: bool,
}

/// The whole of `target/bench.json`.
#[derive(Debug, Deserialize, Serialize)]
struct Results {
    machine: Machine,
    topics: BTreeMap<String, Vec<Comparison>>,
}

/// Measures all topics, or those named. What was measured before on the same machine stays in `target/bench.json`. A
/// target that is missed is shown; only a script that fails is an error.
pub fn run(sh: &Shell, Options { names, write, built }: &Options) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| TOPICS.iter().all(|(topic, ..)| topic != name)) {
        let topics: Vec<_> = TOPICS.iter().map(|(topic, ..)| *topic).collect();
        bail!("there is no topic {unknown:?} to measure; the topics are {}", topics.join(", "));
    }
    let wanted =
        TOPICS.iter().filter(|(topic, ..)| names.is_empty() || names.iter().any(|name| name == topic));
    let wanted: Vec<_> = wanted.collect();
    if !built {
        setup::for_tests(sh)?;
        setup::for_bench(sh)?;
        prepare(sh, &wanted.iter().flat_map(|(.., needs)| needs.iter().copied()).collect::<Vec<_>>())?;
    }

    let file = root().join("target/bench.json");
    let machine = Machine::read(sh)?;
    let before = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice::<Results>(&bytes).ok());
    let topics = before.filter(|before| before.machine.is(&machine)).map(|before| before.topics);
    let mut results = Results { machine, topics: topics.unwrap_or_default() };
    println!("{}", results.machine);
    let mut failed = Vec::new();
    for (topic, about, _) in wanted {
        println!("\n▶ {topic}: {about}");
        match measure(topic) {
            Ok(comparisons) => {
                results.topics.insert((*topic).to_owned(), comparisons);
                fs::write(&file, serde_json::to_vec_pretty(&results)?)?;
            }
            Err(error) => {
                eprintln!("error: {error:#}");
                failed.push(*topic);
            }
        }
    }
    if *write {
        fs::create_dir_all(root().join("docs"))?;
        fs::write(root().join("docs/measurements.md"), table::page(&results))?;
    }
    if !failed.is_empty() {
        bail!("these scripts failed: {}", failed.join(", "));
    }
    Ok(())
}

fn prepare(sh: &Shell, needs: &[Need]) -> Result<()> {
    if needs.contains(&Need::Npm) {
        npm::build(sh)?;
    }
    if needs.contains(&Need::Web) {
        web::build(sh)?;
    }
    if needs.contains(&Need::DevRegistry) {
        dev_registry::build(sh)?;
    }
    if needs.contains(&Need::Gateway) {
        step("cargo build --release: the gateway", || {
            let package = ["--package", "tallyman-gateway"];
            Ok(cmd!(sh, "cargo build --release --quiet --locked {package...}").quiet().run()?)
        })?;
    }
    if needs.contains(&Need::Layers) {
        step("cargo build --release: the program that lists a layer", || {
            let program = ["--package", "tallyman-layers", "--example", "list"];
            Ok(cmd!(sh, "cargo build --release --quiet --locked {program...}").quiet().run()?)
        })?;
    }
    if needs.contains(&Need::Peers) {
        apt::install_if_possible(sh, &[apt::SKOPEO]);
    }
    if needs.contains(&Need::Load) {
        apt::install_if_possible(sh, &[apt::WRK]);
    }
    Ok(())
}

/// Runs one script, and shows each comparison when it is there.
fn measure(topic: &str) -> Result<Vec<Comparison>> {
    let script = root().join("tests/bench").join(topic).with_extension("js");
    let mut child =
        Command::new("node").arg(&script).stdout(Stdio::piped()).spawn().context("cannot start node")?;
    let output = child.stdout.take().expect("its standard output is a pipe");
    let mut comparisons = Vec::new();
    for line in BufReader::new(output).lines() {
        let line = line?;
        let comparison: Comparison = serde_json::from_str(&line)
            .with_context(|| format!("expected a comparison from {topic}.js, found {line:?}"))?;
        println!("{}", table::of(&comparison));
        comparisons.push(comparison);
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{} ended with {status}", script.display());
    }
    if comparisons.is_empty() {
        bail!("{} measured nothing", script.display());
    }
    Ok(comparisons)
}
