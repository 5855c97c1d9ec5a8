//! Generated requests, sent to a gateway in front of a real Distribution and to another Distribution without one: what
//! the gateway permits is never served from a repository that it does not open.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use tallyman_core::Digest;
use tallyman_dev_registry::Distribution;

use crate::support::{caller, gateway};

const SECRET: &str = "the content of a hidden repository";
const REQUESTS: usize = 600;

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.next() % from.len()]
    }
}

/// One request in the bytes of HTTP/1.1, but for its path's beginning.
struct Generated {
    method: &'static str,
    target: String,
    head: String,
    body: String,
}

/// Spellings of repositories, half of them of the hidden one.
const NAMES: [&str; 22] = [
    "open/app",
    "open/app",
    "open/app",
    "open/other",
    "hidden/app",
    "hidden%2Fapp",
    "%68idden/app",
    "hidden/%61pp",
    "Hidden/App",
    "HIDDEN/app",
    "hidden/app/",
    "/hidden/app",
    "./hidden/app",
    "open/../hidden/app",
    "open/app/../../hidden/app",
    "open/%2e%2e/hidden/app",
    "open%2f..%2fhidden/app",
    "open/app%00hidden/app",
    "open/app;hidden/app",
    "localhost:5000/hidden/app",
    "open/app/blobs/uploads",
    "hidden\\app",
];
const FROM: [&str; 12] = [
    "from", "from", "from", "from", "%66rom", "fro%6D", "From", "FROM", "from%20", "%00from", "from[]",
    "frοm",
];
const SEPARATORS: [&str; 6] = ["&", "&", "&", ";", "%26", "&&"];
const TYPES: [&str; 14] = [
    "",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded",
    "Application/X-WWW-Form-Urlencoded",
    "application/x-www-form-urlencoded; charset=utf-8",
    "  application/x-www-form-urlencoded ;a=b",
    "application/json, application/x-www-form-urlencoded",
    "application/octet-stream; application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=x",
    "multipart/mixed; boundary=x",
    "application/vnd.oci.image.manifest.v1+json",
];

