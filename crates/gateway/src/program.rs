//! The gateway as a program: a configuration file, or flags for the simple cases.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};

use crate::{
    Config, ConfigFile, RegistryConfig, ServeError, Server, check, log, probe, raise_descriptor_limit, serve,
};

/// Serves the app and reaches the configured registries for it, on one origin.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file. SIGHUP has it read anew
    #[arg(long, conflicts_with_all = ["connect", "registry", "title"])]
    config: Option<PathBuf>,
    /// A registry and its name in paths, such as hub=https://registry-1.docker.io
    #[arg(long, value_name = "NAME=URL", value_parser = registry)]
    registry: Vec<RegistryConfig>,
    /// A place besides these that the app may connect to itself, such as http://127.0.0.1:5000
    #[arg(long, value_name = "SOURCE")]
    connect: Vec<String>,
    /// Address to listen at, whatever the file says
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Title of the app
    #[arg(long)]
    title: Option<String>,
    /// Form of the log
    #[arg(long, value_enum, default_value_t = Log::Text)]
    log: Log,
    /// Checks the configuration and the files that it names, and ends
    #[arg(long)]
    check: bool,
    /// Asks a running gateway at this address, such as http://127.0.0.1:8080/readyz, whether it is ready, and ends
    #[arg(long, value_name = "URL", exclusive = true)]
    probe: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Log {
    Text,
    Json,
}

fn registry(text: &str) -> Result<RegistryConfig, String> {
    RegistryConfig::from_flag(text).map_err(|error| error.to_string())
}

/// Runs the gateway as the program `name` with arguments that do not repeat it, and returns its exit code. `--help` and
/// arguments that are wrong end the process.
pub fn run_program(name: &'static str, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = Arguments::command().name(name).bin_name(name);
    let matches = command.get_matches_from(std::iter::once(name.into()).chain(arguments));
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    // Connections are served on threads of their own.
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(run_with(arguments)),
        Err(error) => {
            log::print_error(format_args!("{error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run_with(arguments: Arguments) -> ExitCode {
    log::start(arguments.log == Log::Json);
    if let Some(url) = &arguments.probe {
        return match probe(url).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                log::print_error(format_args!("expected {url} to be ready, found: {error}"));
                ExitCode::FAILURE
            }
        };
    }
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), ServeError> {
    let file = arguments.config.map(|path| ConfigFile { path, listen: arguments.listen });
    let config = match &file {
        Some(file) => file.read()?,
        None => {
            let default = Config::default();
            Config {
                registries: arguments.registry,
                connect: arguments.connect,
                title: arguments.title.unwrap_or_else(|| default.title.clone()),
                listen: arguments.listen.unwrap_or(default.listen),
                ..default
            }
        }
    };
    if arguments.check {
        return check(config);
    }
    if let Err(error) = raise_descriptor_limit() {
        warn!(%error, "the limit of file descriptors cannot be raised");
    }
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let running = serve(config, file).await?;
    info!("listening at {scheme}://{}/", running.address);
    until_told(&running).await;
    info!("ending: running transfers go on until they are done");
    running.shut_down().await;
    Ok(())
}

/// Reads the configuration anew on SIGHUP; returns on SIGINT and SIGTERM.
async fn until_told(server: &Server) {
    let listen = |kind| signal(kind).expect("signals can be listened to on this system");
    let (mut hangup, mut terminate) = (listen(SignalKind::hangup()), listen(SignalKind::terminate()));
    let mut interrupt = listen(SignalKind::interrupt());
    loop {
        tokio::select! {
            _ = terminate.recv() => return,
            _ = interrupt.recv() => return,
            _ = hangup.recv() => {
                if let Err(error) = server.reload().await {
                    error!("the configuration stays as it was: {error}");
                }
            }
        }
    }
}
