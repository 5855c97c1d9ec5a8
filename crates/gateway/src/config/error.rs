//! Errors of configurations.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use tallyman_core::ReferenceError;

use crate::addresses::AddressRefused;

/// A reason for which a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file that the configuration needs cannot be read.
    #[error("could not read {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file is not TOML, or has fields that do not exist.
    #[error("{}, line {line}, column {column}: {reason}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1 on. Its text may hold a secret.
        line: usize,
        /// The number of the character in the line, from 1 on.
        column: usize,
        /// The reason.
        reason: String,
    },
    /// A configuration without a registry.
    #[error("expected at least one registry, found none: name one with --registry NAME=URL")]
    NoRegistry,
    /// A registry cannot be used as it is described.
    #[error("registry {name:?}: {source}")]
    Registry {
        /// Its name.
        name: String,
        /// The reason.
        source: RegistryError,
    },
    /// A flag is not `NAME=URL`.
    #[error("expected NAME=URL, found {found:?}{}", .reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Flag {
        /// The value of the flag, without a password.
        found: String,
        /// The reason, if name and URL could be told apart.
        reason: Option<String>,
    },
    /// The reference of an entry of `samples` cannot be parsed.
    #[error("samples: expected a reference such as alpine:latest, found {found:?}: {source}")]
    Sample {
        /// The reference.
        found: String,
        /// The reason.
        source: ReferenceError,
    },
    /// `public_url` is not the URL of a gateway.
    #[error(
        "public_url: expected a URL such as https://registry.example.com/tallyman, without a query or a user name, found {found:?}"
    )]
    PublicUrl {
        /// Its value.
        found: String,
    },
    /// An entry of `origins` is not an origin.
    #[error("origins: expected an origin such as https://ui.example.com, without a path, found {found:?}")]
    Origin {
        /// The entry.
        found: String,
    },
    /// An entry of `connect` is not a source of a Content Security Policy.
    #[error("connect: expected a source such as https://registry.example.com, found {found:?}")]
    ConnectSource {
        /// The entry.
        found: String,
    },
    /// A limit is none, or so large that it is none.
    #[error("limits.{field}: expected a number from 1 to 1000000, found {found}")]
    Limit {
        /// The name of the limit.
        field: &'static str,
        /// Its value.
        found: u64,
    },
    /// `base_path` is not a path as browsers send it.
    #[error(
        "base_path: expected a path such as /tallyman, as browsers send it and without a slash at its end, found {found:?}"
    )]
    BasePath {
        /// Its value.
        found: String,
    },
    /// An entry of `hosts` is not the name of a host.
    #[error(
        "hosts: expected a name such as registry.example.com, found {found:?}; name each host by itself, without a \
         scheme, a port or a wildcard"
    )]
    Host {
        /// The entry.
        found: String,
    },
    /// `listen` and `metrics_listen` cannot both be listened at.
    #[error("metrics_listen: expected another port than that of listen, {listen}, found {found}")]
    MetricsListen {
        /// The value of `listen`.
        listen: SocketAddr,
        /// The value of `metrics_listen`.
        found: SocketAddr,
    },
    /// The folder of the cache cannot be opened.
    #[error(
        "cache.folder: expected {} to be a folder, or to be made, found: {source}; name one that the gateway may write",
        .path.display()
    )]
    Cache {
        /// The folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The cache has no room.
    #[error("cache.max_mib: expected a number from 1 on, found 0; leave out [cache] for no cache")]
    CacheSize,
    /// `sign_in` names both ways to sign in, or none.
    #[error("sign_in: expected either htpasswd or header, found {found}")]
    SignInMethod {
        /// `both` or `neither`.
        found: &'static str,
    },
    /// `sign_in.header` without proxies that may set it.
    #[error(
        "sign_in.header: expected trusted_proxies, found none, so that anybody could set the header; name the proxies that set it"
    )]
    SignInHeader,
    /// `sign_in.header` is not the name of a header.
    #[error("sign_in.header: expected the name of a header such as X-Forwarded-User, found {found:?}")]
    SignInHeaderName {
        /// Its value.
        found: String,
    },
    /// `sign_in.header` is a header that has another meaning.
    #[error(
        "sign_in.header: expected a header that names a user, such as X-Forwarded-User, found {found}, which has another meaning"
    )]
    SignInHeaderMeaning {
        /// Its value.
        found: String,
    },
    /// `sign_in` has a secret of sessions that are not the gateway's.
    #[error(
        "sign_in: expected a session key together with htpasswd, found it with header; remove {field}, the proxy has the sessions"
    )]
    SessionKeyUnused {
        /// `session_key_file` or `session_key_env`.
        field: &'static str,
    },
    /// `sign_in` names two secrets.
    #[error("sign_in: expected either session_key_file or session_key_env, found both; remove one")]
    SessionKeys,
    /// The environment variable with the secret is not set.
    #[error(
        "sign_in: expected a session key in the environment variable {variable}, found none; set it, or name a session_key_file"
    )]
    SessionKeyVariable {
        /// The variable.
        variable: String,
    },
    /// The secret is too short.
    #[error(
        "sign_in: expected a session key of at least {min} bytes, as of `openssl rand -hex 32`, found {found} bytes"
    )]
    SessionKey {
        /// The fewest bytes.
        min: usize,
        /// The bytes that it has, without white space around it.
        found: usize,
    },
    /// The htpasswd file cannot be used.
    #[error("{}: {source}", .path.display())]
    Htpasswd {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: HtpasswdError,
    },
}

