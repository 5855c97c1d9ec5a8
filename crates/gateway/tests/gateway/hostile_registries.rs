//! Hostile registries behind the gateway: every request ends in time, memory and disk stay bounded, others are answered
//! throughout, and credentials go nowhere else.

use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::{StreamExt as _, future::join_all, stream};
use reqwest::{Method, RequestBuilder};
use tallyman_dev_registry::{Auth, Digest, Hostile, PASSWORD, Registry, TokenAuth, USER};

use crate::{
    exhaustion::{SHORT, assert_healthy, memory},
    support::{Folder, Process, caller, text},
};

const MIB: usize = 1024 * 1024;
/// The longest time that a request may take. The bounds in [`SHORT`] allow for some waits of a second.
const LONGEST: Duration = Duration::from_secs(15);
/// MiB by which the gateway's process may grow.
const GROWTH: usize = 64;
/// MiB that the cache may have.
const CACHE: usize = 8;
/// The bytes of a body that the caller reads. Blobs have any size, so whoever wants no more goes away.
const READ: usize = 16 * MIB;

/// The credentials that requests have: the gateway's own, or those of its callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Credentials {
    Gateway,
    Caller,
}

/// The requests that clients of registries make: methods, paths, and content types where they have a body. `blob` is the
/// digest of one.
fn requests(blob: &str) -> Vec<(Method, String, &'static str)> {
    let oci = "application/vnd.oci.image.manifest.v1+json";
    [
        (Method::GET, "v2/", ""),
        (Method::GET, "v2/_catalog?n=100", ""),
        (Method::GET, "v2/evil/app/tags/list?n=100", ""),
        (Method::GET, "v2/evil/app/manifests/latest", ""),
        (Method::HEAD, "v2/evil/app/manifests/latest", ""),
        (Method::GET, "v2/evil/list/manifests/latest", ""),
        (Method::GET, "v2/evil/app/blobs/BLOB", ""),
        (Method::GET, "v2/evil/app/blobs/BLOB", ""),
        (Method::HEAD, "v2/evil/app/blobs/BLOB", ""),
        (Method::GET, "v2/evil/app/referrers/BLOB", ""),
        (Method::POST, "v2/evil/app/blobs/uploads/", ""),
        (Method::POST, "v2/evil/app/blobs/uploads/?mount=BLOB&from=evil/list", ""),
        (Method::PUT, "v2/evil/app/manifests/new", oci),
        (Method::DELETE, "v2/evil/app/manifests/BLOB", ""),
        (Method::GET, "token?service=evil&scope=repository:evil/app:pull", ""),
    ]
    .map(|(method, path, content_type)| (method, path.replace("BLOB", blob), content_type))
    .into()
}

/// Sends a request and reads what comes. Fails if that takes too long or the head names the other origin.
async fn send(request: RequestBuilder, what: &str, elsewhere: &str) {
    let start = Instant::now();
    let exchange = async {
        // An answer that breaks off is a way of ending.
        let Ok(response) = request.send().await else { return };
        for (name, value) in response.headers() {
            let value = String::from_utf8_lossy(value.as_bytes());
            assert!(!value.contains(elsewhere), "{what}: {name}: {value}");
            assert!(!value.contains(PASSWORD), "{what}: {name}: {value}");
        }
        let mut pieces = response.bytes_stream();
        let mut read = 0;
        while let Some(Ok(piece)) = pieces.next().await {
            read += piece.len();
            if read > READ {
                break;
            }
        }
    };
    let ended = tokio::time::timeout(LONGEST, exchange).await;
    assert!(ended.is_ok(), "{what} did not end in {:?}", start.elapsed());
}

/// Sends every request to a gateway in front of a registry that is hostile in this way.
async fn attack(mode: Hostile, credentials: Credentials, auth: Auth) {
    let registry = Registry::builder().auth(auth).hostile(mode).start().await.expect("a port is free");
    let storage = registry.storage_url();
    let port = storage.rsplit(':').next().expect("it has a port");
    let elsewhere = format!("localhost:{port}");
    let folder = Folder::new(&format!("hostile-registries-{mode}"));
    let cache = folder.0.join("cache");
    let top = format!("{SHORT}\n[cache]\nfolder = {:?}\nmax_mib = {CACHE}", cache.display());
    // The other origin is a storage to which redirects may lead, so that nothing but the rule about credentials holds
    // them back.
    let own = match credentials {
        Credentials::Gateway => {
            let password = folder.write("password", PASSWORD);
            format!("username = '{USER}'\npassword_file = {:?}\nread_only = false", password.display())
        }
        Credentials::Caller => String::new(),
    };
    let more = format!(
        "{own}\ndelete = true\nstorage_hosts = ['{elsewhere}']\nnetworks = ['127.0.0.0/8', '::1/128']"
    );
    let file = folder.write("gateway.toml", &text(&registry.url(), &top, &more));
    let (process, url) = Process::gateway(&file);
    let address = url.trim_start_matches("http://").trim_end_matches('/').parse().unwrap();
    let before = memory(process.0.id());
    let blob = Digest::sha256(b"a blob that is there or not").to_string();
    let basic = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
    let all = requests(&blob).into_iter().map(async |(method, path, content_type)| {
        let what = format!("{mode}, credentials of the {credentials:?}: {method} {path}");
        let mut request = caller().request(method, format!("{url}r/lab/{path}"));
        if !content_type.is_empty() {
            request = request.header("content-type", content_type).body("{}");
        }
        if credentials == Credentials::Caller {
            request = request.header("tallyman-authorization", &basic);
        }
        send(request, &what, &elsewhere).await;
    });
    join_all(all).await;
    assert_healthy(address, mode.name()).await;
    let grown = memory(process.0.id()).saturating_sub(before);
    assert!(grown < GROWTH, "{mode}, {credentials:?}: the gateway grew by {grown} MiB from {before}");
    // A temporary file may be removed while the folder is read.
    let kept: u64 = std::fs::read_dir(&cache)
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().metadata().ok()?.len()))
        .sum();
    assert!(kept <= (CACHE * MIB) as u64, "{mode}: {kept} bytes in the cache");
    for request in registry.requests().iter().filter(|request| request.storage) {
        let leaked = request.authorization.is_some() || request.query.contains(PASSWORD);
        assert!(!leaked, "{mode}, {credentials:?}: credentials went elsewhere: {request:?}");
        let form = request.path == "/token" && request.body_bytes > 0;
        assert!(!form, "{mode}, {credentials:?}: credentials went elsewhere: {request:?}");
    }
}

/// Tries every mode, some at a time: most of the time goes by in waiting. Each has a task of its own, as to fill a
/// registry with a large index takes longer than a connection may be silent.
async fn attack_in_each_mode(credentials: Credentials, auth: impl Fn() -> Auth) {
    let attacks = stream::iter(Hostile::ALL).map(|mode| tokio::spawn(attack(mode, credentials, auth())));
    attacks.buffer_unordered(4).for_each(async |ended| ended.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_registries_cost_little_and_get_the_gateways_credentials_alone() {
    attack_in_each_mode(Credentials::Gateway, || Auth::Token(TokenAuth::new(USER, PASSWORD))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_registries_cost_little_and_get_the_callers_credentials_alone() {
    attack_in_each_mode(Credentials::Caller, || Auth::None).await;
}
