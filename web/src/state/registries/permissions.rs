//! Operations that the settings allow on registries. A registry itself decides last.

use std::rc::Rc;

use http::Method;

use super::{
    accounts::{Accounts, is_same_api},
    settings::{RegistrySetting, Settings},
};

/// The rules of the person and of the server of the app. Pages ask before they offer something, and every request is held
/// against them before it is sent.
pub struct Permissions {
    accounts: Rc<Accounts>,
    /// Content may be deleted from registries that the page reaches directly.
    deletes: bool,
    /// The hosts of the registries that the gateway reaches, and whether it lets content be deleted there.
    gateway_deletes: Vec<(String, bool)>,
}

impl Permissions {
    /// Combines the settings that the app was served with and those of the person.
    pub fn new(accounts: Rc<Accounts>, settings: &Settings) -> Self {
        let gateway_deletes = settings.registries.iter().filter_map(|registry| match registry {
            RegistrySetting::Gateway { host, delete, .. } => Some((host.clone(), *delete)),
            RegistrySetting::Direct(_) => None,
        });
        Self { accounts, deletes: settings.features.delete, gateway_deletes: gateway_deletes.collect() }
    }

    /// Returns `true` if something may be pushed to the registry at `host`: the person has not set it to read only.
    pub fn may_push(&self, host: &str) -> bool {
        !self.accounts.is_read_only(host)
    }

    /// Returns `true` if content may be deleted from the registry at `host`: neither the server of the app nor the person forbids it.
    pub fn may_delete(&self, host: &str) -> bool {
        let at_gateway = self.gateway_deletes.iter().find(|(served, _)| is_same_api(served, host));
        at_gateway.map_or(self.deletes, |(_, deletes)| *deletes) && self.may_push(host)
    }

    /// Returns the reason for which a request to `path` at `host` is not sent; `None` if it may be.
    pub fn refusal(&self, method: &Method, host: &str, path: &str) -> Option<String> {
        match access(method, path) {
            Access::Read => None,
            _ if !self.may_push(host) => {
                Some(format!("the settings of this browser have {host} as read only"))
            }
            Access::Delete if !self.may_delete(host) => {
                Some(format!("the settings of this app do not allow deletions from {host}"))
            }
            Access::Write | Access::Delete => None,
        }
    }
}

/// The access to a registry that a request needs.
#[derive(Debug, PartialEq)]
enum Access {
    Read,
    Write,
    /// Content goes. An upload that is cancelled is none yet.
    Delete,
}

/// Returns the access that a request needs. Token services, some of which are below `/v2/` as well, may take POST.
fn access(method: &Method, path: &str) -> Access {
    let place = path.strip_prefix("/v2/").and_then(|below| below.rsplit_once('/'));
    let Some((place, _)) = place.filter(|_| !matches!(*method, Method::GET | Method::HEAD)) else {
        return Access::Read;
    };
    let is_content = ["/manifests", "/blobs"].into_iter().any(|kind| place.ends_with(kind));
    if *method == Method::DELETE && is_content { Access::Delete } else { Access::Write }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_need_the_access_that_the_api_gives_them() {
        for (method, path, expected) in [
            (Method::GET, "/v2/acme/app/manifests/1", Access::Read),
            (Method::HEAD, "/v2/acme/app/blobs/sha256:aa", Access::Read),
            (Method::PUT, "/v2/acme/app/manifests/1", Access::Write),
            (Method::POST, "/v2/acme/app/blobs/uploads/", Access::Write),
            (Method::PATCH, "/v2/acme/app/blobs/uploads/1", Access::Write),
            (Method::DELETE, "/v2/acme/app/blobs/uploads/1", Access::Write),
            (Method::DELETE, "/v2/acme/app/manifests/1", Access::Delete),
            (Method::DELETE, "/v2/acme/app/blobs/sha256:aa", Access::Delete),
            (Method::POST, "/v2/auth", Access::Read),
            (Method::POST, "/token", Access::Read),
        ] {
            assert_eq!(access(&method, path), expected, "{method} {path}");
        }
    }
}
