//! The machine that something was measured on.

use std::{fmt, fs};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use xshell::{Shell, cmd};

/// The parts of a machine that figures depend on.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(super) struct Machine {
    cpu: String,
    cores: usize,
    memory_gib: u64,
    node: String,
    chromium: String,
    /// The load when the measuring began: programs that wanted to run, over the last minute.
    load: f64,
}

impl Machine {
    /// Reads what this machine has.
    pub(super) fn read(sh: &Shell) -> Result<Self> {
        let file = |path| fs::read_to_string(path).unwrap_or_default();
        let (cpus, memory, load) = (file("/proc/cpuinfo"), file("/proc/meminfo"), file("/proc/loadavg"));
        let kib =
            field(&memory, "MemTotal").and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok());
        let chromium = cmd!(sh, "chromium --version").quiet().ignore_stderr().read()?;
        Ok(Self {
            cpu: field(&cpus, "model name").unwrap_or("an unknown CPU").to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: kib.unwrap_or_default().div_ceil(1024 * 1024),
            node: cmd!(sh, "node --version").quiet().read()?.trim_start_matches('v').to_owned(),
            chromium: chromium.split_whitespace().nth(1).unwrap_or_default().to_owned(),
            load: load.split_whitespace().next().and_then(|load| load.parse().ok()).unwrap_or_default(),
        })
    }

    /// Returns `true` if figures of `other` can stand beside those of this one.
    pub(super) fn is(&self, other: &Self) -> bool {
        let same = |machine: &Self| {
            (machine.cpu.clone(), machine.cores, machine.node.clone(), machine.chromium.clone())
        };
        same(self) == same(other)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu, cores, memory_gib, node, chromium, load } = self;
        write!(f, "{cpu}, {cores} cores, {memory_gib} GiB, Node {node}, Chromium {chromium}, load {load}")
    }
}

/// The value of the first line `NAME : VALUE`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        (found.trim() == name).then_some(value.trim())
    })
}
