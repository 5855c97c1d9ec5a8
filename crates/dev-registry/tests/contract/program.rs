//! The program: its lines, its ports, its folder, its end.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use tallyman_dev_registry::Registry;

use crate::http::{get, send};

struct Program {
    child: Child,
    lines: Vec<String>,
}

impl Program {
    /// Starts it and reads as many lines as it has to print.
    fn start(arguments: &[&str], lines: usize) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tallyman-dev-registry"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let lines = output.lines().take(lines).map(Result::unwrap).collect();
        Self { child, lines }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test]
async fn the_program_serves_samples_and_the_app_and_ends_on_a_signal() {
    let folder = std::env::temp_dir().join(format!("tallyman-app-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    for (file, text) in [
        ("index.html", "<!doctype html>"),
        ("app-0123456789abcdef_bg.wasm", "plain"),
        ("app-0123456789abcdef_bg.wasm.br", "packed"),
    ] {
        fs::write(folder.join(file), text).unwrap();
    }
    let arguments = [
        "--addr",
        "127.0.0.1:0",
        "--samples",
        "--app",
        folder.to_str().unwrap(),
        "--app-addr",
        "127.0.0.1:0",
    ];
    let mut program = Program::start(&arguments, 2);
    let registry = program.lines[0].strip_prefix("registry ").unwrap().to_owned();
    let app = program.lines[1].strip_prefix("app ").unwrap().to_owned();
    assert!(get(&format!("{registry}/v2/_catalog")).await.text().contains("samples/hello"));
    let index = get(&app).await;
    assert_eq!((index.text().as_str(), index.header("cache-control")), ("<!doctype html>", Some("no-cache")));
    let wasm = format!("{app}app-0123456789abcdef_bg.wasm");
    for (encoding, text) in [("identity", "plain"), ("br", "packed")] {
        let answer = send("GET", &wasm, &[("accept-encoding", encoding)], "").await;
        assert_eq!(answer.text(), text);
        assert_eq!(answer.header("content-type"), Some("application/wasm"));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
    }
    assert_eq!(get(&format!("{app}missing.js")).await.status, 404);
    let told = Command::new("kill").arg(program.child.id().to_string()).status().unwrap();
    assert!(told.success());
    assert!(program.child.wait().unwrap().success(), "SIGTERM is an orderly end");
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_taken_port_gives_way_to_another() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let program = Program::start(&["--addr", &addr, "--fault", "server-error,status=503"], 1);
    let registry = program.lines[0].strip_prefix("registry ").unwrap();
    assert_ne!(registry, format!("http://{addr}"));
    assert_eq!(get(&format!("{registry}/v2/")).await.status, 503);
}

#[tokio::test]
async fn the_program_fills_another_registry() {
    let other = Registry::builder().start().await.unwrap();
    let filled = Command::new(env!("CARGO_BIN_EXE_tallyman-dev-registry"))
        .args(["fill", &other.url(), "--skip-unsupported"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = tokio::task::spawn_blocking(move || filled.wait_with_output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(other.manifest("samples/webapp", "1.4").is_some());
    assert!(other.manifest("samples/sparse", "1").is_none());
}

#[test]
fn wrong_arguments_say_what_was_expected() {
    for (arguments, expected) in [
        (["--fault", "nonsense"], "expected a fault such as"),
        (["--synthetic", "many"], "expected two numbers"),
        (["--app", "/nowhere/at/all"], "to be the folder of the built app"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_tallyman-dev-registry"))
            .args(["--addr", "127.0.0.1:0"])
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(expected), "{text}");
    }
}

#[test]
fn the_program_ends_with_its_input_where_it_is_told_to() {
    let mut program = Program::start(&["--addr", "127.0.0.1:0", "--end-with-input"], 1);
    assert_eq!(program.child.try_wait().unwrap(), None);
    drop(program.child.stdin.take());
    assert!(program.child.wait().unwrap().success());
}
