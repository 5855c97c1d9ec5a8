//! The gateway: one program that serves the app and reaches the configured registries for it, on one origin.
//!
//! # Paths
//!
//! | path | response |
//! |---|---|
//! | `/` and the app's files | the built app |
//! | `/config.json` | settings of the app: title, registries, features, theme, samples |
//! | `/r/NAME/v2/…` | the Distribution API of the registry called NAME, and nothing else of it |
//! | `/r/NAME/token` | the token service that this registry's challenge names |
//! | `/sign-out` | ends the session of whoever posts to it |
//! | `/healthz`, `/readyz`, `/metrics` | for those who run it |
//!
//! No address comes from the caller: NAME is looked up in the configuration, and the token service's address is
//! taken from the registry's challenge and compared with the configuration. URLs in a registry's response (`Location`,
//! `Link`, the realm of a challenge) become references relative to the request, such as `../../../../token`, so the app works
//! below any path of any proxy without configuration. Callers that are not pages, such as Docker and containerd, resolve no
//! references: they get a `Location` and realms as URLs of the gateway, made of the request's host name or of `public_url`.
//! Redirects to storages are followed by the gateway, each one checked as the first request was.
//!
//! # Credentials
//!
//! `Authorization` may be for the gateway, if it requires sign-in, or for a proxy in front of it, and browsers
//! send it by themselves. The app's credentials for a registry are in `Tallyman-Authorization` (`none` if it has none); callers
//! that send it get the registry's challenge in `Tallyman-Authenticate`, for which no browser opens a dialog.
//! For other callers `Authorization` goes to the registry unless it signed them in to the gateway, and the challenge has its
//! usual name. The gateway's own credentials replace both.
//!
//! # State
//!
//! Gateways with the same configuration, including a session key, share no state and need none: any number of them behind
//! a load balancer behave as one. Tokens, realms and content are cached only to save requests.
//!
//! # Request processing
//!
//! `accept` → `connections` (limits) → `workers` (thread) → `router` (host name, sign-in, page) → `route` and `api_query` (parsed and
//! serialised again) → `upstream` (permissions, addresses) → `dialer` (directly or
//! by a proxy) → `proxy` (credentials, redirects, cache) → `rewrite`.

mod accept;
mod addresses;
mod api_query;
mod app;
mod app_encoding;
mod cache;
mod catalog;
mod config;
mod connection;
mod connections;
mod credentials;
mod descriptors;
mod dialer;
#[cfg(test)]
mod fuzz;
mod guard;
mod header_list;
mod http_client;
mod limits;
mod log;
mod metrics;
mod paced_body;
mod probe;
mod program;
mod proxy;
mod rate_floor;
mod rate_limit;
mod refusal;
mod repository_pattern;
mod request_log;
mod rewrite;
mod route;
mod router;
mod server;
mod server_tls;
mod sign_in;
mod single_flight;
mod snapshot;
mod token_proxy;
mod upstream;
mod upstream_stream;
mod workers;

pub use addresses::{AddressRefused, Networks};
pub use config::{
    Config, ConfigError, ConfigFile, HtpasswdError, LimitsConfig, PasswordFault, Redirects, RegistryConfig,
    RegistryError, SignInConfig, TlsConfig,
};
pub use descriptors::raise_descriptor_limit;
pub use probe::{ProbeError, probe};
pub use program::run_program;
pub use server::{ServeError, Server, check, serve};
pub use server_tls::TlsError;
