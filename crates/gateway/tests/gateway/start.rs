//! Starting: what is refused, in which words, and what a start may be interrupted by.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use tallyman_dev_registry::Registry;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{Folder, Process, Scripted, answer, gateway, gateway_of, get, program, text};

/// The output of `--check` for a configuration of one registry called `lab`.
fn check(folder: &Folder, top: &str, more: &str) -> Output {
    let file = folder.write("gateway.toml", &text("https://registry.example", top, more));
    program().args(["--check", "--config"]).arg(file).output().unwrap()
}

/// Asserts that `--check` refuses a configuration, and returns its words.
fn refused(folder: &Folder, top: &str, more: &str) -> String {
    let output = check(folder, top, more);
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{top}{more}: {error}");
    error
}

#[test]
fn errors_of_configurations_tell_the_place_and_no_secret() {
    let folder = Folder::new("secrets");
    for (top, more, expected) in [
        ("", "password = 'SECRET'", "gateway.toml, line 6, column 1: unknown field `password`"),
        ("session_key = 'SECRET'", "", "gateway.toml, line 2, column 1: unknown field `session_key`"),
        ("", "password = SECRET", "gateway.toml, line 6, column "),
        ("public_url = 'https://u:SECRET@x.example'", "", "found \"https://x.example/\""),
        ("public_url = 'ftp://u:SECRET@x.example'", "", "found \"ftp://x.example\""),
        ("public_url = 'https://u:SEC/RET@x.example'", "", "x.example"),
        ("origins = ['https://u:SECRET@x.example']", "", "found \"https://x.example\""),
        (
            "",
            "[[registries]]\nname = 'b'\nurl = 'https://u:SECRET@b.example'",
            "found \"https://b.example/\"",
        ),
        ("", "token_hosts = ['u:SECRET@t.example']", "found \"…@t.example\""),
        ("", "token_hosts = ['u:SECRET']", "found \"u:…\""),
        ("", "token_hosts = 'https://u:SECRET@t.example'", "invalid type: string, expected a sequence"),
        ("", "redirects = 'SECRET'", "unknown variant, expected `follow` or `pass`"),
        ("", "delete = 'SECRET'", "invalid type: string, expected a boolean"),
        ("shutdown_seconds = -5339", "", "invalid value: integer, expected u64"),
        ("", "username = 'ada:SECRET'\npassword_env = 'P'", "found a colon"),
        ("", "repositories = ['https://u:SECRET@x.example/*']", "found \"https://x.example/*\""),
        ("", "networks = ['u:SECRET@10.0.0.0/8']", "found \"…@10.0.0.0/8\""),
        ("metrics_listen = 'u:SECRET@127.0.0.1:80'", "", "found \"…@127.0.0.1:80\""),
        ("metrics_listen = '2001:db8::1'", "", "found \"2001:db8::1\""),
        ("base_path = 'https://u:SECRET@x.example/a'", "", "found \"https://x.example/a\""),
        ("", "[[registries]]\nname = 'ada:SECRET'\nurl = 'https://b.example'", "registry \"ada:…\": name: "),
        ("", "host = 'u:SECRET@b.example'", "found \"…@b.example\""),
    ] {
        let error = refused(&folder, top, more);
        assert!(!error.contains("SEC"), "{error}");
        assert!(error.contains(expected) && !error.contains("\\n"), "{expected}: {error}");
    }
    for (flag, expected) in [
        ("lab=http://user:SECRET@registry.example", "registry.example"),
        ("lab=https://user:SECRET", "found \"lab=https://user:…\""),
        ("ada:SECRET@lab=https://registry.example", "registry \"…@lab\""),
        ("ada:SECRET", "found \"ada:…\""),
    ] {
        let output = program().args(["--check", "--registry", flag]).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && error.contains(expected), "{expected}: {error}");
        assert!(!error.contains("SECRET"), "{error}");
    }
}

