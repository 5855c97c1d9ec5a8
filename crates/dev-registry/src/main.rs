//! The in-memory registry as a program.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    thread,
};

use clap::{Parser, Subcommand};
use serde_json::json;
use tallyman_dev_registry::{
    Auth, Cors, Dialect, Fault, Hostile, Profile, Registry, TokenAuth, app, fill, samples::HIGHLIGHTS,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

/// An in-memory OCI registry for demonstrations and tests.
#[derive(Debug, Parser)]
#[command(name = "tallyman-dev-registry", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The address that the registry listens on; a taken port gives way to the next free one.
    #[arg(long, default_value_t = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5050))]
    addr: SocketAddr,
    /// Fill it with the sample images.
    #[arg(long)]
    samples: bool,
    /// Add samples/large:1, an image of a layer of 300 MB.
    #[arg(long)]
    large_image: bool,
    /// Add a large catalog: this many repositories, and one with this many tags.
    #[arg(long, value_name = "REPOSITORIES,TAGS", value_parser = counts)]
    synthetic: Option<(usize, usize)>,
    /// Answer in the manner of Distribution 2.8 instead of 3.
    #[arg(long)]
    v2_8: bool,
    /// Send no CORS headers.
    #[arg(long)]
    no_cors: bool,
    /// The origin whose pages may use the registry.
    #[arg(long, default_value = "*", conflicts_with = "no_cors")]
    cors_origin: String,
    /// Do not let pages of other origins read Docker-Content-Digest and the like.
    #[arg(long, conflicts_with = "no_cors")]
    hide_headers: bool,
    /// Leave out the referrers API, as Distribution does.
    #[arg(long)]
    no_referrers: bool,
    /// Answer as a registry that people use: ghcr, ecr, quay, gitlab, harbor, nexus, artifactory, gar, acr or dockerhub;
    /// the name and password are user and secret.
    #[arg(long, value_name = "NAME")]
    profile: Option<Profile>,
    /// Play malice: a wrong name lists the modes.
    #[arg(long, value_name = "NAME", conflicts_with = "profile")]
    hostile: Option<Hostile>,
    /// Ask everyone for this name and password, as Distribution's htpasswd does.
    #[arg(long, value_name = "NAME:PASSWORD", value_parser = pair, conflicts_with = "token")]
    basic: Option<(String, String)>,
    /// Ask everyone for a token, which a token service gives for this name and password.
    #[arg(long, value_name = "NAME:PASSWORD", value_parser = pair)]
    token: Option<(String, String)>,
    /// Name the token service at this address in place of the registry's own, http://host:port/token.
    #[arg(long, value_name = "URL", requires = "token")]
    token_realm: Option<String>,
    /// Answer OPTIONS without a login, which Distribution does not do: only then can pages of other origins sign in.
    #[arg(long)]
    open_preflight: bool,
    /// Something that goes wrong, such as latency,ms=300 or reset,path=/v2/*/blobs/*,times=1; can be repeated.
    #[arg(long = "fault", value_name = "NAME[,SETTING=VALUE]…")]
    faults: Vec<Fault>,
    /// Serve this folder as the web app.
    #[arg(long, value_name = "FOLDER")]
    app: Option<PathBuf>,
    /// The address that the web app is served on; a taken port gives way to the next free one.
    #[arg(long, default_value_t = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080))]
    app_addr: SocketAddr,
    /// End when the standard input does: with the program that started this one, however that ends.
    #[arg(long)]
    end_with_input: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Push the sample images to another registry, http://host:port.
    Fill {
        /// The other registry.
        url: String,
        /// Leave out what Distribution does not take: schema 1, and lists with missing children.
        #[arg(long)]
        skip_unsupported: bool,
    },
}

fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once(':')
        .map(|(name, password)| (name.to_owned(), password.to_owned()))
        .ok_or_else(|| "expected a name and a password with a colon between them".to_owned())
}

