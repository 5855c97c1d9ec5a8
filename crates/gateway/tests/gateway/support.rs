//! Helpers of the tests: gateways, callers, folders, and the registry client sent through a gateway.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use axum::{Router, body::Body, extract::Request as Incoming, response::Response as Outgoing};
use futures_util::{FutureExt, future, future::LocalBoxFuture};
use http::{HeaderMap, HeaderValue, header};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::redirect::Policy;
use tallyman_core::Registry;
use tallyman_gateway::{Config, ConfigFile, Server, serve};
use tallyman_registry::{
    Access, Client, CredentialError, CredentialSource, Credentials, NativeTransport, Request, Response,
    Retry, Transport, TransportError,
};
use url::Url;

use crate::upstreams::wait_for;

/// A folder that goes when its owner goes.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("tallyman-{name}-{}-{count}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// Writes a certificate for a host, which it signs itself, and its key. Returns the files of both.
    pub fn certificate(&self, host: &str) -> (PathBuf, PathBuf) {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec![host.to_owned()]).unwrap();
        (self.write("certificate.pem", &cert.pem()), self.write("key.pem", &signing_key.serialize_pem()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// The gateway's program, without the proxies of the environment.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallyman-gateway"));
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"] {
        command.env_remove(name);
    }
    command
}

/// A program of the test's own, ended when its owner goes.
pub struct Process(pub Child, Option<mpsc::Receiver<String>>);

impl Process {
    /// Starts a gateway with this configuration, and gives its address.
    pub fn gateway(config: &Path) -> (Self, String) {
        Self::listening(program().arg("--config").arg(config).stderr(Stdio::piped()))
    }

    /// Starts a gateway by this command, and gives its address.
    pub fn listening(command: &mut Command) -> (Self, String) {
        Self::of(command.spawn().unwrap())
    }

    /// Takes over a gateway that starts, with the pipe of its standard error, and gives its address.
    pub fn of(mut child: Child) -> (Self, String) {
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.by_ref().find(|line| line.contains("listening on")).unwrap();
        // The program stops when its output is no longer read.
        let (send, log) = mpsc::channel();
        std::thread::spawn(move || lines.for_each(|line| drop(send.send(line))));
        (Self(child, Some(log)), line.split("listening on ").nth(1).unwrap().trim().to_owned())
    }
}

impl Process {
    /// A program that logs nothing that a test reads.
    pub fn quiet(child: Child) -> Self {
        Self(child, None)
    }

    /// The lines of the log after the first, as they come.
    pub fn log(&mut self) -> mpsc::Receiver<String> {
        self.1.take().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that is dead already stays dead.
        let _dead = self.0.kill();
        self.0.wait().unwrap();
    }
}

