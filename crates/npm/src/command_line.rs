//! The command line.

use std::rc::Rc;

use js_sys::Uint8Array;
use tallyman_commands::{Environment, Insecure, Output, run};
use tallyman_registry::{Access, Client, Retry, Transport};
use tallyman_store::FileStore;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{credentials::DockerCredentials, files::HostFiles, host::Host, transport::HostTransport};

struct Streams(Host);

impl Output for Streams {
    fn stdout(&self, bytes: &[u8]) {
        self.0.stdout(&Uint8Array::from(bytes));
    }

    fn stderr(&self, text: &str) {
        self.0.stderr(&Uint8Array::from(text.as_bytes()));
    }
}

/// Runs one command line, given without the program's name, and answers its exit code.
#[wasm_bindgen(js_name = commandLine)]
pub async fn command_line(args: Vec<String>, host: Host) -> u8 {
    let folder = host.env("TALLYMAN_CONFIG").filter(|folder| !folder.is_empty());
    let folder = folder.unwrap_or_else(|| format!("{}/.docker", host.homedir()));
    let transport: Rc<dyn Transport> = Rc::new(HostTransport(host.clone().into()));
    let credentials = Rc::new(DockerCredentials::new(host.clone(), &folder));
    let client = move |Insecure(insecure)| {
        let access = if insecure { Access::Insecure } else { Access::Tls };
        Client::builder(Rc::clone(&transport))
            .access(move |_| access)
            .credentials(credentials.clone())
            // Docker asks once, and so does what stands in its place.
            .retry(Retry::never())
            .build()
    };
    let environment = Environment {
        store: Rc::new(FileStore::new(HostFiles(host.clone()), format!("{folder}/manifests"))),
        client: Box::new(client),
        output: Rc::new(Streams(host)),
    };
    run(&args, &environment).await
}
