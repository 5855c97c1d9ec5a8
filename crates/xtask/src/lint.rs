//! Formatting and clippy.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::tools::step;

/// Crates with code that only wasm compiles.
const WASM_CRATES: [&str; 4] = ["tallyman-registry", "tallyman-store", "tallyman-npm", "tallyman-web"];

/// Checks formatting, then the whole workspace as the machine and as wasm compile it.
pub fn run(sh: &Shell) -> Result<()> {
    let checks: [(&str, &dyn Fn() -> xshell::Result<()>); 4] = [
        ("cargo fmt --check", &|| cmd!(sh, "cargo fmt --all --check").quiet().run()),
        ("cargo clippy", &|| {
            let lints = ["-D", "warnings", "-D", "clippy::unwrap_used"];
            cmd!(sh, "cargo clippy --quiet --locked --workspace --all-features -- {lints...}").quiet().run()
        }),
        ("cargo clippy for tests", &|| {
            cmd!(sh, "cargo clippy --quiet --locked --workspace --all-targets --all-features -- -D warnings")
                .quiet()
                .run()
        }),
        ("cargo clippy for wasm", &|| {
            let packages = WASM_CRATES.iter().flat_map(|package| ["--package", package]);
            cmd!(
                sh,
                "cargo clippy --quiet --locked --target wasm32-unknown-unknown {packages...} -- -D warnings"
            )
            .quiet()
            .run()
        }),
    ];
    for (name, check) in checks {
        step(name, || Ok(check()?))?;
    }
    Ok(())
}
