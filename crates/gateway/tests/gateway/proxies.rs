//! Registries behind the proxy that the environment names.

use std::process::Stdio;

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use crate::support::{Folder, Process, Scripted, answer, caller, gateway, program, text};

/// Starts a gateway of the registry at `url` with a variable of the environment, and gives its address.
fn start(folder: &Folder, url: &str, more: &str, (variable, value): (&str, &str)) -> (Process, String) {
    let file = folder.write("gateway.toml", &text(url, "", more));
    Process::listening(program().arg("--config").arg(file).env(variable, value).stderr(Stdio::piped()))
}

async fn get(address: &str) -> (u16, String) {
    let response = caller().get(format!("{address}r/lab/v2/a/tags/list")).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_gets_requests_for_plain_http_with_its_own_user_and_whole_urls() {
    let folder = Folder::new("http-proxy");
    let proxy = Scripted::start(|_| answer(200, &[], "by the proxy")).await;
    let with_user = proxy.url.replace("http://", "http://me:s3cret@");
    let (_running, address) = start(&folder, "http://registry.example", "", ("HTTP_PROXY", &with_user));
    assert_eq!(get(&address).await, (200, "by the proxy".to_owned()));
    let (line, headers) = proxy.asked.lock().unwrap()[0].clone();
    assert_eq!(line, "GET http://registry.example/v2/a/tags/list");
    assert_eq!(headers["proxy-authorization"], "Basic bWU6czNjcmV0");
    // Addresses in URLs are checked as without one, and loopback is reached straight.
    let registry = Scripted::start(|_| answer(200, &[], "straight")).await;
    let (_running, address) = start(&folder, &registry.url, "", ("HTTP_PROXY", &with_user));
    assert_eq!(get(&address).await, (200, "straight".to_owned()));
    assert_eq!(proxy.lines().len(), 1);
}

/// A proxy that opens connections to `to` whatever it is asked for, or refuses.
async fn tunnel(to: Option<std::net::SocketAddr>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let (mut first, mut line) = (String::new(), String::new());
            stream.read_line(&mut first).await.unwrap();
            assert_eq!(first, "CONNECT registry.example:443 HTTP/1.1\r\n");
            while stream.read_line(&mut line).await.unwrap() > 2 {
                line.clear();
            }
            let Some(to) = to else {
                stream.write_all(b"HTTP/1.1 403 Not through here\r\n\r\n").await.unwrap();
                continue;
            };
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut server = TcpStream::connect(to).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut stream, &mut server).await });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_opens_connections_for_tls_with_the_registry_itself() {
    let folder = Folder::new("https-proxy");
    let (certificate, key) = folder.certificate("registry.example");
    let registry = Scripted::start(|_| answer(200, &[], "by TLS")).await;
    let top = format!(
        "hosts = ['registry.example']\n[tls]\ncertificate = {:?}\nkey = {:?}",
        certificate.display(),
        key.display()
    );
    // A gateway is no registry, but it speaks TLS.
    let secure = gateway(&registry.url, &top, "").await;
    let more = format!("ca_file = {:?}", certificate.display());
    let url = "https://registry.example";
    let through = tunnel(Some(secure.address)).await;
    let (_running, address) = start(&folder, url, &more, ("HTTPS_PROXY", &through));
    let (status, text) = get(&address).await;
    assert_eq!(status, 404, "{text}");
    let refusing = tunnel(None).await;
    let (_running, address) = start(&folder, url, &more, ("https_proxy", &refusing));
    let (status, text) = get(&address).await;
    assert!(status == 502 && text.contains("Not through here"), "{status} {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_itself_is_asked_straight_whether_it_is_ready() {
    let proxy = Scripted::start(|_| answer(200, &[], "by the proxy")).await;
    let mut probe = tokio::process::Command::from(program());
    // A name that nothing but the proxy has an answer for.
    probe.args(["--probe", "http://gateway.example/readyz"]).env("HTTP_PROXY", &proxy.url);
    let output = probe.output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(proxy.lines(), [""; 0]);
}
