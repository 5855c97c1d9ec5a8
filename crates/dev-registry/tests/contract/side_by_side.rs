//! The same requests to both: what Distribution 2.8 answers is what we answer.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tallyman_dev_registry::{Auth, Dialect, Digest, Registry, TokenAuth, fill};

use crate::{
    distribution_program::Distribution,
    http::{Answer, send},
};

const IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
const LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCTETS: (&str, &str) = ("content-type", "application/octet-stream");

/// The headers that are compared.
const HEADERS: [&str; 14] = [
    "accept-ranges",
    "allow",
    "cache-control",
    "content-range",
    "content-type",
    "docker-content-digest",
    "docker-distribution-api-version",
    "etag",
    "link",
    "location",
    "range",
    "retry-after",
    "www-authenticate",
    "x-content-type-options",
];

/// The parts of an answer that are compared: identifiers, addresses and states replaced, tags in order.
fn essence(answer: &Answer, url: &str) -> (u16, BTreeMap<&'static str, String>, String) {
    let tame = |text: &str| {
        let text = text.replace(url, "URL");
        match text.split_once("/blobs/uploads/") {
            Some((before, _)) => format!("{before}/blobs/uploads/ID"),
            None => text,
        }
    };
    // Distribution keeps a scope's actions in a map: their order is drawn anew for every answer.
    let tame = |text: &str| tame(text).replace(":push,pull\"", ":pull,push\"");
    let headers = HEADERS.iter().filter_map(|name| Some((*name, tame(answer.header(name)?)))).collect();
    let mut body = answer.text();
    if let Ok(Value::Object(mut object)) = serde_json::from_str::<Value>(&body)
        && let Some(tags) = object.get_mut("tags").and_then(Value::as_array_mut)
    {
        tags.sort_by_key(ToString::to_string);
        body = Value::Object(object).to_string();
    }
    (answer.status.as_u16(), headers, body)
}

/// Two registries that are asked the same.
struct Pair {
    real: String,
    ours: String,
    /// The location of an upload, at each of them.
    uploads: [String; 2],
    differences: Vec<String>,
}

impl Pair {
    /// `{up}` at the start of a path stands for the last upload's `Location`.
    async fn send_to_both(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<bytes::Bytes>,
    ) {
        let body = body.into();
        let mut seen = Vec::new();
        for (at, url) in [self.real.clone(), self.ours.clone()].into_iter().enumerate() {
            let target = match path.strip_prefix("{up}") {
                Some(rest) => format!("{}{rest}", self.uploads[at]),
                None => format!("{url}{path}"),
            };
            let answer = send(method, &target, headers, body.clone()).await;
            if let Some(location) = answer.header("location").filter(|location| location.contains("_state="))
            {
                self.uploads[at] = location.to_owned();
            }
            seen.push(essence(&answer, &url));
        }
        if seen[0] != seen[1] {
            self.differences
                .push(format!("{method} {path} {headers:?}\n  real {:?}\n  ours {:?}", seen[0], seen[1]));
        }
    }

    async fn blob(&mut self, name: &str, bytes: &str) -> String {
        let digest = Digest::sha256(bytes.as_bytes()).to_string();
        self.send_to_both("POST", &format!("/v2/{name}/blobs/uploads/"), &[], "").await;
        self.send_to_both("PUT", &format!("{{up}}&digest={digest}"), &[OCTETS], bytes.to_owned()).await;
        digest
    }

    async fn manifest(&mut self, reference: &str, media_type: &str, manifest: &Value) -> String {
        let bytes = manifest.to_string();
        let digest = Digest::sha256(bytes.as_bytes()).to_string();
        let headers = [("content-type", media_type)];
        self.send_to_both("PUT", &format!("/v2/some/name/manifests/{reference}"), &headers, bytes).await;
        digest
    }
}

fn absent() -> String {
    format!("sha256:{}", "a".repeat(64))
}

