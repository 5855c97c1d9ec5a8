//! Any number of gateways behind a load balancer are one: three behind nginx, one of which dies in the middle of a push.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use tallyman_core::{Digest, Reference};
use tallyman_dev_registry::{Auth, Registry, TokenAuth};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    everything::{Lacks, everything},
    support::{Folder, Plays, Process, caller, client, client_that, free_port, nginx, text},
};

/// Bytes that a gateway has sent to the registry when it dies: more than any request but a part of a large blob has.
const ENOUGH: usize = 1024 * 1024;

/// Starts a gateway as a program and gives where it listens.
fn start(folder: &Folder, name: &str, registry: SocketAddr, public_url: &str) -> (Process, SocketAddr) {
    let top = format!(
        "hosts = ['registry.example.com']\ntrusted_proxies = ['127.0.0.0/8']\npublic_url = '{public_url}'"
    );
    let more = "host = 'registry.example.com'\ndelete = true";
    let file = folder.write(name, &text(&format!("http://{registry}"), &top, more));
    let (process, url) = Process::gateway(&file);
    (process, url.trim_start_matches("http://").trim_end_matches('/').parse().unwrap())
}

/// The way from one gateway to the registry. The first that carries a large piece calls `full`.
async fn relay(registry: SocketAddr, full: impl Fn() + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let full = full.clone();
            tokio::spawn(async move {
                let far = TcpStream::connect(registry).await.unwrap();
                let ((mut from, mut back), (mut answers, mut to)) = (near.into_split(), far.into_split());
                tokio::spawn(async move { tokio::io::copy(&mut answers, &mut back).await });
                let (mut piece, mut sent) = (vec![0; 64 * 1024], 0);
                while let Ok(read) = from.read(&mut piece).await
                    && read > 0
                {
                    sent += read;
                    if sent > ENOUGH {
                        full();
                    }
                    if to.write_all(&piece[..read]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

/// Starts nginx in front of three gateways. `None` without the program.
fn in_front(folder: &Folder, port: u16, gateways: &[SocketAddr]) -> Option<Process> {
    let gateways: Vec<String> = gateways.iter().map(ToString::to_string).collect();
    let places = [
        ("10.0.0.11:8080", &*gateways[0]),
        ("10.0.0.12:8080", &*gateways[1]),
        ("10.0.0.13:8080", &*gateways[2]),
    ];
    nginx(folder, "gateways.conf", port, &places)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_dies_in_the_middle_of_a_push_is_not_missed() {
    let registry =
        Registry::builder().auth(Auth::Token(TokenAuth::new("user", "secret"))).start().await.unwrap();
    let folder = Folder::new("balanced");
    let processes: [Arc<Mutex<Option<Process>>>; 3] = Default::default();
    let is_done = Arc::new(AtomicBool::new(false));
    let port = free_port();
    let url = format!("https://127.0.0.1:{port}/tallyman");
    let mut gateways = Vec::new();
    for (number, process) in processes.iter().enumerate() {
        let (victim, is_done) = (Arc::clone(process), Arc::clone(&is_done));
        let kill = move || {
            if !is_done.swap(true, Ordering::SeqCst) {
                victim.lock().unwrap().take();
            }
        };
        let way = relay(registry.addr, kill).await;
        let (child, address) = start(&folder, &format!("gateway{number}.toml"), way, &url);
        *process.lock().unwrap() = Some(child);
        gateways.push(address);
    }
    let Some(_nginx) = in_front(&folder, port, &gateways) else { return };
    let client = client(&url, "registry.example.com", Some(("user", "secret")));
    everything(&client, "registry.example.com", &Lacks::default()).await;

    let program = client_that(Plays::Program, &url, "registry.example.com", Some(("user", "secret")));
    let pushed: Reference = "registry.example.com/acme/program:1".parse().unwrap();
    let blob = Bytes::from_static(b"of a program");
    program.upload_blob(&pushed, &Digest::of(&blob), &blob).await.unwrap();
    let found = program.head_blob(&pushed, &Digest::of(&blob)).await.unwrap();
    assert_eq!(found, Some(blob.len() as u64));

    assert!(is_done.load(Ordering::SeqCst), "one of them died");
    let alive = processes.iter().filter(|process| process.lock().unwrap().is_some()).count();
    assert_eq!(alive, 2);
    for (address, process) in gateways.iter().zip(&processes) {
        if process.lock().unwrap().is_some() {
            let metrics =
                caller().get(format!("http://{address}/metrics")).send().await.unwrap().text().await.unwrap();
            assert!(
                metrics.contains("kind=\"manifest\",method=\"PUT\",status=\"201\""),
                "each had its share"
            );
        }
    }
}
