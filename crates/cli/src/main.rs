//! The command line `tallyman` as a program of the machine: the streams, files and signals around `tallyman-commands`.

mod machine;
mod streams;

use std::{
    env, fs, io,
    process::{self, ExitCode},
    rc::Rc,
};

use machine::NativeMachine;
use streams::Streams;
use tallyman_commands::{
    ClientOptions, DockerCredentials, Environment, Output, Settings, Stream, configuration_folder, run,
};
use tallyman_registry::{NativeTransport, OwnCertificates};
use tallyman_store::{FileStore, NativeFolder};
use tokio::signal::unix::{SignalKind, signal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args: Vec<String> = env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    #[cfg(feature = "serve")]
    match tallyman_commands::serve_arguments(&args) {
        Some(Ok(at)) => {
            return tallyman_gateway::run_program("tallyman serve", env::args_os().skip(1 + at));
        }
        Some(Err(message)) => {
            Streams::default().stderr(&format!("{message}\n"));
            return ExitCode::from(125);
        }
        None => {}
    }
    let output = Rc::new(Streams::default());
    // A fault of the machine is one sentence, never a stack of calls.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output.stderr(&format!("{error}\n"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        tokio::select! {
            code = run_command(&args, &output) => code,
            // Changes of the local store are made at once, so that a signal comes before or after, never between. Requests end
            // with their connections: the registry has what was complete.
            code = ended_early() => {
                if output.is_terminal(Stream::Stderr) {
                    output.stderr("\r\x1b[2K");
                }
                code
            }
        }
    });
    let failed = output.flush();
    // Threads that wait for the system, such as for a name's address, are not waited for.
    process::exit(if failed { 1 } else { code.into() })
}

async fn run_command(args: &[String], output: &Rc<Streams>) -> u8 {
    let folder = configuration_folder(args, &NativeMachine);
    let credentials = Rc::new(DockerCredentials::new(NativeMachine, &folder));
    let transport = Rc::new(NativeTransport::new().repeating_on_kept_connections());
    let (shown, kept) = (Rc::clone(output), Rc::clone(&credentials));
    let client = move |options: ClientOptions| {
        let Settings { ca_files, cert, key, .. } = &*options.settings;
        transport.use_certificates(OwnCertificates {
            authorities: ca_files.clone(),
            cert: cert.clone(),
            key: key.clone(),
        });
        options.client(transport.clone(), shown.clone(), kept.clone())
    };
    let environment = Environment {
        store: Rc::new(FileStore::new(NativeFolder, format!("{folder}/manifests"))),
        client: Rc::new(client),
        credentials,
        output: output.clone(),
        input: output.clone(),
    };
    run(args, &environment).await
}

/// Returns the exit code of a program that a signal ends, once one has come.
async fn ended_early() -> u8 {
    let listen = |kind| signal(kind).expect("signals can be listened to on this system");
    let mut interrupt = listen(SignalKind::interrupt());
    let (mut terminate, mut hangup) = (listen(SignalKind::terminate()), listen(SignalKind::hangup()));
    tokio::select! {
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
        _ = hangup.recv() => 129,
    }
}

/// The system's message for an action on a file, in Go's words: `open PATH: permission denied`.
fn in_go(action: &str, path: &str, error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text).to_lowercase();
    format!("{action} {path}: {text}")
}

/// Returns `true` if there is a file or a folder of that name.
fn exists(path: impl AsRef<std::path::Path>) -> bool {
    fs::exists(path).unwrap_or_default()
}
