//! The gateway as a program: a configuration file, or flags for the simple cases.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, ValueEnum, error::ErrorKind};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{error, info, warn};

use crate::{
    Config, ConfigFile, RegistryConfig, ServeError, Server, check,
    config::{parse_listen, without_password},
    log, probe, raise_descriptor_limit, serve,
};

// `tallyman serve` has the same texts in the table of commands, from which the man page and completions are made; a test compares them.
#[derive(Debug, Parser)]
#[command(version, about = "Serve the app, and reach the configured registries for it, on one origin")]
struct Arguments {
    #[arg(
        long,
        value_name = "FILE",
        help = "Configuration file; SIGHUP reloads it",
        conflicts_with_all = ["connect", "registry", "title"]
    )]
    config: Option<PathBuf>,
    #[arg(
        long,
        value_name = "NAME=URL",
        help = "Registry and its name in paths, such as hub=https://registry-1.docker.io; may be repeated"
    )]
    registry: Vec<String>,
    #[arg(
        long,
        value_name = "SOURCE",
        help = "Additional origin that the app may connect to, such as http://127.0.0.1:5000; may be repeated"
    )]
    connect: Vec<String>,
    #[arg(
        long,
        value_name = "ADDRESS",
        help = "Address to listen on (overrides the file)",
        value_parser = parse_listen
    )]
    listen: Option<SocketAddr>,
    #[arg(long, value_name = "TEXT", help = "Title of the app")]
    title: Option<String>,
    #[arg(long, value_name = "FORMAT", help = "Log format", value_enum, default_value_t = Log::Text)]
    log: Log,
    #[arg(long, help = "Check the configuration and exit")]
    check: bool,
    #[arg(
        long,
        value_name = "URL",
        help = "Check whether the gateway at this URL is ready, and exit",
        exclusive = true
    )]
    probe: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Log {
    Text,
    Json,
}

/// Runs the gateway as the program `name` with arguments that do not repeat it, and returns its exit code. `--help` and
/// arguments that are wrong end the process.
pub fn run_program(name: &'static str, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let command = Arguments::command().name(name).bin_name(name);
    let matches = command.get_matches_from(std::iter::once(name.into()).chain(arguments));
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    // Not by a parser of the flag: its errors show the value, which may hold a password.
    let registries = arguments.registry.iter().map(|text| RegistryConfig::from_flag(text));
    let registries = registries.collect::<Result<_, _>>().unwrap_or_else(|error| {
        let message = format!("--registry: {error}");
        Arguments::command().name(name).bin_name(name).error(ErrorKind::ValueValidation, message).exit()
    });
    // Connections are served on threads of their own.
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(run_with(arguments, registries));
            log::finish();
            // A disk that hangs holds no end up.
            runtime.shutdown_background();
            code
        }
        Err(error) => {
            log::print_error(format_args!("{error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run_with(arguments: Arguments, registries: Vec<RegistryConfig>) -> ExitCode {
    if let Err(error) = log::start(arguments.log == Log::Json) {
        log::print_error(format_args!("{error}"));
        return ExitCode::FAILURE;
    }
    if let Some(url) = &arguments.probe {
        return match probe(url).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                log::print_error(format_args!("{} is not ready: {error}", without_password(url)));
                ExitCode::FAILURE
            }
        };
    }
    match run(arguments, registries).await {
        Ok(code) => code,
        Err(error) => {
            error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments, registries: Vec<RegistryConfig>) -> Result<ExitCode, ServeError> {
    // A reload that is asked for during the start is made after it, and does not end the program.
    let hangup = listen(SignalKind::hangup());
    let file = arguments.config.map(|path| ConfigFile { path, listen: arguments.listen });
    let config = match &file {
        Some(file) => file.read()?,
        None => {
            let default = Config::default();
            Config {
                registries,
                connect: arguments.connect,
                title: arguments.title.unwrap_or_else(|| default.title.clone()),
                listen: arguments.listen.unwrap_or(default.listen),
                ..default
            }
        }
    };
    if arguments.check {
        return check(config).map(|()| ExitCode::SUCCESS);
    }
    if let Err(error) = raise_descriptor_limit() {
        warn!(%error, "could not raise the limit of file descriptors");
    }
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let running = serve(config, file).await?;
    info!("listening on {scheme}://{}/", running.address);
    let mut signals = Signals::new(hangup);
    signals.until_shutdown(&running).await;
    info!(
        "shutting down: waiting up to {} seconds for running transfers ({} in progress); send the signal again to end at once",
        running.shutdown_timeout().as_secs(),
        running.running_requests()
    );
    tokio::select! {
        () = running.shut_down() => Ok(ExitCode::SUCCESS),
        code = signals.terminated() => {
            warn!("stopped at once by a second signal");
            Ok(code)
        }
    }
}

/// The exit code of a program that a signal ends, less the number of the signal.
const SIGNALLED: u8 = 128;

/// The signals that a gateway acts on.
struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

fn listen(kind: SignalKind) -> Signal {
    signal(kind).expect("signals can be listened to on this system")
}

impl Signals {
    fn new(hangup: Signal) -> Self {
        Self {
            hangup,
            interrupt: listen(SignalKind::interrupt()),
            terminate: listen(SignalKind::terminate()),
        }
    }

    /// Reloads the configuration on SIGHUP; returns on SIGINT and SIGTERM.
    async fn until_shutdown(&mut self, server: &Server) {
        // A reload may take long, so the other signals are heard meanwhile.
        let reloads = async {
            while self.hangup.recv().await.is_some() {
                if let Err(error) = server.reload().await {
                    error!("reload failed, keeping the previous configuration: {error}");
                }
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            () = reloads => {}
        }
    }

    /// Waits for SIGINT or SIGTERM and returns the exit code of a program that it ends.
    async fn terminated(&mut self) -> ExitCode {
        let kind = tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate(),
            _ = self.interrupt.recv() => SignalKind::interrupt(),
        };
        let number = u8::try_from(kind.as_raw_value()).expect("numbers of signals are small");
        ExitCode::from(SIGNALLED + number)
    }
}
