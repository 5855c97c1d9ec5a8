//! The in-memory registry as a program of its own.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::tools::{root, step};

/// Builds it, after what is built at the same time: the app takes longer, and leaves a processor free while it is linked.
pub fn build(sh: &Shell) -> Result<()> {
    step("cargo build: the in-memory registry", || {
        Ok(cmd!(sh, "nice cargo build --quiet --locked --package tallyman-dev-registry").quiet().run()?)
    })
}

/// Its path, once built.
pub fn program() -> PathBuf {
    root().join("target/debug/tallyman-dev-registry")
}

/// A running one, on a free port. Dropping it ends it.
pub struct DevRegistry {
    child: Child,
    host: String,
}

impl DevRegistry {
    /// Starts one with these flags.
    pub fn start(flags: &[&str]) -> Result<Self> {
        let mut program = Command::new(program());
        program.args(["--addr", "127.0.0.1:0", "--end-with-input"]).args(flags);
        program.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = program.spawn().context("cannot start the in-memory registry")?;
        let output = child.stdout.take().expect("its standard output is a pipe");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let host = line.trim().strip_prefix("registry http://").map(str::to_owned);
        let host = host.with_context(|| {
            format!("expected the in-memory registry to print its address, found {line:?}")
        })?;
        Ok(Self { child, host })
    }

    /// Its host and port.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl Drop for DevRegistry {
    fn drop(&mut self) {
        // One that has ended by itself needs no ending.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
