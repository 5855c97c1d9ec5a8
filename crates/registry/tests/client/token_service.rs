//! A token service for CNCF Distribution.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A token service that signs with a key of its own.
pub struct Token {
    pub realm: String,
    pub certificate: PathBuf,
    given: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
    _folder: TempDir,
}

impl Token {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (key, certificate) = (folder.path().join("key.pem"), folder.path().join("certificate.pem"));
        openssl(
            &["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tests", "-keyout"],
            &[&key, Path::new("-out"), &certificate],
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let realm = format!("http://{}/token", listener.local_addr().unwrap());
        let given = Arc::new(AtomicUsize::new(0));
        let signer = Signer { key, certificate: certificate.clone(), folder: folder.path().to_owned() };
        let count = Arc::clone(&given);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                signer.answer(stream).await;
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { realm, certificate, given, task, _folder: folder }
    }

    /// The number of tokens that were asked for.
    pub fn given(&self) -> usize {
        self.given.load(Ordering::Relaxed)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Signer {
    key: PathBuf,
    certificate: PathBuf,
    folder: PathBuf,
}

impl Signer {
    async fn answer(&self, mut stream: TcpStream) {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut piece = [0; 4096];
            let read = stream.read(&mut piece).await.unwrap();
            assert!(read > 0, "the request broke off");
            request.extend_from_slice(&piece[..read]);
        }
        let request = String::from_utf8(request).unwrap();
        let basic = format!("authorization: Basic {}", STANDARD.encode("user:secret"));
        let (status, body) = if request.lines().any(|line| line.eq_ignore_ascii_case(&basic)) {
            let path = request.split(' ').nth(1).unwrap();
            ("200 OK", json!({ "token": self.token(path), "expires_in": 300 }))
        } else {
            ("401 Unauthorized", json!({ "errors": [{ "code": "UNAUTHORIZED", "message": "who are you" }] }))
        };
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    }

    /// A token that allows everything that was asked for.
    fn token(&self, path: &str) -> String {
        let url = http::Uri::try_from(path).unwrap();
        let query =
            url.query().unwrap_or_default().replace("%3A", ":").replace("%2F", "/").replace("%2C", ",");
        let scopes = query.split('&').filter_map(|field| field.strip_prefix("scope="));
        let access: Vec<_> = scopes
            .map(|scope| {
                let (resource, actions) = scope.rsplit_once(':').unwrap();
                let (kind, name) = resource.split_once(':').unwrap();
                let actions: Vec<_> = actions.replace("%2A", "*").split(',').map(str::to_owned).collect();
                json!({ "type": kind, "name": name, "actions": actions })
            })
            .collect();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let certificate = fs::read_to_string(&self.certificate).unwrap();
        let certificate: String = certificate.lines().filter(|line| !line.starts_with("---")).collect();
        let header = json!({ "typ": "JWT", "alg": "RS256", "x5c": [certificate] });
        let claims = json!({
            "iss": "tests", "sub": "user", "aud": "registry", "jti": now.to_string(),
            "iat": now - 60, "nbf": now - 60, "exp": now + 300, "access": access,
        });
        let encode = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let (file, signature) = (self.folder.join("signed"), self.folder.join("signature"));
        fs::write(&file, &signed).unwrap();
        openssl(&["dgst", "-sha256", "-sign"], &[&self.key, Path::new("-out"), &signature, &file]);
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(fs::read(signature).unwrap()))
    }
}

fn openssl(arguments: &[&str], files: &[&Path]) {
    let output = Command::new("openssl").args(arguments).args(files).output().expect("openssl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
