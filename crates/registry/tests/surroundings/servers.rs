//! Servers for the tests, each on a free port of loopback.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// The head of a request, and the names of the certificate that was shown.
#[derive(Clone, Debug)]
pub struct Received {
    pub head: String,
    pub shown: usize,
}

impl Received {
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// The answer of a server, as bytes; it closes the connection where they say so.
pub type Answer = Arc<dyn Fn(&Received) -> Vec<u8> + Send + Sync>;

pub struct Running {
    pub host: String,
    pub port: u16,
    pub connections: Arc<AtomicUsize>,
    pub asked: Arc<Mutex<Vec<Received>>>,
}

impl Running {
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn lines(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|asked| asked.line().to_owned()).collect()
    }
}

/// An answer with a body.
pub fn fine(body: &[u8]) -> Vec<u8> {
    with_headers("", body)
}

/// An answer with more headers, each with its end of line.
pub fn with_headers(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut answer =
        format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    answer.extend_from_slice(body);
    answer
}

pub fn always(answer: Vec<u8>) -> Answer {
    Arc::new(move |_| answer.clone())
}

async fn listen() -> (TcpListener, Running) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let running = Running {
        host: format!("127.0.0.1:{port}"),
        port,
        connections: Arc::default(),
        asked: Arc::default(),
    };
    (listener, running)
}

/// A server of plain HTTP.
pub async fn start(answer: Answer) -> Running {
    let (listener, running) = listen().await;
    let (connections, asked) = (Arc::clone(&running.connections), Arc::clone(&running.asked));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve(stream, 0, Arc::clone(&answer), Arc::clone(&asked)));
        }
    });
    running
}

/// A certificate and its key in files, made as `openssl req -x509` makes them: it may sign others, too.
pub struct Identity {
    pub folder: TempDir,
    pub cert: PathBuf,
    pub key: PathBuf,
}

impl Identity {
    pub fn of(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        let mut params =
            CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pair = KeyPair::generate().unwrap();
        std::fs::write(&cert, params.self_signed(&pair).unwrap().pem()).unwrap();
        std::fs::write(&key, pair.serialize_pem()).unwrap();
        Self { folder, cert, key }
    }

    /// Copies it into the folder of a registry.
    pub fn keep(&self, folder: &Path, registry: &str, names: &[&str]) {
        let folder = folder.join(registry);
        std::fs::create_dir_all(&folder).unwrap();
        for name in names {
            let from = if name.ends_with(".key") { &self.key } else { &self.cert };
            std::fs::copy(from, folder.join(name)).unwrap();
        }
    }
}

/// A server with TLS that takes any certificate of its client, or none.
pub async fn start_tls(identity: &Identity, answer: Answer) -> Running {
    let (listener, running) = listen().await;
    let (connections, asked) = (Arc::clone(&running.connections), Arc::clone(&running.asked));
    let acceptor = acceptor(identity);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            connections.fetch_add(1, Ordering::SeqCst);
            let (acceptor, answer, asked) = (acceptor.clone(), Arc::clone(&answer), Arc::clone(&asked));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let shown = stream.get_ref().1.peer_certificates().map_or(0, <[_]>::len);
                serve(stream, shown, answer, asked).await;
            });
        }
    });
    running
}

fn acceptor(identity: &Identity) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(&identity.cert).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(&identity.key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(Arc::new(AnyClient))
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

#[derive(Debug)]
struct AnyClient;

impl ClientCertVerifier for AnyClient {
    fn root_hint_subjects(&self) -> &[rustls::DistinguishedName] {
        &[]
    }
    fn client_auth_mandatory(&self) -> bool {
        false
    }
    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, signed, &algorithms)
    }
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        let algorithms = ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, signed, &algorithms)
    }
    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Answers requests without bodies, one after the other. `CONNECT` leads to the port that is named, on this machine.
async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Send + Unpin,
    shown: usize,
    answer: Answer,
    asked: Arc<Mutex<Vec<Received>>>,
) {
    while let Some(head) = head(&mut stream).await {
        let request = Received { head, shown };
        asked.lock().unwrap().push(request.clone());
        if let Some(target) = request.line().strip_prefix("CONNECT ") {
            let port = target.split(' ').next().unwrap().rsplit(':').next().unwrap();
            let mut onward = TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
            copy_bidirectional(&mut stream, &mut onward).await.ok();
            return;
        }
        let answer = answer(&request);
        if stream.write_all(&answer).await.is_err() || answer.is_empty() || closes(&answer) {
            return;
        }
    }
}

fn closes(answer: &[u8]) -> bool {
    String::from_utf8_lossy(answer).contains("Connection: close")
}

/// Reads up to the end of a request's head; nothing if there is none any more, or if it is no HTTP.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return None,
            Err(_) => return None,
        }
        if head.first().is_some_and(|byte| !byte.is_ascii_uppercase()) {
            // A hello of TLS: what a server of plain HTTP says to it.
            return Some("HELLO".to_owned());
        }
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// A proxy that speaks SOCKS 5 and asks for `password`, if there is one. It notes who asks for what.
pub async fn start_socks(password: Option<&'static str>) -> Running {
    let (listener, running) = listen().await;
    let asked = Arc::clone(&running.asked);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(socks(stream, password, Arc::clone(&asked)));
        }
    });
    running
}

async fn socks(
    mut stream: TcpStream,
    password: Option<&str>,
    asked: Arc<Mutex<Vec<Received>>>,
) -> Option<()> {
    let sized = async |stream: &mut TcpStream| {
        let mut bytes = vec![0; stream.read_u8().await.ok()?.into()];
        stream.read_exact(&mut bytes).await.ok()?;
        Some(bytes)
    };
    stream.read_u8().await.ok()?;
    let methods = sized(&mut stream).await?;
    let method = if password.is_some() { 2 } else { 0 };
    if !methods.contains(&method) {
        return stream.write_all(&[5, 0xff]).await.ok();
    }
    stream.write_all(&[5, method]).await.ok()?;
    let mut user = String::new();
    if let Some(password) = password {
        stream.read_u8().await.ok()?;
        user = String::from_utf8(sized(&mut stream).await?).ok()?;
        let is_right = sized(&mut stream).await? == password.as_bytes();
        stream.write_all(&[1, u8::from(!is_right)]).await.ok()?;
        if !is_right {
            return None;
        }
    }
    let mut wanted = [0; 4];
    stream.read_exact(&mut wanted).await.ok()?;
    let name = match wanted[3] {
        3 => String::from_utf8(sized(&mut stream).await?).ok()?,
        _ => stream.read_u32().await.ok()?.to_string(),
    };
    let port = stream.read_u16().await.ok()?;
    asked.lock().unwrap().push(Received { head: format!("{user}@{name}"), shown: 0 });
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.ok()?;
    let mut onward = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    copy_bidirectional(&mut stream, &mut onward).await.ok().map(drop)
}