fn counts(text: &str) -> Result<(usize, usize), String> {
    text.split_once(',')
        .and_then(|(repositories, tags)| Some((repositories.parse().ok()?, tags.parse().ok()?)))
        .ok_or_else(|| format!("expected two numbers such as 100000,20000, found {text:?}"))
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    if let Some(Command::Fill { url, skip_unsupported }) = arguments.command {
        let manifests = fill::fill(&url, skip_unsupported).await.map_err(|error| error.to_string())?;
        println!("{manifests} manifests pushed to {url}");
        return Ok(());
    }
    let mut stop =
        signal(SignalKind::terminate()).map_err(|error| format!("cannot wait for signals: {error}"))?;
    let cors = if arguments.no_cors {
        Cors::Off
    } else {
        Cors::On { origin: arguments.cors_origin, expose_headers: !arguments.hide_headers }
    };
    let dialect = if arguments.v2_8 { Dialect::V2_8 } else { Dialect::V3 };
    let mut builder = Registry::builder().cors(cors).dialect(dialect).referrers(!arguments.no_referrers);
    if let Some(profile) = arguments.profile {
        builder = builder.profile(profile);
    }
    builder = builder.open_preflight(arguments.open_preflight);
    if let Some(mode) = arguments.hostile {
        builder = builder.hostile(mode);
    }
    if let Some((name, password)) = arguments.basic {
        let users = HashMap::from([(name, password)]);
        builder = builder.auth(Auth::Basic { realm: "tallyman-dev-registry".to_owned(), users });
    } else if let Some((name, password)) = arguments.token {
        builder = builder.auth(Auth::Token(TokenAuth {
            realm: arguments.token_realm,
            ..TokenAuth::new(&name, &password)
        }));
    }
    if arguments.samples {
        builder = builder.samples();
    }
    if arguments.large_image {
        builder = builder.large_image(300_000_000);
    }
    if let Some((repositories, tags)) = arguments.synthetic {
        builder = builder.synthetic(repositories, tags);
    }
    for fault in arguments.faults {
        builder = builder.fault(fault);
    }
    let addr = free("registry", arguments.addr).await?;
    let registry =
        builder.addr(addr).start().await.map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    println!("registry {}", registry.url());
    let mut _app = None;
    if let Some(folder) = arguments.app {
        if !folder.is_dir() {
            return Err(format!("expected {} to be the folder of the built app", folder.display()));
        }
        let addr = free("app", arguments.app_addr).await?;
        let settings = arguments.samples.then(|| highlights(registry.addr));
        let running = app::serve(&folder, addr, settings)
            .await
            .map_err(|error| format!("cannot listen on {addr}: {error}"))?;
        println!("app http://{}/", running.addr);
        _app = Some(running);
    }
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = stop.recv() => {}
        () = end_of_input(), if arguments.end_with_input => {}
    }
    Ok(())
}

/// Waits for the end of the standard input. It is read by a thread of its own, which a program that ends does not wait for.
async fn end_of_input() {
    let (ended, end) = oneshot::channel::<()>();
    thread::spawn(move || {
        // An input that cannot be read has ended, too.
        let _ended = io::copy(&mut io::stdin(), &mut io::sink());
        drop(ended);
    });
    let _dropped = end.await;
}

/// The settings that make the app offer the samples.
fn highlights(registry: SocketAddr) -> serde_json::Value {
    let samples =
        HIGHLIGHTS.map(|(name, about)| json!({ "reference": format!("{registry}/{name}"), "about": about }));
    json!({ "registries": [registry.to_string()], "samples": samples })
}

/// The address itself or, when its port is taken, the same with the next port that is free.
async fn free(what: &str, wanted: SocketAddr) -> Result<SocketAddr, String> {
    let mut addr = wanted;
    loop {
        match TcpListener::bind(addr).await {
            Ok(_) if addr == wanted => return Ok(addr),
            Ok(_) => {
                eprintln!("port {} is taken, the {what} uses {} instead", wanted.port(), addr.port());
                return Ok(addr);
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && addr.port() < u16::MAX => {
                addr.set_port(addr.port() + 1);
            }
            Err(error) => return Err(format!("cannot listen on {addr}: {error}")),
        }
    }
}