#[test]
fn credentials_that_cannot_be_sent_are_refused() {
    let folder = Folder::new("credentials");
    let password = folder.write("password", "secret\n");
    let with = |user: &str| format!("username = {user:?}\npassword_file = {password:?}");
    assert!(check(&folder, "", &with("ada")).status.success());
    for user in ["", "us:er", "a\tb"] {
        let error = refused(&folder, "", &with(user));
        assert!(error.contains("username: expected a name without colons"), "{error}");
    }
    for (text, expected) in [
        ("", "found none"),
        ("\n", "found none"),
        ("SEC\nRET\n", "found several lines"),
        ("SEC\tRET", "found a control character"),
    ] {
        fs::write(&password, text).unwrap();
        let error = refused(&folder, "", &with("ada"));
        assert!(error.contains(expected) && !error.contains("SEC"), "{error}");
    }
    fs::write(&password, "\u{feff}secret\r\n").unwrap();
    assert!(check(&folder, "", &with("ada")).status.success());
    let error = refused(&folder, "", "username = 'ada'\npassword_file = 'a'\npassword_env = 'B'");
    assert!(error.contains("found username and password_env and password_file"), "{error}");
}

#[test]
fn a_proxy_that_cannot_be_used_is_refused() {
    let folder = Folder::new("bad-proxy");
    let file = folder.write("gateway.toml", &text("https://registry.example", "", ""));
    let output =
        program().args(["--check", "--config"]).arg(file).env("HTTPS_PROXY", "ftp://u:SECRET@p").output();
    let output = output.unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && error.contains("expected HTTPS_PROXY to be a URL"), "{error}");
    assert!(!error.contains("SECRET"), "{error}");
}