#[tokio::test]
async fn answers_are_those_of_distribution() {
    let Some(real) = Distribution::start("") else { return };
    let ours = Registry::builder().dialect(Dialect::V2_8).referrers(false).start().await.unwrap();
    let mut pair = Pair {
        real: format!("http://{}", real.host),
        ours: ours.url(),
        uploads: [String::new(), String::new()],
        differences: Vec::new(),
    };
    let absent = absent();

    for (method, path) in [
        ("GET", "/"),
        ("GET", "/v2/"),
        ("PUT", "/v2/"),
        ("OPTIONS", "/v2/"),
        ("GET", "/v2/_catalog"),
        ("POST", "/v2/_catalog"),
        ("GET", "/v2/_catalog?n=5000"),
        ("GET", "/v2/some/name/tags/list"),
        ("PUT", "/v2/some/name/tags/list"),
        ("GET", "/v2/some/name/manifests/latest"),
        ("HEAD", "/v2/some/name/manifests/latest"),
        ("POST", "/v2/some/name/manifests/latest"),
        ("OPTIONS", "/v2/some/name/manifests/latest"),
        ("DELETE", "/v2/some/name/manifests/latest"),
        ("GET", "/v2/Some/manifests/latest"),
        ("GET", "/v2/some/nonsense"),
        ("GET", "/v2/some/name/blobs/sha256:aa"),
        ("GET", "/v2/some/name/blobs/uploads/"),
        ("PUT", "/v2/some/name/blobs/uploads/"),
        ("GET", "/v2/some/name/blobs/uploads/x"),
    ] {
        pair.send_to_both(method, path, &[], "").await;
    }
    for (method, path) in [
        ("GET", "manifests"),
        ("DELETE", "manifests"),
        ("GET", "blobs"),
        ("HEAD", "blobs"),
        ("POST", "blobs"),
        ("DELETE", "blobs"),
        ("GET", "referrers"),
    ] {
        pair.send_to_both(method, &format!("/v2/some/name/{path}/{absent}"), &[], "").await;
    }

    uploads(&mut pair, &absent).await;
    manifests(&mut pair, &absent).await;
    assert!(pair.differences.is_empty(), "{}", pair.differences.join("\n"));
}

async fn uploads(pair: &mut Pair, absent: &str) {
    let hello = pair.blob("some/name", "hello").await;
    pair.send_to_both("PUT", &format!("{{up}}&digest={hello}"), &[OCTETS], "hello").await;
    let begin = "/v2/some/name/blobs/uploads/";
    pair.send_to_both("POST", begin, &[], "").await;
    pair.send_to_both("GET", "{up}", &[], "").await;
    pair.send_to_both("PATCH", "{up}", &[OCTETS, ("content-range", "0-1")], "he").await;
    pair.send_to_both("GET", "{up}", &[], "").await;
    pair.send_to_both("PATCH", "{up}", &[OCTETS, ("content-range", "2-4")], "llo").await;
    pair.send_to_both("PUT", &format!("{{up}}&digest={hello}"), &[OCTETS], "").await;
    for digest in [absent, "nonsense"] {
        pair.send_to_both("POST", begin, &[], "").await;
        pair.send_to_both("PUT", &format!("{{up}}&digest={digest}"), &[OCTETS], "hello").await;
    }
    pair.send_to_both("POST", begin, &[], "").await;
    pair.send_to_both("PUT", "{up}", &[OCTETS], "").await;
    pair.send_to_both("POST", begin, &[], "").await;
    pair.send_to_both("DELETE", "{up}", &[], "").await;
    pair.send_to_both("GET", "{up}", &[], "").await;
    pair.send_to_both("POST", &format!("{begin}?digest={hello}"), &[OCTETS], "hello").await;
    pair.send_to_both("POST", &format!("/v2/other/blobs/uploads/?mount={hello}&from=some/name"), &[], "")
        .await;
    pair.send_to_both("POST", &format!("/v2/other/blobs/uploads/?mount={absent}&from=some/name"), &[], "")
        .await;
    pair.send_to_both("POST", &format!("/v2/other/blobs/uploads/?mount={hello}"), &[], "").await;
    pair.send_to_both("GET", "/v2/other/tags/list", &[], "").await;
    let sha512 = Digest::sha512(b"sha512").to_string();
    pair.send_to_both("POST", begin, &[], "").await;
    pair.send_to_both("PUT", &format!("{{up}}&digest={sha512}"), &[OCTETS], "sha512").await;
    pair.send_to_both("GET", &format!("/v2/some/name/blobs/{sha512}"), &[], "").await;

    // No range beyond the end: there Distribution 2.8 announces a body that it does not send.
    let path = format!("/v2/some/name/blobs/{hello}");
    let etag = format!("\"{hello}\"");
    for header in
        [("range", "bytes=1-2"), ("range", "bytes=3-"), ("range", "bytes=-2"), ("if-none-match", &etag)]
    {
        pair.send_to_both("GET", &path, &[header], "").await;
        pair.send_to_both("HEAD", &path, &[header], "").await;
    }
    pair.send_to_both("GET", &path, &[], "").await;
    pair.send_to_both("HEAD", &path, &[], "").await;
}

