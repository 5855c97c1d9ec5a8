//! Serving the built web app: a folder of files with their types, compressed copies and cache headers.

use std::{io, net::SocketAddr, path::Path};

use axum::{
    Json, Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{Next, from_fn},
    response::Response,
    routing::get,
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use tower_http::services::ServeDir;

use crate::server::accept;

/// The app, being served. Dropping it ends it.
#[derive(Debug)]
pub struct RunningApp {
    /// The address that it listens on.
    pub addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for RunningApp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves a folder. Files beside which a `.br` or `.gz` copy lies are sent compressed to those who accept that. Where
/// `settings` are given, they stand in for the folder's own `config.json`.
///
/// # Errors
/// An address that is taken or not allowed.
pub async fn serve(folder: &Path, addr: SocketAddr, settings: Option<Value>) -> io::Result<RunningApp> {
    let listener = TcpListener::bind(addr).await?;
    let addr = listener.local_addr()?;
    let files = ServeDir::new(folder).precompressed_br().precompressed_gzip();
    let mut router = Router::new().fallback_service(files);
    if let Some(settings) = settings {
        router = router.route("/config.json", get(async move || Json(settings.clone())));
    }
    let router = router.layer(from_fn(cache));
    Ok(RunningApp { addr, task: tokio::spawn(accept(listener, router)) })
}

/// A name with a hash in it never changes its content; every other file is asked for again each time.
async fn cache(request: Request, next: Next) -> Response {
    let hashed = request.uri().path().rsplit('/').next().is_some_and(has_hash);
    let mut response = next.run(request).await;
    let good = response.status().is_success() || response.status() == axum::http::StatusCode::NOT_MODIFIED;
    let value = if hashed && good { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(value));
    response
}

/// `name-0123456789abcdef.js`, `name-0123456789abcdef_bg.wasm`: eight or more hex digits after a dash or a dot.
fn has_hash(file: &str) -> bool {
    file.split(['-', '.', '_']).skip(1).any(|part| {
        part.len() >= 8
            && part.bytes().all(|byte| byte.is_ascii_hexdigit())
            && part.bytes().any(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::has_hash;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        for (file, expected) in [
            ("tallyman-web-9a1bf1e29c9d2f0e.js", true),
            ("tallyman-web-9a1bf1e29c9d2f0e_bg.wasm", true),
            ("main.12345678.css", true),
            ("index.html", false),
            ("deadbeef.js", false),
            ("favicon-32.png", false),
        ] {
            assert_eq!(has_hash(file), expected, "{file}");
        }
    }
}
