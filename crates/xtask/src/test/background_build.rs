//! The tools, the package and the app for the tests, built beside the checks and the compilation of the native tests.

use std::{
    sync::{Mutex, OnceLock, PoisonError},
    thread::{self, JoinHandle},
};

use anyhow::{Error, Result};
use xshell::{Shell, cmd};

use super::Count;
use crate::{npm, setup, tools::step, web};

/// The things that are installed and built, each with the reason why it is not.
struct Built {
    tools: Result<(), String>,
    package: Result<(), String>,
    app: Result<(), String>,
}

/// The installing and building, under way in a thread: the package is compiled while the tools are installed. It and the app are
/// linked by one thread for minutes, which leaves room for the compiler of the native tests beside them.
pub struct BackgroundBuild {
    thread: Mutex<Option<JoinHandle<Built>>>,
    built: OnceLock<Built>,
    /// Set if the native tests are compiled, which has clippy look at the workspace, too.
    pub compiles_native_tests: bool,
    /// Set once the native tests are compiled, to what clippy complained of, or cannot be.
    native_tests: OnceLock<Result<Count, String>>,
    /// Set once the programs of the workspace are in `target/debug`, or cannot be built.
    programs: OnceLock<Result<(), String>>,
}

impl BackgroundBuild {
    /// Installs the tools for the tests and builds what the wanted parts take.
    pub fn start(sh: &Shell, is_wanted: impl Fn(&str) -> bool) -> Self {
        let (own, compiler) = (sh.clone(), sh.clone());
        let is_package_wanted = ["npm", "replay", "e2e", "browsers"].into_iter().any(&is_wanted);
        let is_app_wanted = ["e2e", "browsers"].into_iter().any(&is_wanted);
        let compiles_native_tests = is_wanted("native");
        // A failure here is reported by the build step that waits for it.
        let compiled = thread::spawn(move || match (is_package_wanted, is_app_wanted) {
            (true, _) => npm::compile(&compiler),
            (false, true) => web::compile(&compiler),
            (false, false) => Ok(()),
        });
        let thread = thread::spawn(move || {
            let told = |result: Result<()>| result.map_err(|error| format!("{error:#}"));
            let tools = told(setup::for_tests(&own));
            let _ = compiled.join();
            let built = |is_wanted: bool, build: fn(&Shell) -> Result<()>| match &tools {
                Ok(()) if is_wanted => told(build(&own)),
                tools => tools.clone(),
            };
            Built {
                package: built(is_package_wanted, npm::build),
                app: built(is_app_wanted, web::build),
                tools,
            }
        });
        Self {
            thread: Mutex::new(Some(thread)),
            built: OnceLock::new(),
            compiles_native_tests,
            native_tests: OnceLock::new(),
            programs: OnceLock::new(),
        }
    }

    /// Waits until nothing is built any more.
    pub fn wait(&self) {
        self.ended();
    }

    /// Waits for the tools. Fails where they cannot be installed.
    pub fn tools(&self) -> Result<()> {
        self.ended().tools.clone().map_err(Error::msg)
    }

    /// Waits for the package. Fails where it cannot be built.
    pub fn package(&self) -> Result<()> {
        self.ended().package.clone().map_err(Error::msg)
    }

    /// Waits for the app. Fails where it cannot be built.
    pub fn app(&self) -> Result<()> {
        self.ended().app.clone().map_err(Error::msg)
    }

    /// Compiles the native tests, and with them the programs that the tests of all parts start. They then have the features
    /// that they have in tests, and nothing is compiled a second time for others. `compile` is called once, and returns what clippy
    /// complained of.
    pub fn native_tests(&self, compile: impl FnOnce() -> Result<Count>) -> Result<Count> {
        let compiled = self.native_tests.get_or_init(|| {
            let compiled = step(
                "cargo test --no-run: the native tests (5 minutes where nothing is compiled yet)",
                compile,
            );
            if compiled.is_ok() {
                let _ = self.programs.set(Ok(()));
            }
            compiled.map_err(|error| format!("{error:#}"))
        });
        compiled.clone().map_err(Error::msg)
    }

    /// Builds the programs that tests start, unless they came with the native tests.
    pub fn programs(&self, sh: &Shell) -> Result<()> {
        let built = self.programs.get_or_init(|| build_programs(sh).map_err(|error| format!("{error:#}")));
        built.clone().map_err(Error::msg)
    }

    fn ended(&self) -> &Built {
        self.built.get_or_init(|| {
            let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
            let ended = thread.and_then(|thread| thread.join().ok());
            let early = || Err("the thread that builds ended early; its last words are above".to_owned());
            ended.unwrap_or_else(|| Built { tools: early(), package: early(), app: early() })
        })
    }
}

fn build_programs(sh: &Shell) -> Result<()> {
    step("cargo build: the in-memory registry, the gateway and the native program", || {
        let packages = ["tallyman-dev-registry", "tallyman-gateway", "tallyman-cli"];
        let packages = packages.into_iter().flat_map(|package| ["--package", package]);
        Ok(cmd!(sh, "cargo build --quiet --locked {packages...}").quiet().run()?)
    })
}