async fn manifests(pair: &mut Pair, absent: &str) {
    let config = r#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
    let config_digest = pair.blob("some/name", config).await;
    let image = |media_type: &str, config_type: &str, digest: &str| {
        json!({
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": { "mediaType": config_type, "digest": digest, "size": config.len() },
            "layers": [],
        })
    };
    let docker_config = "application/vnd.docker.container.image.v1+json";
    let docker = image(IMAGE, docker_config, &config_digest);
    let oci = image(OCI, "application/vnd.oci.image.config.v1+json", &config_digest);
    let digest = pair.manifest("docker", IMAGE, &docker).await;
    pair.manifest(&digest, IMAGE, &docker).await;
    pair.manifest(absent, IMAGE, &docker).await;
    pair.manifest("wrong", OCI, &docker).await;
    pair.manifest("wrong", "text/plain", &docker).await;
    pair.manifest("wrong", IMAGE, &json!({ "schemaVersion": 2 })).await;
    pair.manifest("wrong", IMAGE, &image(IMAGE, docker_config, absent)).await;
    let oci_digest = pair.manifest("oci", OCI, &oci).await;
    let list = |media_type: &str, child_type: &str, child: &str, size: usize| {
        json!({
            "schemaVersion": 2,
            "mediaType": media_type,
            "manifests": [{
                "mediaType": child_type,
                "digest": child,
                "size": size,
                "platform": { "architecture": "amd64", "os": "linux" },
            }],
        })
    };
    let size = docker.to_string().len();
    let list_digest = pair.manifest("list", LIST, &list(LIST, IMAGE, &digest, size)).await;
    pair.manifest("wrong", LIST, &list(LIST, IMAGE, absent, size)).await;
    let index_digest =
        pair.manifest("index", INDEX, &list(INDEX, OCI, &oci_digest, oci.to_string().len())).await;

    let both = format!("{LIST}, {IMAGE}");
    for reference in ["docker", "list", "oci", "index", &digest, &list_digest, &oci_digest, &index_digest] {
        let path = format!("/v2/some/name/manifests/{reference}");
        for accept in ["*/*", IMAGE, LIST, OCI, INDEX, &both] {
            pair.send_to_both("GET", &path, &[("accept", accept)], "").await;
            pair.send_to_both("HEAD", &path, &[("accept", accept)], "").await;
        }
    }
    let etag = format!("\"{digest}\"");
    pair.send_to_both(
        "GET",
        "/v2/some/name/manifests/docker",
        &[("accept", IMAGE), ("if-none-match", &etag)],
        "",
    )
    .await;

    pair.send_to_both("GET", "/v2/some/name/tags/list?n=2", &[], "").await;
    pair.blob("third", "third").await;
    for query in ["", "?n=1", "?n=0", "?n=x", "?n=-1", "?n=1&last=other", "?n=1&last=some/name"] {
        pair.send_to_both("GET", &format!("/v2/_catalog{query}"), &[], "").await;
    }

    pair.send_to_both("DELETE", "/v2/some/name/manifests/docker", &[], "").await;
    for _ in 0..2 {
        pair.send_to_both("DELETE", &format!("/v2/some/name/manifests/{digest}"), &[], "").await;
        pair.send_to_both("DELETE", &format!("/v2/some/name/blobs/{config_digest}"), &[], "").await;
    }
    pair.send_to_both("GET", "/v2/some/name/tags/list", &[], "").await;
}