fn generate(numbers: &mut Numbers, hidden: &Digest) -> Generated {
    let fields = |numbers: &mut Numbers| {
        let mount = numbers.pick(&["mount", "mount", "%6dount", "Mount", "digest"]);
        let (from, name) = (numbers.pick(&FROM), numbers.pick(&NAMES));
        let mut fields = format!("{mount}={hidden}{}{from}={name}", numbers.pick(&SEPARATORS));
        match numbers.next() % 6 {
            0 => fields = format!("from=open/app&{fields}"),
            1 => fields = format!("{fields}&from=hidden/app"),
            2 => fields = format!("ns=hidden/app&{fields}"),
            3 => fields = format!("mount={hidden}"),
            _ => {}
        }
        fields
    };
    // Most requests begin an upload, as that is where a second repository can be named.
    let is_mount = !numbers.next().is_multiple_of(3);
    let method = match is_mount {
        true => "POST",
        false => numbers.pick(&["GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
    };
    let name = if is_mount && numbers.next().is_multiple_of(2) { "open/app" } else { numbers.pick(&NAMES) };
    let path = if is_mount {
        format!("{name}/blobs/uploads/")
    } else {
        match numbers.next() % 7 {
            0 => format!("{name}/manifests/v1"),
            1 => format!("{name}/manifests/{hidden}"),
            2 => format!("{name}/blobs/{hidden}"),
            3 => format!("{name}/tags/list"),
            4 => format!("{name}/referrers/{hidden}"),
            5 => format!("{name}/blobs/uploads/1"),
            _ => "_catalog".to_owned(),
        }
    };
    let query = match numbers.next() % 3 {
        0 => String::new(),
        1 => format!("?{}", numbers.pick(&["n=1", "n=1&last=a", "last=hidden", "n=%31", "n=1;last=a"])),
        _ => format!("?{}", fields(numbers)),
    };
    let has_body = matches!(method, "POST" | "PUT" | "PATCH");
    let (mut head, mut body) = (String::new(), String::new());
    if has_body {
        let content_type = numbers.pick(&TYPES);
        let fields = fields(numbers);
        body = match content_type.trim_start().starts_with("multipart") {
            true => fields
                .split('&')
                .filter_map(|field| field.split_once('='))
                .map(|(name, value)| {
                    format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                })
                .chain(["--x--\r\n".to_owned()])
                .collect(),
            false => fields,
        };
        if !content_type.is_empty() {
            head = format!("Content-Type: {content_type}\r\n");
        }
        if numbers.next().is_multiple_of(5) {
            head += &format!("Content-Type: {}\r\n", numbers.pick(&TYPES[1..]));
        }
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    if numbers.next().is_multiple_of(4) {
        head += numbers.pick(&[
            "X-HTTP-Method-Override: GET\r\n",
            "X-Original-URL: /v2/hidden/app/manifests/v1\r\n",
            "X-Rewrite-URL: /v2/hidden/app/manifests/v1\r\n",
            "X-Forwarded-Prefix: /v2/hidden/app\r\n",
            "Docker-Upload-UUID: 1\r\n",
        ]);
    }
    Generated { method, target: format!("{path}{query}"), head, body }
}

/// Sends a request in its bytes, and returns the response in its.
async fn send(host: &str, before: &str, request: &Generated) -> String {
    let Generated { method, target, head, body } = request;
    let text = format!(
        "{method} {before}{target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{head}\r\n{body}"
    );
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A server that refuses a request before it has all of it may reset the connection.
    let _reset =
        tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn seed(registry: &Distribution, repository: &str, content: &'static str) -> Digest {
    let digest = Digest::of(content.as_bytes());
    let url = format!("http://{}/v2/{repository}", registry.host);
    let begun = caller().post(format!("{url}/blobs/uploads/")).send().await.unwrap();
    let location = begun.headers()["location"].to_str().unwrap().to_owned();
    let done = caller().put(format!("{location}&digest={digest}")).body(content).send().await.unwrap();
    assert_eq!(done.status(), 201);
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let descriptor = format!("{{\"mediaType\":\"a/b\",\"digest\":\"{digest}\",\"size\":{}}}", content.len());
    let manifest = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"{kind}\",\"config\":{descriptor},\"layers\":[{descriptor}]}}"
    );
    let put = caller().put(format!("{url}/manifests/v1")).header("content-type", kind).body(manifest);
    assert_eq!(put.send().await.unwrap().status(), 201);
    digest
}

#[tokio::test(flavor = "multi_thread")]
async fn access_to_one_repository_serves_no_other() {
    let (Some(behind), Some(bare)) = (Distribution::start(""), Distribution::start("")) else { return };
    let mut hidden = Digest::of(b"");
    for registry in [&behind, &bare] {
        seed(registry, "open/app", "the content of an open repository").await;
        hidden = seed(registry, "hidden/app", SECRET).await;
    }
    let manifest = caller()
        .get(format!("http://{}/v2/hidden/app/manifests/v1", behind.host))
        .header("accept", "application/vnd.oci.image.manifest.v1+json");
    let manifest = manifest.send().await.unwrap().text().await.unwrap();
    let gateway =
        gateway(&format!("http://{}", behind.host), "", "repositories = ['open/**']\ndelete = true").await;
    let host = gateway.address.to_string();
    let mut numbers = Numbers(0x5eed_0f7a_11ed);
    let (mut permitted, mut mounted, mut seen) = (0, 0, 0);
    for _ in 0..REQUESTS {
        let request = generate(&mut numbers, &hidden);
        let through = send(&host, "/r/lab/v2/", &request).await;
        let direct = send(&bare.host, "/v2/", &request).await;
        let said = format!("{} {} {:?} {:?}", request.method, request.target, request.head, request.body);
        permitted += usize::from(through.starts_with("HTTP/1.1 2"));
        mounted += usize::from(direct.starts_with("HTTP/1.1 201"));
        seen += usize::from(
            direct.contains(SECRET) || direct.contains(&manifest) || direct.contains("hidden/app"),
        );
        assert!(!through.contains(SECRET) && !through.contains(&manifest), "{said}: {through}");
        let (head, body) = through.split_once("\r\n\r\n").unwrap_or_default();
        let head = head.to_lowercase();
        let place = head.lines().find(|line| line.starts_with("location:") || line.starts_with("link:"));
        assert!(place.is_none_or(|place| !place.contains("hidden")), "{said}: {through}");
        if request.target.starts_with("_catalog") && head.starts_with("http/1.1 2") {
            assert!(!body.contains("hidden"), "{said}: {through}");
        }
        assert!(
            !(head.starts_with("http/1.1 201") && head.contains(&hidden.to_string())),
            "{said}: {through}"
        );
    }
    assert!(permitted > REQUESTS / 20, "{permitted} requests were permitted");
    assert!(mounted > 10 && seen > 10, "without the gateway {mounted} mounts and {seen} reads succeed");
    for name in ["open/app", "open/other", "open/app/blobs/uploads"] {
        let url = format!("http://{}/v2/{name}/blobs/{hidden}", behind.host);
        assert_eq!(caller().get(url).send().await.unwrap().status(), 404, "{name} has no hidden blob");
    }
    let url = format!("http://{}/v2/hidden/app/manifests/v1", behind.host);
    let accept = "application/vnd.oci.image.manifest.v1+json";
    let left = caller().get(url).header("accept", accept).send().await.unwrap();
    assert_eq!(left.text().await.unwrap(), manifest, "nothing hidden was changed");
}
