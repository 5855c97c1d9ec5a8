//! The gateway: one program that serves the app and reaches the configured registries for it, on one origin.
//!
//! # The paths
//!
//! | path | what |
//! |---|---|
//! | `/` and the app's files | the built app |
//! | `/config.json` | what the app is told: title, registries, features, theme, samples |
//! | `/r/NAME/v2/…` | the Distribution API of the registry called NAME, and nothing else of it |
//! | `/r/NAME/token` | the token service that this registry's challenge names |
//! | `/sign-out` | ends the session of whoever posts to it |
//! | `/healthz`, `/readyz`, `/metrics` | for those who run it |
//!
//! No address ever comes from the caller: NAME is looked up in the configuration, and the token service's address is
//! learnt from the registry itself and held against the configuration. What registries say about places (`Location`,
//! `Link`, the realm of a challenge) is rewritten to a reference relative to the request, such as
//! `../../../../token`, so the gateway works below any path of any proxy without being told. A caller that puts
//! `/r/NAME` in place of the registry's origin and resolves references as usual needs to know nothing else.
//! Redirects to storages are followed inside, each step checked as the first one was.
//!
//! # Whose password
//!
//! `Authorization` may be for the gateway, which may want people to sign in, or for a proxy in front of it, and browsers
//! send it by themselves. What the app says to a registry is in `Tallyman-Authorization` (`none` where it says nothing),
//! and whoever sends that finds the registry's challenge in `Tallyman-Authenticate`, at which no browser opens a window.
//! For callers that do not, `Authorization` is the registry's unless it let them in here, and the challenge has its
//! usual name. Credentials of the gateway's own take the place of both.
//!
//! # What is kept between requests
//!
//! Nothing that another gateway with the same configuration needs, if a session key is in it: any number of them behind
//! a load balancer behave as one. Tokens, realms and cached content are only remembered to save requests.
//!
//! # The way of a request
//!
//! `accept` → `connections` (is there room) → `workers` (on which thread) → `router` (host name, sign-in, page) → `route` and `api_query` (parsed once,
//! written anew) → `upstream` (permitted, which address) → `dialer` (straight or by a proxy) → `proxy` (credentials, redirects, cache) → `rewrite`.

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
    Config, ConfigError, ConfigFile, HtpasswdError, LimitsConfig, Redirects, RegistryConfig, RegistryError,
    SignInConfig, TlsConfig,
};
pub use descriptors::raise_descriptor_limit;
pub use probe::{ProbeError, probe};
pub use program::run_program;
pub use server::{ServeError, Server, check, serve};