/// A reason for which a registry cannot be used as it is described.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The name does not fit in a path.
    #[error("name: expected letters, digits and dashes, found {found:?}; choose a name that fits in a path")]
    Name {
        /// Its value.
        found: String,
    },
    /// A second registry has the same name.
    #[error("expected a name of its own, found a second registry with this one")]
    NameTaken,
    /// A second registry has the same name in references.
    #[error(
        "expected a registry of its own, found a second one for {host} after {other:?}; remove one, or set host to another name"
    )]
    HostTaken {
        /// The name in references.
        host: String,
        /// The name of the first registry, as in paths.
        other: String,
    },
    /// No reference can name the registry by its `host`.
    #[error(
        "host: expected the registry's name as references have it, such as docker.io or registry.example.com:5000, found \
         {found:?}; set host to such a name"
    )]
    ReferenceHost {
        /// Its value, or the host of `url` where it is not set.
        found: String,
    },
    /// The URL is that of Docker Hub's website.
    #[error(
        "url: expected https://registry-1.docker.io, where Docker Hub serves its registry, found {found:?}"
    )]
    DockerHub {
        /// The URL.
        found: String,
    },
    /// The URL is not the origin of a registry.
    #[error(
        "url: expected a URL such as https://registry.example.com, without a path or a user name, found {found:?}; name a user in \
         username"
    )]
    Url {
        /// The URL, without a password.
        found: String,
    },
    /// The registry, or a host that the configuration names for it, has an address that may not be connected to.
    #[error("{field}: {source}")]
    Address {
        /// `url`, `token_hosts` or `storage_hosts`.
        field: &'static str,
        /// The reason.
        source: AddressRefused,
    },
    /// An entry of `networks` is an address that no configuration opens.
    #[error("networks: expected networks that may be connected to, found {found}, which never is; remove it")]
    Network {
        /// The address.
        found: IpAddr,
    },
    /// An entry of `token_hosts` or `storage_hosts` is not a host.
    #[error(
        "expected a host such as storage.example.com, host:port or *.example.com, in lowercase, found {found:?}"
    )]
    Host {
        /// The entry.
        found: String,
    },
    /// An entry of `repositories` matches no repository.
    #[error(
        "repositories: expected a pattern such as acme/* or library/** in lowercase, found {found:?}, which matches no \
         repository"
    )]
    Repositories {
        /// The entry.
        found: String,
    },
    /// `requests_per_minute` is none.
    #[error("requests_per_minute: expected a number from 1 on, found 0; leave it out for no limit")]
    RequestsPerMinute,
    /// A user name without a password, or the other way round.
    #[error("expected username together with either password_env or password_file, found {}", .found.join(" and "))]
    Credentials {
        /// The ones of the three that are set.
        found: Vec<&'static str>,
    },
    /// The user name cannot be sent.
    #[error("username: expected a name without colons and control characters, found {found}; correct it")]
    Username {
        /// The fault.
        found: &'static str,
    },
    /// The password cannot be sent.
    #[error(
        "expected a password in {place}, of one line and without control characters, found {fault}; correct it"
    )]
    Password {
        /// The file or the environment variable.
        place: String,
        /// The fault.
        fault: PasswordFault,
    },
    /// The environment names a proxy that cannot be used.
    #[error("{message}; correct the environment variable, or name the registry in NO_PROXY")]
    Proxy {
        /// The variable, and what is expected of it.
        message: String,
    },
    /// The environment variable with the password is not set.
    #[error(
        "expected a password in the environment variable {variable}, found none; set it, or name a password_file"
    )]
    PasswordVariable {
        /// The variable.
        variable: String,
    },
    /// `ca_file` has no certificate that can be used.
    #[error(
        "ca_file: expected certificates in PEM form, found none that can be used in {}; name another file", .path.display()
    )]
    Certificates {
        /// The file.
        path: PathBuf,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// A reason for which an htpasswd file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HtpasswdError {
    /// A line is not `name:hash`.
    #[error("line {line}: expected name:hash, found no {missing}; add users with htpasswd -B")]
    Line {
        /// The number of the line, from 1 on. Its text may hold a password.
        line: usize,
        /// `colon` or `name`.
        missing: &'static str,
    },
    /// A password is not hashed by bcrypt.
    #[error(
        "line {line}: expected a bcrypt password, as of htpasswd -B, found another kind; set the password anew"
    )]
    Hash {
        /// The number of the line, from 1 on.
        line: usize,
    },
    /// A password takes too long to check, or no time at all.
    #[error(
        "line {line}: expected a bcrypt cost from {min} to {max}, found {found}; set the password anew with htpasswd -B"
    )]
    Cost {
        /// The number of the line, from 1 on.
        line: usize,
        /// The lowest cost.
        min: u32,
        /// The highest cost.
        max: u32,
        /// The cost of the password.
        found: u32,
    },
    /// The file names nobody.
    #[error("expected at least one user, found none; add one with htpasswd -B")]
    Empty,
}

/// A reason for which a password cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordFault {
    /// No password.
    #[error("none")]
    Empty,
    /// A second line.
    #[error("several lines")]
    Lines,
    /// A control character, which the Basic scheme does not allow (RFC 7617, section 2).
    #[error("a control character")]
    Control,
}
