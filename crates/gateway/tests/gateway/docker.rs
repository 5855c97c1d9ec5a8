//! Programs that resolve no references, such as Docker and containerd, get URLs of the gateway.

use std::{path::Path, process::Output};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use tallyman_core::Digest;
use tallyman_dev_registry::{Auth, Registry, TokenAuth};

use crate::support::{Folder, Scripted, answer, at, caller, free_port, gateway, nginx};

#[tokio::test]
async fn tokens_and_uploads_have_urls_for_callers_that_are_no_pages() {
    let registry = Scripted::start_with(|line, headers| match line.split(' ').next() {
        Some("POST") => answer(202, &[("location", "/v2/acme/app/blobs/uploads/1?_state=x")], ""),
        _ => {
            let realm = format!("http://{}/auth", headers["host"].to_str().unwrap());
            let bearer = format!("Bearer realm=\"{realm}\",service=\"s\",scope=\"repository:acme/app:pull\"");
            answer(401, &[("www-authenticate", &bearer), ("www-authenticate", "Basic realm=\"r\"")], "")
        }
    })
    .await;
    let host = ("host", "registry.example:8443");
    let tls = ("x-forwarded-proto", "https");
    let known = "hosts = ['registry.example']\ntrusted_proxies = ['127.0.0.1']\n";
    let relative = "../../../../";
    for (top, before, headers, expected) in [
        (known, "", vec![host], "http://registry.example:8443/r/lab/"),
        (known, "", vec![host, tls], "https://registry.example:8443/r/lab/"),
        // A proxy missing from the configuration makes no password go by plain HTTP.
        ("hosts = ['registry.example']\n", "", vec![host, tls], "https://registry.example:8443/r/lab/"),
        ("base_path = '/tools'\n", "/tools", vec![("host", "localhost")], "http://localhost/tools/r/lab/"),
        (
            "public_url = 'https://a.example/x/'\n",
            "",
            vec![("host", "localhost")],
            "https://a.example/x/r/lab/",
        ),
        (known, "", vec![host, ("sec-fetch-mode", "cors")], relative),
        (known, "", vec![host, ("origin", "http://registry.example:8443")], relative),
        ("public_url = 'https://a.example'\n", "", vec![("tallyman-authorization", "none")], relative),
    ] {
        let gateway = gateway(&registry.url, top, "").await;
        let send = async |method: &str, path: &str| {
            let mut request =
                caller().request(method.parse().unwrap(), at(&gateway, &format!("{before}/r/lab/{path}")));
            for (name, value) in &headers {
                request = request.header(*name, *value);
            }
            request.send().await.unwrap()
        };
        let response = send("GET", "v2/acme/app/tags/list").await;
        let name = if headers.iter().any(|(name, _)| *name == "tallyman-authorization") {
            "tallyman-authenticate"
        } else {
            "www-authenticate"
        };
        let challenges: Vec<&str> =
            response.headers().get_all(name).into_iter().map(|value| value.to_str().unwrap()).collect();
        let bearer =
            format!("Bearer realm=\"{expected}token\",service=\"s\",scope=\"repository:acme/app:pull\"");
        assert_eq!(challenges, [&*bearer, "Basic realm=\"r\""], "{top} {headers:?}");
        let begun = send("POST", "v2/acme/app/blobs/uploads/").await;
        let location = begun.headers()["location"].to_str().unwrap();
        // One more level than the list of tags has.
        let expected = if expected == relative { "../../../../../" } else { expected };
        assert_eq!(location, format!("{expected}v2/acme/app/blobs/uploads/1?_state=x"), "{top} {headers:?}");
    }
}

/// Runs the Docker CLI with a folder for its settings. `None` without the program.
async fn docker(config: &Path, arguments: &[&str]) -> Option<Output> {
    let mut command = tokio::process::Command::new("docker");
    command.env("DOCKER_CONFIG", config).args(arguments);
    match command.output().await {
        Ok(output) => Some(output),
        Err(_) => {
            tallyman_dev_registry::skip_test("docker is not installed");
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn docker_reads_and_pushes_through_the_gateway() {
    let registry = Registry::builder().samples().auth(Auth::Token(TokenAuth::new("user", "secret")));
    let registry = registry.start().await.unwrap();
    let top = "trusted_proxies = ['127.0.0.1']";
    let gateway = gateway(&registry.url(), top, "").await;
    let (to_registry, to_gateway) = (at(&gateway, "/r/lab/v2/"), format!("proxy_pass {};", at(&gateway, "")));
    let places = [
        ("http://127.0.0.1:8080/r/lab/v2/", to_registry.as_str()),
        ("proxy_pass http://127.0.0.1:8080;", to_gateway.as_str()),
        // On loopback, Docker pushes by plain HTTP.
        (" ssl http2;", ";"),
    ];
    for has_tls in [true, false] {
        let (folder, port) = (Folder::new("docker"), free_port());
        let Some(_nginx) = nginx(&folder, "docker.conf", port, &places[..if has_tls { 2 } else { 3 }]) else {
            return;
        };
        let host = format!("127.0.0.1:{port}");
        let config = json!({ "auths": { &host: { "auth": STANDARD.encode("user:secret") } } });
        folder.write("config.json", &config.to_string());
        let run = async |arguments: &[&str]| {
            let output = docker(&folder.0, &[&["manifest"], arguments].concat()).await?;
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            Some(String::from_utf8(output.stdout).unwrap())
        };
        let image = format!("{host}/samples/alpine");
        let Some(found) = run(&["inspect", "--insecure", &image]).await else { return };
        assert!(found.contains("application/vnd.oci.image.config.v1+json"), "{found}");
        if has_tls {
            continue;
        }
        let list = format!("{image}:list");
        run(&["create", "--insecure", &list, &image]).await;
        run(&["push", "--insecure", &list]).await;
        let (_, pushed) = registry.manifest("samples/alpine", "list").unwrap();
        let (_, image) = registry.manifest("samples/alpine", "latest").unwrap();
        assert!(String::from_utf8_lossy(&pushed).contains(&Digest::of(&image).to_string()));
    }
}
