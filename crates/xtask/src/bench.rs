//! Measurements: the scripts of `tests/bench`, one a topic, a table of what they print, and `target/bench.json`.

mod machine;
mod table;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use xshell::{Shell, cmd};

use crate::{
    apt, dev_registry, help_rows, npm, setup,
    tools::{root, step},
    web,
};
use machine::Machine;

/// Something that a script needs to be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Npm,
    Web,
    /// The gateway, which serves pages if the app was built before it.
    Gateway,
    /// The native program.
    Native,
    /// The program that lists a layer.
    Layers,
    DevRegistry,
    /// Other programs that do the same work, where they can be had.
    Peers,
    /// A program that asks as often as it can.
    Load,
}

impl Need {
    /// The file that building it makes, from the project's folder; `None` for programs of others.
    fn built(self) -> Option<&'static str> {
        match self {
            Self::Npm => Some("target/npm/tallyman/bin/program.js"),
            Self::Web => Some("dist/sw.js"),
            Self::Gateway => Some("target/release/tallyman-gateway"),
            Self::Native => Some("target/release/tallyman"),
            Self::Layers => Some("target/release/examples/list"),
            Self::DevRegistry => Some("target/debug/tallyman-dev-registry"),
            Self::Peers | Self::Load => None,
        }
    }
}