/// Starts nginx with an example for operators, its places replaced by those of the test. `None` without the program.
pub fn nginx(folder: &Folder, example: &str, port: u16, places: &[(&str, &str)]) -> Option<Process> {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/nginx").join(example);
    let mut server = fs::read_to_string(example).unwrap();
    let (certificate, key) = folder.certificate("registry.example.com");
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let listen = format!("listen 127.0.0.1:{port} ssl");
    let all = [
        ("listen 443 ssl", listen.as_str()),
        ("/etc/nginx/tls/registry.example.com.pem", &certificate),
        ("/etc/nginx/tls/registry.example.com.key", &key),
    ];
    for (example, ours) in all.iter().chain(places) {
        assert_eq!(server.matches(example).count(), 1, "{example}");
        server = server.replace(example, ours);
    }
    let at = folder.0.display();
    let config = folder.write(
        "nginx.conf",
        &format!(
            "daemon off; master_process off; pid {at}/nginx.pid; error_log {at}/error.log;\nevents {{}}\nhttp {{\n\
             access_log off; client_body_temp_path {at}/1; proxy_temp_path {at}/2; fastcgi_temp_path {at}/3; \
             uwsgi_temp_path {at}/4; scgi_temp_path {at}/5;\n{server}}}\n"
        ),
    );
    let programs = ["nginx", "/usr/sbin/nginx"];
    let child = programs.iter().find_map(|program| {
        let mut command = Command::new(program);
        command.arg("-p").arg(&folder.0).arg("-c").arg(&config).stderr(Stdio::null()).spawn().ok()
    });
    let Some(child) = child else {
        tallyman_dev_registry::skip_test("nginx is not installed");
        return None;
    };
    let running = Process::quiet(child);
    wait_for(&format!("127.0.0.1:{port}"));
    Some(running)
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The configuration of one registry called `lab`, listening on a free port. `top` comes before it, `more` belongs to it.
pub fn text(url: &str, top: &str, more: &str) -> String {
    format!("listen = '127.0.0.1:0'\n{top}\n[[registries]]\nname = 'lab'\nurl = '{url}'\n{more}\n")
}

pub async fn gateway(url: &str, top: &str, more: &str) -> Server {
    let config: Config = toml::from_str(&text(url, top, more)).unwrap();
    serve(config, None).await.unwrap()
}

/// A gateway whose file is in `folder`, so that it can be read anew.
pub async fn gateway_of(folder: &Path, url: &str, top: &str, more: &str) -> Server {
    let path = folder.join("gateway.toml");
    fs::write(&path, text(url, top, more)).unwrap();
    let file = ConfigFile { path, listen: None };
    serve(file.read().unwrap(), Some(file)).await.unwrap()
}

/// The gateway's own user for a registry, whose tokens are from `token_host`.
pub fn own_user(password: &Path, token_host: &str) -> String {
    format!("username = 'user'\npassword_file = {:?}\ntoken_hosts = ['{token_host}']", password.display())
}

pub fn at(gateway: &Server, path: &str) -> String {
    format!("http://{}{path}", gateway.address)
}

/// A caller that follows no redirects.
pub fn caller() -> reqwest::Client {
    reqwest::Client::builder().redirect(Policy::none()).no_proxy().no_gzip().build().unwrap()
}

pub async fn get(gateway: &Server, path: &str) -> reqwest::Response {
    caller().get(at(gateway, path)).send().await.unwrap()
}

/// A server that answers as the test says and remembers what it was asked.
#[derive(Clone)]
pub struct Scripted {
    pub url: String,
    pub asked: Arc<Mutex<Vec<(String, HeaderMap)>>>,
}

impl Scripted {
    pub async fn start(answer: impl Fn(&str) -> Outgoing + Clone + Send + Sync + 'static) -> Self {
        Self::start_with(move |line, _| answer(line)).await
    }

    /// A server whose answers depend on the headers, too.
    pub async fn start_with(
        answer: impl Fn(&str, &HeaderMap) -> Outgoing + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::start_after(Duration::ZERO, answer).await
    }

    /// A server that answers each request after `delay`.
    pub async fn start_after(
        delay: Duration,
        answer: impl Fn(&str, &HeaderMap) -> Outgoing + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let app = Router::new().fallback(async move |request: Incoming| {
            let line = format!("{} {}", request.method(), request.uri());
            log.lock().unwrap().push((line.clone(), request.headers().clone()));
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            answer(&line, request.headers())
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, asked }
    }

    pub fn lines(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(line, _)| line.clone()).collect()
    }
}

pub fn answer(status: u16, headers: &[(&str, &str)], body: &'static str) -> Outgoing {
    let mut response = Outgoing::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body)).unwrap()
}

/// Sends the requests for one registry to `/r/lab` of a gateway, and lets nothing past it.
struct Through {
    native: NativeTransport,
    registry: String,
    gateway: String,
    plays: Plays,
}

/// A kind of caller of a gateway.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Plays {
    /// The app, which resolves the references of the gateway.
    App,
    /// A program such as Docker, which needs URLs of the gateway.
    Program,
}

