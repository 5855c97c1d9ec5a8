//! A token service for CNCF Distribution, and waiting for programs that listen.

use std::{
    net::TcpStream,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Json, Router,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    routing::get,
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use serde_json::{Value, json};

use crate::support::Folder;

/// Waits until somebody listens.
pub fn wait_for(host: &str) {
    for _ in 0..200 {
        if TcpStream::connect(host).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("nobody listens at {host} after ten seconds");
}

/// A token service that signs with a key of its own.
pub struct TokenService {
    pub realm: String,
    pub certificate: PathBuf,
    _folder: Folder,
}

struct Signer {
    key: EcdsaKeyPair,
    certificate: String,
}

impl TokenService {
    pub async fn start() -> Self {
        let folder = Folder::new("token");
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        let path = folder.write("certificate.pem", &certificate.pem());
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key.serialize_der(), &random);
        let signer = Signer { key: key.unwrap(), certificate: STANDARD.encode(certificate.der()) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let realm = format!("http://{}/token", listener.local_addr().unwrap());
        let app = Router::new().route("/token", get(give)).with_state(Arc::new(signer));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { realm, certificate: path, _folder: folder }
    }

    pub fn host(&self) -> &str {
        self.realm.strip_prefix("http://").unwrap().strip_suffix("/token").unwrap()
    }

    /// The section of Distribution's configuration.
    pub fn section(&self) -> String {
        format!(
            "auth: {{token: {{realm: '{}', service: registry, issuer: tests, rootcertbundle: {}}}}}",
            self.realm,
            self.certificate.display()
        )
    }
}

async fn give(
    State(signer): State<Arc<Signer>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> (StatusCode, Json<Value>) {
    let expected = format!("Basic {}", STANDARD.encode("user:secret"));
    if headers.get(header::AUTHORIZATION).is_none_or(|found| found.as_bytes() != expected.as_bytes()) {
        let errors = json!({ "errors": [{ "code": "UNAUTHORIZED", "message": "who are you" }] });
        return (StatusCode::UNAUTHORIZED, Json(errors));
    }
    let token = signer.token(&query.unwrap_or_default());
    (StatusCode::OK, Json(json!({ "token": token, "expires_in": 300 })))
}

impl Signer {
    /// A token that allows everything that was asked for.
    fn token(&self, query: &str) -> String {
        let access: Vec<Value> = url::form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| name == "scope")
            .flat_map(|(_, scopes)| scopes.split(' ').map(str::to_owned).collect::<Vec<_>>())
            .map(|scope| {
                let (resource, actions) = scope.rsplit_once(':').unwrap();
                let (kind, name) = resource.split_once(':').unwrap();
                json!({ "type": kind, "name": name, "actions": actions.split(',').collect::<Vec<_>>() })
            })
            .collect();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let header = json!({ "typ": "JWT", "alg": "ES256", "x5c": [self.certificate] });
        let claims = json!({
            "iss": "tests", "sub": "user", "aud": "registry", "jti": now.to_string(),
            "iat": now - 60, "nbf": now - 60, "exp": now + 300, "access": access,
        });
        let encode = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
