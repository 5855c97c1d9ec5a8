//! The certificates that a connection trusts and shows: the system's, those that the environment names, and those kept for one
//! registry.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        ResolvesClientCert, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
    sign::CertifiedKey,
};

use super::{Environment, failure};
use crate::{TransportError, TransportErrorKind};

/// Files in which distributions keep the authorities that the machine trusts: Go's list.
const SYSTEM_FILES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// Folders for the same.
pub(super) const SYSTEM_FOLDERS: [&str; 2] = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/// Certificates that the user names for every registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnCertificates {
    /// Files with further authorities.
    pub authorities: Vec<String>,
    /// The file with the certificate that is shown.
    pub cert: Option<String>,
    /// The file with its key.
    pub key: Option<String>,
}

/// The content of the files that [`OwnCertificates`] names.
#[derive(Clone, Debug, Default)]
pub(super) struct ReadCertificates {
    authorities: Vec<CertificateDer<'static>>,
    shown: Option<Arc<CertifiedKey>>,
}

impl OwnCertificates {
    /// Reads the files, each once: it may be a pipe.
    pub(super) fn read(&self) -> Result<ReadCertificates, TransportError> {
        let shown = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Some(pair(cert, key, cert)?),
            (None, None) => None,
            (cert, _) => {
                let found = if cert.is_some() { "--cert" } else { "--key" };
                return Err(tls(format!("expected both --cert and --key, found {found} alone")));
            }
        };
        let mut authorities = Vec::new();
        for path in &self.authorities {
            let found = certificates_in(&read(path)?);
            if found.is_empty() {
                return Err(tls(format!("tls: expected a certificate in {path}, found none")));
            }
            authorities.extend(found);
        }
        Ok(ReadCertificates { authorities, shown })
    }
}

/// The places from which the certificates for registries are read.
pub(super) struct Certificates<'a> {
    /// The folder with a folder for each registry.
    pub folder: &'a Path,
    /// The folders with the machine's authorities.
    pub system_folders: &'a [PathBuf],
    pub own: &'a ReadCertificates,
    pub env: &'a Environment,
}

impl Certificates<'_> {
    /// Makes the settings of TLS to a server, with the files of the folder of the first of `names` (`HOST` or `HOST:PORT`) that has
    /// one: `*.crt` are authorities, `NAME.cert` with `NAME.key` is a certificate to show. With `insecure` any certificate is taken.
    pub(super) fn config(&self, names: &[&str], insecure: bool) -> Result<ClientConfig, TransportError> {
        let folder = names.iter().find_map(|name| self.folder_of(name)).unwrap_or_default();
        let mut shown = Vec::new();
        for name in folder.names_with(".cert") {
            let key = format!("{}.key", name.trim_end_matches(".cert"));
            if !folder.names.contains(&key) {
                return Err(tls(format!(
                    "missing key {key} for client certificate {name}. CA certificates must use the extension .crt"
                )));
            }
            shown.push(pair(&folder.file(name), &folder.file(&key), &folder.path)?);
        }
        for name in folder.names_with(".key") {
            let cert = format!("{}.cert", name.trim_end_matches(".key"));
            if !folder.names.contains(&cert) {
                return Err(tls(format!("missing client certificate {cert} for key {name}")));
            }
        }
        if let Some(own) = &self.own.shown {
            shown = vec![Arc::clone(own)];
        }
        let mut named = self.own.authorities.clone();
        for name in folder.names_with(".crt") {
            named.extend(certificates_in(&read(&folder.file(name))?));
        }
        if insecure {
            return client(None, shown);
        }
        let mut trusted = trusted(self.env, self.system_folders);
        trusted.extend(named);
        client(Some(trusted), shown)
    }

    /// The server's own folder: by the name that the URL has, else by the same place with or without the usual port.
    fn folder_of(&self, authority: &str) -> Option<RegistryFolder> {
        let mut candidates = vec![authority.to_owned()];
        if let Some(host) = authority.strip_suffix(":443") {
            candidates.push(host.to_owned());
        } else if !has_port(authority) {
            candidates.push(format!("{authority}:443"));
        }
        candidates.iter().find_map(|name| {
            let path = self.folder.join(name);
            Some(RegistryFolder { names: names_in(&path)?, path: path.to_string_lossy().into_owned() })
        })
    }
}

/// Makes the settings of TLS to a proxy: the system's authorities and those that the environment names.
pub(super) fn config_for_proxy(
    env: &Environment,
    system_folders: &[PathBuf],
) -> Result<ClientConfig, TransportError> {
    client(Some(trusted(env, system_folders)), Vec::new())
}

#[derive(Default)]
struct RegistryFolder {
    path: String,
    names: Vec<String>,
}

impl RegistryFolder {
    fn names_with<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = &'a str> {
        self.names.iter().map(String::as_str).filter(move |name| name.ends_with(ending))
    }

    fn file(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }
}

fn has_port(authority: &str) -> bool {
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    port.is_some_and(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The names in a folder. One that may not be read is as good as none: nothing in it is needed by everybody.
fn names_in(path: &Path) -> Option<Vec<String>> {
    let entries = fs::read_dir(path).ok()?;
    let mut names: Vec<_> =
        entries.filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned())).collect();
    names.sort_unstable();
    Some(names)
}

fn read(path: &str) -> Result<Vec<u8>, TransportError> {
    fs::read(path).map_err(|error| failure::of_file(&error, path))
}

fn tls(message: String) -> TransportError {
    failure::of_kind(TransportErrorKind::Tls, message)
}

