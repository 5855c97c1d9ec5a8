//! The command line.

use std::rc::Rc;

use futures_util::{FutureExt, future::LocalBoxFuture};
use js_sys::{Array, Uint8Array};
use tallyman_commands::{
    ClientOptions, DockerCredentials, Environment, Input, Invocation, Output, Settings, Stream,
    configuration_folder, error_line, lists_folder, run,
};
use tallyman_core::{Digest, Schema1};
use tallyman_registry::Transport;
use tallyman_store::FileStore;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use crate::{
    files::HostFolder,
    machine::{FileHash, Machine},
    message::message,
    transport::JsTransport,
};

struct Streams(Machine);

impl Output for Streams {
    fn stdout(&self, bytes: &[u8]) {
        self.0.stdout(&Uint8Array::from(bytes));
    }

    fn stderr(&self, text: &str) {
        self.0.stderr(&Uint8Array::from(text.as_bytes()));
    }

    fn has_colours(&self, stream: Stream) -> bool {
        self.0.has_colours(name(stream))
    }

    fn write_file(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        self.0.write_file(path, &Uint8Array::from(bytes)).map_err(|error| message(&error))
    }

    fn check_file(&self, path: &str) -> Result<(), String> {
        self.0.check_file(path).map_err(|error| message(&error))
    }

    fn is_terminal(&self, stream: Stream) -> bool {
        self.0.is_terminal(name(stream))
    }

    fn terminal_width(&self) -> Option<usize> {
        self.0.terminal_width().map(|width| width as usize)
    }

    fn reader_is_gone(&self) -> bool {
        self.0.reader_is_gone()
    }
}

fn name(stream: Stream) -> &'static str {
    match stream {
        Stream::Stdout => "stdout",
        Stream::Stderr => "stderr",
    }
}

impl Input for Streams {
    fn digest<'a>(&'a self, file: Option<&'a str>) -> LocalBoxFuture<'a, Result<(Digest, u64), String>> {
        async move {
            let digested = JsFuture::from(self.0.digest(file)).await.map_err(|error| message(&error))?;
            let digested: FileHash = digested.unchecked_into();
            let payload = digested.manifest().and_then(|bytes| Schema1::payload(&bytes.to_vec()));
            let digest = match payload {
                Some(payload) => Digest::of(&payload),
                None => format!("sha256:{}", digested.hex()).parse().map_err(|error| format!("{error}"))?,
            };
            Ok((digest, digested.size() as u64))
        }
        .boxed_local()
    }

    fn read<'a>(&'a self, file: Option<&'a str>) -> LocalBoxFuture<'a, Result<Vec<u8>, String>> {
        async move {
            let read = JsFuture::from(self.0.read_input(file)).await.map_err(|error| message(&error))?;
            Ok(read.unchecked_into::<Uint8Array>().to_vec())
        }
        .boxed_local()
    }
}

/// Runs one command line, given without the program's name, and answers its exit code.
#[wasm_bindgen(js_name = commandLine)]
pub async fn command_line(args: Vec<String>, machine: Machine) -> u8 {
    let folder = configuration_folder(&args, &machine);
    let lists = lists_folder(&args, &machine);
    let transport: Rc<dyn Transport> = Rc::new(JsTransport(machine.clone().into()));
    let credentials = Rc::new(DockerCredentials::new(machine.clone(), &folder));
    let (output, kept) = (Rc::new(Streams(machine.clone())), credentials.clone());
    let shown = output.clone();
    if let Invocation::Run(_, settings) = Invocation::parse(&args) {
        let Settings { ca_files, cert, key, .. } = &*settings;
        if !ca_files.is_empty() || cert.is_some() || key.is_some() {
            let files = ca_files.iter().map(|file| JsValue::from_str(file)).collect::<Array>();
            let used =
                JsFuture::from(machine.use_certificates(&files, cert.as_deref(), key.as_deref())).await;
            // A wrong file is no fault of a registry: it is told before anything is asked.
            if let Err(error) = used {
                output.stderr(&error_line(&args, "certificates-invalid", &message(&error)));
                return 1;
            }
        }
    }
    let client =
        move |options: ClientOptions| options.client(Rc::clone(&transport), shown.clone(), kept.clone());
    let environment = Environment {
        store: Rc::new(FileStore::new(HostFolder(machine.files()), lists)),
        client: Rc::new(client),
        credentials,
        output,
        input: Rc::new(Streams(machine)),
    };
    run(&args, &environment).await
}
