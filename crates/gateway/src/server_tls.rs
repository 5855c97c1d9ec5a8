//! TLS towards callers.

use std::{fmt::Display, io, path::Path, sync::Arc};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
};

use crate::config::TlsConfig;

/// Reads the certificate and its key.
pub(crate) fn load(config: &TlsConfig) -> io::Result<ServerConfig> {
    let wrong = |path: &Path, error: &dyn Display| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
    };
    let of_certificate = |error: pem::Error| wrong(&config.certificate, &error);
    let certificates = CertificateDer::pem_file_iter(&config.certificate).map_err(of_certificate)?;
    let certificates = certificates.collect::<Result<Vec<_>, _>>().map_err(of_certificate)?;
    let key = PrivateKeyDer::from_pem_file(&config.key).map_err(|error| wrong(&config.key, &error))?;
    let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key))
        .map_err(|error| wrong(&config.certificate, &error))?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(server)
}