impl Transport for Through {
    fn send(&self, mut request: Request) -> LocalBoxFuture<'_, Result<Response, TransportError>> {
        async move {
            let asked = Url::parse(&request.url).unwrap();
            assert_eq!(
                asked.authority(),
                self.registry,
                "only the registry is asked, and only through the gateway"
            );
            let query = asked.query().map_or_else(String::new, |query| format!("?{query}"));
            request.url = format!("{}/r/lab{}{query}", self.gateway, asked.path());
            if self.plays == Plays::App {
                request.headers.insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
            }
            // The certificates of the tests are nobody's.
            request.unverified_tls = true;
            let mut response = self.native.send(request).await?;
            response.url = asked.to_string();
            if self.plays == Plays::Program {
                // The client knows the registry by its own URL.
                let ours = format!("{}/r/lab/", self.gateway);
                for name in [header::LOCATION, header::WWW_AUTHENTICATE] {
                    let Some(found) = response.headers.get(&name) else { continue };
                    let found = found.to_str().unwrap();
                    assert!(found.contains(&ours), "expected a URL of {ours}, found {name}: {found}");
                    let found = found.replace(&ours, asked.join("/").unwrap().as_str());
                    response.headers.insert(name, found.parse().unwrap());
                }
                return Ok(response);
            }
            let challenges: Vec<HeaderValue> =
                response.headers.get_all(header::WWW_AUTHENTICATE).into_iter().cloned().collect();
            response.headers.remove(header::WWW_AUTHENTICATE);
            for challenge in challenges {
                let challenge = challenge.to_str().unwrap();
                let absolute = match challenge.split_once("realm=\"../") {
                    Some((scheme, rest)) => {
                        let (realm, rest) = rest.split_once('"').unwrap();
                        format!("{scheme}realm=\"{}\"{rest}", asked.join(&format!("../{realm}")).unwrap())
                    }
                    None => challenge.to_owned(),
                };
                response.headers.append(header::WWW_AUTHENTICATE, absolute.parse().unwrap());
            }
            Ok(response)
        }
        .boxed_local()
    }

    fn probe(&self, url: String) -> LocalBoxFuture<'_, bool> {
        self.native.probe(url)
    }

    fn sleep(&self, duration: Duration) -> LocalBoxFuture<'_, ()> {
        self.native.sleep(duration)
    }

    fn now(&self) -> f64 {
        self.native.now()
    }

    fn join(&self, base: &str, location: &str) -> Result<String, TransportError> {
        self.native.join(base, location)
    }

    fn obeys_cors(&self) -> bool {
        false
    }
}

struct Fixed(Credentials);

impl CredentialSource for Fixed {
    fn credentials(
        &self,
        _: &Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        future::ready(Ok(Some(self.0.clone()))).boxed_local()
    }
}

/// The registry client for `registry` (`host:port`), through a gateway, as the app has it.
pub fn client(gateway: &str, registry: &str, user: Option<(&str, &str)>) -> Client {
    client_that(Plays::App, gateway, registry, user)
}

/// The registry client for `registry` (`host:port`), through a gateway, of one kind of caller.
pub fn client_that(plays: Plays, gateway: &str, registry: &str, user: Option<(&str, &str)>) -> Client {
    let through = Through {
        native: NativeTransport::new(),
        registry: registry.to_owned(),
        gateway: gateway.to_owned(),
        plays,
    };
    let retry = Retry { first_backoff: Duration::from_millis(2), ..Retry::default() };
    let builder = Client::builder(Rc::new(through)).access(|_| Access::PlainFirst).retry(retry);
    match user {
        None => builder.build(),
        Some((user, password)) => {
            let credentials = Credentials::Basic { user: user.to_owned(), password: password.to_owned() };
            builder.credentials(Rc::new(Fixed(credentials))).build()
        }
    }
}
