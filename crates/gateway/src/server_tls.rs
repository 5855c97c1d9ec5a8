//! TLS towards callers.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    CertificateError, ServerConfig,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
};

use crate::config::TlsConfig;

/// A reason for which a certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("could not read {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file has no certificate that can be used.
    #[error(
        "certificate: expected a certificate of a server in PEM form in {}, found {found}; name the file with the certificate and \
         what signed it", .path.display()
    )]
    Certificate {
        /// The file.
        path: PathBuf,
        /// The content that it has in place of a certificate.
        found: &'static str,
    },
    /// The file has no key that can be used.
    #[error(
        "key: expected a private key in PEM form and without a password in {}, found {found}; name the file with the key of the \
         certificate", .path.display()
    )]
    Key {
        /// The file.
        path: PathBuf,
        /// The content that it has in place of a key.
        found: &'static str,
    },
    /// The key is that of another certificate.
    #[error(
        "key: expected the key of the certificate in {} in {}, found that of another one; name two files that belong together",
        .certificate.display(), .key.display()
    )]
    Mismatch {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
    },
}

/// Reads the certificate and its key.
///
/// # Errors
/// [`TlsError`] for the first file that cannot be used.
pub(crate) fn load(config: &TlsConfig) -> Result<ServerConfig, TlsError> {
    let no_certificate = |found| TlsError::Certificate { path: config.certificate.clone(), found };
    let no_key = |found| TlsError::Key { path: config.key.clone(), found };
    let pem = read(&config.certificate)?;
    let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| no_certificate(fault(&error)))?;
    if certificates.is_empty() {
        let is_key = PrivateKeyDer::from_pem_slice(&pem).is_ok();
        return Err(no_certificate(if is_key { "a key" } else { "none" }));
    }
    let pem = read(&config.key)?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| {
        let is_encrypted = pem.windows(ENCRYPTED.len()).any(|part| part == ENCRYPTED);
        let is_certificate = CertificateDer::from_pem_slice(&pem).is_ok();
        no_key(match error {
            _ if is_encrypted => "an encrypted one",
            _ if is_certificate => "a certificate",
            error => fault(&error),
        })
    })?;
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key));
    let mut server = server.map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            TlsError::Mismatch { certificate: config.certificate.clone(), key: config.key.clone() }
        }
        // The text of the library's own enum.
        rustls::Error::InvalidCertificate(CertificateError::Other(other))
            if format!("{other:?}").contains("UnsupportedCertVersion") =>
        {
            no_certificate("one of an older version than 3")
        }
        rustls::Error::InvalidCertificate(_) => no_certificate("one that cannot be parsed"),
        _ => no_key("one that is not of RSA, ECDSA or Ed25519"),
    })?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(server)
}

/// The word that keys with a password have in their label or in their header.
const ENCRYPTED: &[u8] = b"ENCRYPTED";

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

/// Returns the words for what a file has that is not PEM. The library's own may have its bytes.
fn fault(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::NoItemsFound => "none",
        pem::Error::MissingSectionEnd { .. } => "one without its END line",
        _ => "one that is damaged",
    }
}
