//! Faults of TLS with a registry, and what an operator can do about them.

use std::{error::Error, io};

use rustls::CertificateError;
use url::Url;

use super::{Upstream, origin_of};
use crate::http_client::{ENDED, causes, is_not_http};

impl Upstream {
    /// Returns the sentence about a request for `url` that failed because of TLS: on the side that speaks it, or because a port that
    /// speaks it was sent plain HTTP. Returns `None` if TLS is not the cause.
    pub(super) fn tls_fault(&self, url: &Url, error: &(dyn Error + 'static)) -> Option<String> {
        let is_user = |cause: &hyper::Error| cause.is_user();
        if causes(error).any(|cause| cause.downcast_ref().is_some_and(is_user)) {
            // The caller's body ended, not the registry's connection.
            return None;
        }
        let (name, found) = (&self.name, origin_of(url));
        if url.scheme() == "http" {
            let advice = format!("the port may expect TLS; write https:// in the url of {name} if it does");
            return was_cut_off(error).then(|| {
                format!("expected an answer of {found} by plain HTTP, found a connection that ended without one: {advice}")
            });
        }
        let Some(fault) = rustls_error(error) else {
            let advice = match self.is_own(url) {
                true => format!(
                    "; check that the registry speaks TLS at this port, and write http:// in the url of {name} if it does not"
                ),
                false => String::new(),
            };
            return is_broken_handshake(error).then(|| {
                format!(
                    "expected a TLS handshake with {found}, found a connection that ended during it{advice}"
                )
            });
        };
        match fault {
            rustls::Error::InvalidMessage(_) => {
                let advice = match self.is_own(url) {
                    true => format!("; write http:// in the url of {name} if it speaks plain HTTP"),
                    false => String::new(),
                };
                Some(format!("expected TLS from {found}, found something else{advice}"))
            }
            rustls::Error::InvalidCertificate(fault) => {
                let (fault, advice) = certificate_fault(fault);
                let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
                Some(format!(
                    "expected a certificate of {found} that can be verified, found one that {fault}{advice}"
                ))
            }
            other => Some(format!("expected a TLS connection to {found}, found: {other}")),
        }
    }
}

const NAME_AUTHORITY: &str = "name a PEM file with its certificate authority in ca_file";

/// Returns the fault of a certificate in words, and what an operator can do about it.
fn certificate_fault(error: &CertificateError) -> (String, Option<&'static str>) {
    let (fault, advice) = match error {
        CertificateError::UnknownIssuer => ("is signed by an unknown authority", Some(NAME_AUTHORITY)),
        // The text of the library's own enum.
        CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            let advice =
                "use one for the server that this authority has signed, and name the authority in ca_file";
            ("is a certificate authority's, not a server's", Some(advice))
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            ("has expired", Some("renew it at the registry"))
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ("is not valid yet", Some("compare the clocks of both machines"))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let advice =
                "use a host name of the certificate, or a certificate with this name in subjectAltName";
            ("is for other host names", Some(advice))
        }
        CertificateError::Revoked => ("is revoked", Some("renew it at the registry")),
        other => return (format!("cannot be verified ({other})"), None),
    };
    (fault.to_owned(), advice)
}

/// Returns the error of TLS among the causes of an error. Those of input and output keep theirs inside.
fn rustls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// Returns `true` if a connection ended during the TLS handshake: `hyper-rustls` wraps the errors of that once more, those of TCP
/// are as they came.
fn is_broken_handshake(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| {
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let inner = inner.and_then(|inner| inner.downcast_ref::<io::Error>());
        inner.is_some_and(|inner| ENDED.contains(&inner.kind()))
    })
}

/// Returns `true` if a connection that had come about ended without an answer, or with one that is not HTTP.
fn was_cut_off(error: &(dyn Error + 'static)) -> bool {
    let is_ended = |cause: &(dyn Error + 'static)| {
        cause.downcast_ref().is_some_and(hyper::Error::is_incomplete_message)
            || cause.downcast_ref::<io::Error>().is_some_and(|error| ENDED.contains(&error.kind()))
    };
    is_not_http(error) || causes(error).any(is_ended)
}