/// Reads a certificate with those that vouch for it, and its key. `place` is named if they are no pair.
fn pair(cert: &str, key: &str, place: &str) -> Result<Arc<CertifiedKey>, TransportError> {
    let chain = certificates_in(&read(cert)?);
    let key_der = PrivateKeyDer::from_pem_slice(&read(key)?)
        .map_err(|error| tls(format!("tls: expected a private key in {key}, found none: {error}")))?;
    let key = ring::sign::any_supported_type(&key_der)
        .map_err(|error| tls(format!("tls: the private key in {key} cannot be used: {error}")))?;
    let pair = CertifiedKey::new(chain, key);
    match pair.keys_match() {
        Err(Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) => {
            Err(tls(format!("tls: private key does not match public key in {place}")))
        }
        Err(Error::NoCertificatesPresented) => {
            Err(tls(format!("tls: expected a certificate in {cert}, found none")))
        }
        // Not every key can say what its other half is.
        _ => Ok(Arc::new(pair)),
    }
}

/// The authorities of the system and the environment: as in Go, of the first file that can be read and of all folders. What cannot be
/// read is passed over, and a certificate that stands in several places is taken once.
fn trusted(env: &Environment, system_folders: &[PathBuf]) -> Vec<CertificateDer<'static>> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    let first = match set("SSL_CERT_FILE") {
        Some(file) => fs::read(file).ok(),
        None => SYSTEM_FILES.iter().find_map(|path| fs::read(path).ok()),
    };
    let folders = match set("SSL_CERT_DIR") {
        Some(folders) => folders.split(':').map(PathBuf::from).collect(),
        None => system_folders.to_vec(),
    };
    let in_folders = folders.iter().flat_map(|folder| files_in(folder));
    let files = first.into_iter().chain(in_folders.filter_map(|path| fs::read(path).ok()));
    let mut known = HashSet::new();
    let certificates = files.flat_map(|bytes| certificates_in(&bytes));
    certificates.filter(|certificate| known.insert(certificate.clone())).collect()
}

/// Returns the files of a folder but for links to others of them, as in Go: those are read anyway.
fn files_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let paths = names_in(folder).unwrap_or_default().into_iter().map(|name| folder.join(name));
    let is_beside = |target: PathBuf| !target.to_string_lossy().contains('/');
    paths.filter(move |path| !fs::read_link(path).is_ok_and(is_beside))
}

/// The certificates in a file, one by one: what cannot be read is passed over alone.
fn certificates_in(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let text = String::from_utf8_lossy(pem);
    let blocks = text.split(BEGIN).skip(1).filter_map(|rest| rest.split_once(END));
    let blocks = blocks.map(|(body, _)| format!("{BEGIN}{body}{END}\n"));
    blocks.filter_map(|block| CertificateDer::from_pem_slice(block.as_bytes()).ok()).collect()
}

/// Makes the settings: with authorities beside the public ones, or else without any check.
fn client(
    trusted: Option<Vec<CertificateDer<'static>>>,
    shown: Vec<Arc<CertifiedKey>>,
) -> Result<ClientConfig, TransportError> {
    let failed = |error: &dyn std::fmt::Display| tls(format!("tls: {error}"));
    let provider = Arc::new(ring::default_provider());
    let checks = match trusted {
        None => None,
        Some(trusted) => {
            let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
            roots.add_parsable_certificates(trusted.iter().cloned());
            let verifier =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
            Some((verifier.build().map_err(|error| failed(&error))?, trusted))
        }
    };
    let verifier = Arc::new(Verifier { checks, provider: Arc::clone(&provider) });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(Arc::new(Shown(shown)));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The certificates to show: the first whose key the server takes.
#[derive(Debug)]
struct Shown(Vec<Arc<CertifiedKey>>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.iter().find(|pair| pair.key.choose_scheme(schemes).is_some()).cloned()
    }

    fn has_certs(&self) -> bool {
        !self.0.is_empty()
    }
}

/// A check of the server's certificate, or none. A certificate that is itself trusted is taken though it may sign others, as
/// `openssl req -x509` makes them: `webpki` refuses such ones.
#[derive(Debug)]
struct Verifier {
    checks: Option<(Arc<WebPkiServerVerifier>, Vec<CertificateDer<'static>>)>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some((webpki, trusted)) = &self.checks else { return Ok(ServerCertVerified::assertion()) };
        match webpki.verify_server_cert(shown, between, name, ocsp, now) {
            // It is found once the times of the certificate have been checked.
            Err(Error::InvalidCertificate(error))
                if failure::is_authority_as_server(&error) && trusted.contains(shown) =>
            {
                verify_server_name(&ParsedCertificate::try_from(shown)?, name)
                    .map(|()| ServerCertVerified::assertion())
            }
            Err(Error::InvalidCertificate(CertificateError::NotValidForName)) => {
                let name = name.to_owned();
                let presented = Vec::new();
                let error = CertificateError::NotValidForNameContext { expected: name, presented };
                Err(error.into())
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Begins TLS on `stream`.
pub(super) async fn begin<T>(
    stream: T,
    config: Arc<ClientConfig>,
    host: &str,
) -> Result<tokio_rustls::client::TlsStream<T>, TransportError>
where
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| tls(format!("tls: {host} is no name for a certificate: {error}")))?;
    let connected = tokio_rustls::TlsConnector::from(config).connect(name, stream);
    match tokio::time::timeout(HANDSHAKE, connected).await {
        Ok(connected) => connected.map_err(|error: io::Error| failure::of_handshake(&error, host)),
        Err(_) => Err(failure::of_kind(TransportErrorKind::Timeout, "net/http: TLS handshake timeout")),
    }
}

/// The Docker CLI's limit.
const HANDSHAKE: std::time::Duration = std::time::Duration::from_secs(10);