#[test]
fn files_of_tls_that_cannot_be_used_are_told_apart() {
    let folder = Folder::new("tls-files");
    let (certificate, key) = folder.certificate("localhost");
    let elsewhere = Folder::new("tls-other");
    let (other, _) = elsewhere.certificate("localhost");
    let encrypted = fs::read_to_string(&key).unwrap().replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let encrypted = folder.write("encrypted.pem", &encrypted);
    let cut = fs::read_to_string(&certificate).unwrap().replace("-----END", "");
    let cut = folder.write("cut.pem", &cut);
    let empty = folder.write("empty", "");
    let missing = folder.0.join("missing");
    for (certificate, key, expected) in [
        (&key, &key, "key.pem, found a key; name"),
        (&empty, &key, "empty, found none; name"),
        (&cut, &key, "cut.pem, found one without its END line; name"),
        (&missing, &key, "could not read"),
        (&other, &key, "found that of another one"),
        (&certificate, &certificate, "certificate.pem, found a certificate; name"),
        (&certificate, &encrypted, "encrypted.pem, found an encrypted one; name"),
        (&certificate, &empty, "empty, found none; name"),
        (&certificate, &missing, "could not read"),
    ] {
        let error = refused(&folder, &format!("[tls]\ncertificate = {certificate:?}\nkey = {key:?}"), "");
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn a_probe_says_what_is_wrong() {
    for (url, expected) in [
        ("127.0.0.1:7230", "expected a URL such as http://127.0.0.1:8080/readyz, found \"127.0.0.1:7230\""),
        ("ftp://127.0.0.1/readyz", "expected a URL such as"),
        ("http://127.0.0.1:1/readyz", "no response: Connection refused"),
        ("http://u:SECRET@127.0.0.1:1/readyz", "127.0.0.1:1/readyz is not ready"),
        ("ftp://u:SECRET@127.0.0.1/readyz", "expected a URL such as"),
    ] {
        let error = probed(url);
        assert!(error.contains(expected) && !error.contains("SECRET"), "{error}");
    }
    let folder = Folder::new("probe-tls");
    let (certificate, key) = folder.certificate("localhost");
    let tls = format!("[tls]\ncertificate = {certificate:?}\nkey = {key:?}");
    let file = folder.write("gateway.toml", &text("https://registry.example", &tls, ""));
    let (_running, url) = Process::gateway(&file);
    let ready = format!("{url}readyz");
    assert!(program().args(["--probe", &ready]).status().unwrap().success());
    let error = probed(&ready.replace("https://", "http://"));
    assert!(error.contains("write https:// if the port expects TLS"), "{error}");
}

/// Returns the error of `--probe` for a URL at which nothing is ready.
fn probed(url: &str) -> String {
    let output = program().args(["--probe", url]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{url}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_reload_asked_for_during_the_start_comes_after_it() {
    let folder = Folder::new("early");
    // The start waits for whoever writes the password.
    let password = folder.0.join("password");
    assert!(Command::new("mkfifo").arg(&password).status().unwrap().success());
    let own_user = format!("username = 'ada'\npassword_file = {password:?}");
    let file = folder.write("gateway.toml", &text("https://registry.example", "", &own_user));
    let mut command = program();
    let child = command.arg("--config").arg(file).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id().to_string();
    let again = folder.write("again", "secret");
    let writer = std::thread::spawn(move || {
        let mut first = fs::OpenOptions::new().write(true).open(&password).unwrap();
        assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
        // The reload waits for nobody.
        fs::rename(again, &password).unwrap();
        first.write_all(b"secret").unwrap();
    });
    let (mut running, _) = Process::of(child);
    let log = running.log();
    assert!(log.iter().any(|line| line.contains("configuration reloaded")), "the program has ended");
    writer.join().unwrap();
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_is_told() {
    let folder = Folder::new("unwritable");
    let cached = |folder: &Path| format!("[cache]\nfolder = {folder:?}\nmax_mib = 10");
    let error = refused(&folder, &cached("/proc".as_ref()), "");
    assert!(error.contains("cache.folder: expected /proc"), "{error}");

    let registry = Registry::builder().start().await.unwrap();
    let digest = registry.put_blob("acme/app", vec![7; 1000]);
    let cache = folder.0.join("cache");
    let file = folder.write("gateway.toml", &text(&registry.url(), &cached(&cache), ""));
    let (mut running, url) = Process::gateway(&file);
    fs::remove_dir(&cache).unwrap();
    let cache_of = async || {
        let response = reqwest::get(format!("{url}r/lab/v2/acme/app/blobs/{digest}")).await.unwrap();
        let found = response.headers()["x-cache"].to_str().unwrap().to_owned();
        assert_eq!(response.bytes().await.unwrap().len(), 1000);
        found
    };
    assert_eq!([cache_of().await, cache_of().await], ["miss", "miss"]);
    fs::create_dir(&cache).unwrap();
    assert_eq!([cache_of().await, cache_of().await], ["miss", "hit"]);
    let log = running.log();
    drop(running);
    let told = log.iter().filter(|line| line.contains("the cache cannot be written")).count();
    assert_eq!(told, 1, "once for all failures in a row");
}

#[tokio::test]
async fn requests_to_the_gateway_as_a_registry_are_explained() {
    let here = gateway("http://127.0.0.1:1", "", "").await;
    for path in ["/v2", "/v2/", "/v2/samples/alpine/manifests/latest"] {
        let response = get(&here, path).await;
        assert_eq!(response.status(), 404);
        let text = response.text().await.unwrap();
        assert!(text.contains("expected a path below /r/NAME/v2/"), "{text}");
    }
    let below = gateway("http://127.0.0.1:1", "base_path = '/tools'", "").await;
    let text = get(&below, "/tools/v2/").await.text().await.unwrap();
    assert!(text.contains("below /tools/r/NAME/v2/"), "{text}");
}

#[tokio::test]
async fn a_header_that_cannot_be_read_is_no_fault_of_tls() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _head = stream.read(&mut [0; 4096]).await;
            let _sent =
                stream.write_all(b"HTTP/1.1 200 OK\r\nx: \x1b[31m\r\ncontent-length: 0\r\n\r\n").await;
        }
    });
    let response = get(&gateway(&url, "", "").await, "/r/lab/v2/").await;
    assert_eq!(response.status(), 502);
    let text = response.text().await.unwrap();
    assert!(text.contains("found: invalid HTTP header parsed") && !text.contains("TLS"), "{text}");
}

#[tokio::test]
async fn a_reload_with_a_new_cache_that_cannot_be_written_changes_nothing() {
    let folder = Folder::new("reload-unwritable");
    let registry = Scripted::start(|_| answer(200, &[], "")).await;
    let running = gateway_of(&folder.0, &registry.url, "title = 'Before'", "").await;
    let top = "title = 'After'\n[cache]\nfolder = '/proc'\nmax_mib = 1";
    folder.write("gateway.toml", &text(&registry.url, top, ""));
    assert!(running.reload().await.is_err());
    assert!(get(&running, "/config.json").await.text().await.unwrap().contains("Before"));
}
