//! The app, built into `dist/`.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::tools::step;

/// Builds the app. Expects what [`crate::setup::for_web`] installs.
pub fn build(sh: &Shell) -> Result<()> {
    step("trunk build: the app, into dist/", || {
        // Trunk reads NO_COLOR as a flag and refuses the value 1 that everybody sets.
        Ok(cmd!(sh, "trunk --quiet build").quiet().env_remove("NO_COLOR").run()?)
    })
}