/// A topic: `tests/bench/NAME.js`, what it is about, and what it needs.
type Topic = (&'static str, &'static str, &'static [Need]);

const TOPICS: [Topic; 10] = [
    ("beside", "programs that start, and inspect beside a registry", &[Need::Npm, Need::Native, Need::Peers]),
    (
        "roundtrips",
        "making and pushing a list from far away",
        &[Need::Npm, Need::Web, Need::Native, Need::DevRegistry, Need::Gateway, Need::Peers],
    ),
    (
        "transfers",
        "copies of layers, and blobs from a tab",
        &[Need::Npm, Need::Web, Need::Native, Need::Gateway, Need::Peers],
    ),
    ("digest", "SHA-256 in Node and in Chromium", &[Need::Npm]),
    ("blob", "layers that are downloaded and verified", &[Need::Npm]),
    ("parse", "reading, checking and writing lists", &[Need::Npm]),
    ("weight", "sizes, and the way to the first paint", &[Need::Npm, Need::Web, Need::DevRegistry]),
    ("scale", "large registries and long lists", &[Need::Npm, Need::Web, Need::DevRegistry]),
    (
        "layers",
        "files of layers: listed, searched, exported",
        &[Need::Layers, Need::Npm, Need::Native, Need::Web, Need::DevRegistry, Need::Peers],
    ),
    ("gateway", "the gateway against nginx", &[Need::Gateway, Need::DevRegistry, Need::Load]),
];

/// Returns the help text of the command.
pub fn help() -> String {
    let topics = help_rows(15, TOPICS.iter().map(|(topic, about, _)| (*topic, *about)));
    let peers = PEERS.join(", ");
    format!(
        "  TOPIC        one topic, or several; all of them where none is named:
{topics}  --write      writes docs/measurements.md, too, after each topic
  --built      measures what is there, without setting up and building
  --PEER PATH  a program of others to measure beside ours; PEER is one of {peers}
               (imagetools: the program docker-buildx). Without it, the one on the PATH or among Docker's plugins;
               one that is not there is named as absent

A topic takes 1 to 5 minutes. A target that is missed is shown; only a script that fails is an error."
    )
}

/// The flags of the command.
#[derive(Debug, Default)]
pub struct Options {
    /// Topics; all of them where none is named.
    names: Vec<String>,
    /// Write `docs/measurements.md`.
    write: bool,
    /// Measure what is there, without setting up and building.
    built: bool,
    /// Programs of others, by the names in [`PEERS`].
    peers: Vec<(&'static str, OsString)>,
}

/// The programs of others that are measured beside ours.
const PEERS: [&str; 5] = ["crane", "imagetools", "regctl", "skopeo", "docker"];

impl Options {
    /// Reads them from the command line.
    pub fn parse(mut parser: lexopt::Parser) -> Result<Self> {
        use lexopt::prelude::*;
        let mut options = Self::default();
        while let Some(argument) = parser.next()? {
            match argument {
                Value(name) => options.names.push(name.string()?),
                Long("write") => options.write = true,
                Long("built") => options.built = true,
                Long(name) if PEERS.contains(&name) => {
                    let peer = PEERS.iter().find(|peer| **peer == name).expect("it is one of them");
                    options.peers.push((peer, parser.value()?));
                }
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
    /// Contestants that the machine does not have.
    #[serde(default)]
    absent: Vec<String>,
    /// Its lines in the table at the head of the page.
    #[serde(default)]
    summary: Vec<Summary>,
}

/// A figure of ours that a reader is told first.
#[derive(Debug, Deserialize, Serialize)]
struct Summary {
    what: String,
    ours: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    best: Option<BestPeer>,
    /// The number of times that ours is better than the best peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
    /// The limit in words: `1.5 × crane`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    terms: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    met: Option<bool>,
    /// The reason for missing the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

/// The best of the others.
#[derive(Debug, Deserialize, Serialize)]
struct BestPeer {
    name: String,
    median: f64,
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
pub fn run(sh: &Shell, Options { names, write, built, peers }: &Options) -> Result<()> {
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
    check_built(root(), &wanted)?;

    let file = root().join("target/bench.json");
    let machine = Machine::read(sh)?;
    let before = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice::<Results>(&bytes).ok());
    let topics = before.filter(|before| before.machine.is(&machine)).map(|before| before.topics);
    let mut results = Results { machine, topics: topics.unwrap_or_default() };
    println!("{}", results.machine);
    let mut failed = Vec::new();
    for (topic, about, _) in wanted {
        println!("\n▶ {topic}: {about}");
        match measure(topic, peers) {
            Ok(comparisons) => {
                results.topics.insert((*topic).to_owned(), comparisons);
                fs::write(&file, serde_json::to_vec_pretty(&results)?)?;
                // Results so far are kept if the run is stopped later.
                if *write {
                    write_page(&results)?;
                }
            }
            Err(error) => {
                eprintln!("error: {error:#}");
                failed.push(*topic);
            }
        }
    }
    if *write {
        write_page(&results)?;
    }
    if !failed.is_empty() {
        bail!("these scripts failed: {}", failed.join(", "));
    }
    Ok(())
}

fn write_page(results: &Results) -> Result<()> {
    fs::create_dir_all(root().join("docs"))?;
    Ok(fs::write(root().join("docs/measurements.md"), table::page(results))?)
}

/// Fails where a topic needs something that was not built.
fn check_built(root: &Path, topics: &[&Topic]) -> Result<()> {
    for (topic, _, needs) in topics {
        let missing: Vec<_> =
            needs.iter().filter_map(|need| need.built()).filter(|path| !root.join(path).exists()).collect();
        if !missing.is_empty() {
            let missing = missing.join(" and ");
            bail!(
                "expected {missing} for the topic {topic}, found none: cargo xtask bench {topic} without --built builds them"
            );
        }
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
    if needs.contains(&Need::Native) {
        step("cargo build --release: the native program", || {
            let package = ["--package", "tallyman-cli"];
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
fn measure(topic: &str, peers: &[(&str, OsString)]) -> Result<Vec<Comparison>> {
    let script = root().join("tests/bench").join(topic).with_extension("js");
    let variables =
        peers.iter().map(|(name, path)| (format!("TALLYMAN_BENCH_{}", name.to_uppercase()), path));
    let mut child = Command::new("node")
        .arg(&script)
        // The script ends when its input does: with this process, however that ends.
        .arg("--end-with-input")
        .envs(variables)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start node")?;
    let _input = child.stdin.take();
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use std::fs;

    use xshell::Shell;

    use super::{TOPICS, check_built};

    #[test]
    fn a_topic_whose_programs_are_not_built_is_refused_with_what_builds_them() {
        let topic = TOPICS.iter().find(|(name, ..)| *name == "gateway").unwrap();
        let sh = Shell::new().unwrap();
        let folder = sh.create_temp_dir().unwrap();
        let build = |path: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        };
        build("target/debug/tallyman-dev-registry");
        let error = check_built(folder.path(), &[topic]).unwrap_err().to_string();
        assert!(error.contains("target/release/tallyman-gateway for the topic gateway"), "{error}");
        assert!(error.contains("cargo xtask bench gateway without --built"), "{error}");
        build("target/release/tallyman-gateway");
        check_built(folder.path(), &[topic]).unwrap();
    }
}