#[tokio::test]
async fn refusals_are_those_of_distribution() {
    let Some(real) = Distribution::start("auth: {htpasswd: {realm: Samples, path: FOLDER/users}}") else {
        return;
    };
    let basic = Auth::Basic { realm: "Samples".into(), users: [("user".into(), "secret".into())].into() };
    let ours = Registry::builder().dialect(Dialect::V2_8).auth(basic).start().await.unwrap();
    let mut pair = Pair {
        real: format!("http://{}", real.host),
        ours: ours.url(),
        uploads: [String::new(), String::new()],
        differences: Vec::new(),
    };
    // user:secret and user:wrong
    for credentials in
        [None, Some("Basic dXNlcjpzZWNyZXQ="), Some("Basic dXNlcjp3cm9uZw=="), Some("Bearer x")]
    {
        let headers: Vec<_> =
            credentials.map(|credentials| ("authorization", credentials)).into_iter().collect();
        for (method, path) in [
            ("GET", "/"),
            ("GET", "/v2/"),
            ("GET", "/v2/_catalog"),
            ("GET", "/v2/some/name/tags/list"),
            ("OPTIONS", "/v2/some/name/manifests/x"),
            ("GET", "/v2/some/name/manifests/x"),
            ("DELETE", "/v2/some/name/manifests/x"),
            ("POST", "/v2/some/name/blobs/uploads/?mount=sha256:aa&from=other"),
            ("GET", "/v2/SOME/manifests/x"),
        ] {
            pair.send_to_both(method, path, &headers, "").await;
        }
    }
    assert!(pair.differences.is_empty(), "{}", pair.differences.join("\n"));
}

#[tokio::test]
async fn token_challenges_are_those_of_distribution() {
    let certificate = std::env::temp_dir().join(format!("tallyman-certificate-{}.pem", std::process::id()));
    let made = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=samples",
            "-keyout",
            "/dev/null",
            "-out",
        ])
        .arg(&certificate)
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        tallyman_dev_registry::skip_test("openssl is not installed");
        return;
    }
    let auth = format!(
        "auth: {{token: {{realm: 'http://tokens.example/token', service: samples, issuer: samples, rootcertbundle: {}}}}}\n",
        certificate.display()
    );
    let real = Distribution::start(&auth);
    std::fs::remove_file(&certificate).unwrap();
    let Some(real) = real else { return };
    let service = TokenAuth {
        service: "samples".into(),
        realm: Some("http://tokens.example/token".into()),
        ..TokenAuth::new("user", "secret")
    };
    let ours = Registry::builder().dialect(Dialect::V2_8).auth(Auth::Token(service)).start().await.unwrap();
    let mut pair = Pair {
        real: format!("http://{}", real.host),
        ours: ours.url(),
        uploads: [String::new(), String::new()],
        differences: Vec::new(),
    };
    for headers in [vec![], vec![("authorization", "Bearer x")]] {
        for (method, path) in [
            ("GET", "/v2/"),
            ("GET", "/v2/_catalog"),
            ("GET", "/v2/some/name/manifests/x"),
            ("PUT", "/v2/some/name/manifests/x"),
            ("DELETE", "/v2/some/name/manifests/x"),
            ("OPTIONS", "/v2/some/name/manifests/x"),
        ] {
            pair.send_to_both(method, path, &headers, "").await;
        }
    }
    assert!(pair.differences.is_empty(), "{}", pair.differences.join("\n"));
}

#[tokio::test]
async fn the_samples_fill_a_distribution() {
    let Some(real) = Distribution::start("") else { return };
    let url = format!("http://{}", real.host);
    let pushed = fill::fill(&url, true).await.unwrap();
    assert!(pushed > 30, "{pushed}");
    let list =
        send("GET", &format!("{url}/v2/samples/hello/manifests/latest"), &[("accept", LIST)], "").await;
    let ours = Registry::builder().samples().start().await.unwrap();
    assert_eq!(list.bytes, ours.manifest("samples/hello", "latest").unwrap().1);
    let refused = fill::fill(&url, false).await.unwrap_err();
    assert!(refused.to_string().contains("MANIFEST_"), "{refused}");
}
