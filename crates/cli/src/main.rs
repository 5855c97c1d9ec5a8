//! The command line `tallyman` as a program of the machine: the streams, files and signals around `tallyman-commands`.

mod files;
mod machine;
mod signals;
mod streams;

use std::{
    env, io,
    process::{self, ExitCode},
    rc::Rc,
};

use machine::NativeMachine;
use streams::Streams;
use tallyman_commands::{
    ClientOptions, DockerCredentials, Environment, Invocation, Output, Settings, configuration_folder,
    error_line, lists_folder, run,
};
use tallyman_registry::{NativeTransport, OwnCertificates};
use tallyman_store::{FileStore, NativeFolder};

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
            Streams::default().stderr(&error_line(&args, "usage", &message));
            return ExitCode::from(125);
        }
        None => {}
    }
    let output = Rc::new(Streams::default());
    if let Some(fault) = text_fault(&args) {
        output.stderr(&error_line(&args, "usage", &fault));
        return ExitCode::from(125);
    }
    // A fault of the machine is one sentence, never a stack of calls.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (runtime, ended_early) = match runtime.and_then(|runtime| Ok((runtime, signals::listen()?))) {
        Ok(made) => made,
        Err(error) => {
            output.stderr(&error_line(&args, "failed", &error.to_string()));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        tokio::select! {
            code = run_command(&args, &output) => code,
            // A change of the local store that is cut short is ended by whoever comes next. Requests end with their connections:
            // the registry has what was complete.
            Ok(code) = ended_early => {
                signals::clear_line();
                code
            }
        }
    });
    let failure = output.failure();
    if let Some(failure) = &failure {
        output.stderr(&error_line(&args, "output-failed", failure));
    }
    // Threads that wait for the system, such as for a name's address, are not waited for.
    process::exit(if failure.is_some() { 1 } else { code.into() })
}

async fn run_command(args: &[String], output: &Rc<Streams>) -> u8 {
    let folder = configuration_folder(args, &NativeMachine);
    let lists = lists_folder(args, &NativeMachine);
    let credentials = Rc::new(DockerCredentials::new(NativeMachine, &folder));
    let transport = Rc::new(NativeTransport::new().repeating_on_kept_connections());
    if let Invocation::Run(_, settings) = Invocation::parse(args) {
        let Settings { ca_files: authorities, cert, key, .. } = *settings;
        // A wrong file is no fault of a registry: it is told before anything is asked.
        if let Err(error) = transport.use_certificates(OwnCertificates { authorities, cert, key }) {
            output.stderr(&error_line(args, "certificates-invalid", &error.message));
            return 1;
        }
    }
    let (shown, kept) = (Rc::clone(output), Rc::clone(&credentials));
    let client = move |options: ClientOptions| options.client(transport.clone(), shown.clone(), kept.clone());
    let environment = Environment {
        store: Rc::new(FileStore::new(NativeFolder, lists)),
        client: Rc::new(client),
        credentials,
        output: output.clone(),
        input: output.clone(),
    };
    run(args, &environment).await
}

/// Returns a sentence about an argument, or the variable that names the folder of the configuration or of the lists, that is no UTF-8:
/// its text would name another file.
fn text_fault(args: &[String]) -> Option<String> {
    if let Some(arg) = env::args_os().skip(1).find(|arg| arg.to_str().is_none()) {
        return Some(format!("expected arguments in UTF-8, found {arg:?}"));
    }
    let folders = [configuration_folder(args, &NativeMachine), lists_folder(args, &NativeMachine)];
    ["TALLYMAN_LISTS", "TALLYMAN_CONFIG", "DOCKER_CONFIG", "HOME"].into_iter().find_map(|name| {
        let value = env::var_os(name).filter(|value| value.to_str().is_none())?;
        let text = value.to_string_lossy();
        let is_used = folders.iter().any(|folder| folder.starts_with(&*text));
        is_used.then(|| format!("expected {name} in UTF-8, found {value:?}"))
    })
}

/// The system's message for an action on a file, in Go's words: `open PATH: permission denied`.
fn in_go(action: &str, path: &str, error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text).to_lowercase();
    format!("{action} {path}: {text}")
}
