//! Asking a running gateway whether it is ready: for images that hold nothing but this program.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use http::{Request, Uri};

use crate::{
    addresses::{Networks, Resolver},
    connections::{Believed, Connections},
};

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the gateway that answers at `url` says yes. Its certificate is not checked.
///
/// # Errors
/// What it says, or why it says nothing.
pub async fn probe(url: &str) -> Result<(), String> {
    let uri: Uri = url.parse().map_err(|_| format!("expected an address, found {url:?}"))?;
    let everywhere = ["0.0.0.0/0", "::/0"].map(|network| network.parse().expect("both are networks"));
    let resolver = Resolver(Arc::new(Networks::new(everywhere)));
    let connections = Connections::new(resolver, Believed::Anybody).map_err(|error| error.to_string())?;
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri;
    let answer = tokio::time::timeout(PATIENCE, connections.send(request)).await;
    let answer = answer.map_err(|_| format!("no answer in {} seconds", PATIENCE.as_secs()))?;
    let status = answer.map_err(|error| error.to_string())?.status();
    if status.is_success() { Ok(()) } else { Err(format!("expected it to be ready, it says {status}")) }
}
