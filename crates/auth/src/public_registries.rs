//! Public registries that are known by name.

use tallyman_core::Registry;

use crate::TokenService;

/// A public registry, its token service as its own challenges name it, and the hosts of its storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicRegistry {
    /// The name in references.
    pub name: &'static str,
    /// The host that requests go to.
    pub api_host: &'static str,
    /// The URL of the token service.
    pub realm: &'static str,
    /// The name by which the token service knows the registry.
    pub service: &'static str,
    /// The hosts that downloads are redirected to; `*.` stands for any name below.
    pub storage_hosts: &'static [&'static str],
}

const PUBLIC: [PublicRegistry; 5] = [
    PublicRegistry {
        name: "docker.io",
        api_host: "registry-1.docker.io",
        realm: "https://auth.docker.io/token",
        service: "registry.docker.io",
        storage_hosts: &[
            "production.cloudflare.docker.com",
            "*.r2.cloudflarestorage.com",
            "*.cloudfront.docker.com",
        ],
    },
    PublicRegistry {
        name: "ghcr.io",
        api_host: "ghcr.io",
        realm: "https://ghcr.io/token",
        service: "ghcr.io",
        storage_hosts: &["pkg-containers.githubusercontent.com"],
    },
    PublicRegistry {
        name: "quay.io",
        api_host: "quay.io",
        realm: "https://quay.io/v2/auth",
        service: "quay.io",
        storage_hosts: &["*.quay.io", "quayio-production-s3.s3.amazonaws.com"],
    },
    PublicRegistry {
        name: "registry.gitlab.com",
        api_host: "registry.gitlab.com",
        realm: "https://gitlab.com/jwt/auth",
        service: "container_registry",
        storage_hosts: &["cdn.registry.gitlab-static.net"],
    },
    PublicRegistry {
        name: "public.ecr.aws",
        api_host: "public.ecr.aws",
        realm: "https://public.ecr.aws/token/",
        service: "public.ecr.aws",
        storage_hosts: &["d5l0dvt14r5h8.cloudfront.net"],
    },
];

impl PublicRegistry {
    /// Returns the public registry of this name.
    pub fn by_name(registry: &Registry) -> Option<&'static Self> {
        PUBLIC.iter().find(|known| known.name.eq_ignore_ascii_case(registry.as_str()))
    }

    /// Returns the public registry whose requests go to `host`.
    pub fn by_api_host(host: &str) -> Option<&'static Self> {
        PUBLIC.iter().find(|known| known.api_host.eq_ignore_ascii_case(host))
    }

    /// Returns the token service, for places where the browser hides the challenge that names it.
    pub fn token_service(&self) -> TokenService {
        TokenService { realm: self.realm.to_owned(), service: self.service.to_owned() }
    }

    /// Returns the host of the token service.
    pub fn token_host(&self) -> &'static str {
        self.realm_origin().trim_start_matches("https://")
    }

    /// Returns scheme and host of the token service.
    pub(crate) fn realm_origin(&self) -> &'static str {
        let path =
            self.realm["https://".len()..].find('/').map_or(self.realm.len(), |at| at + "https://".len());
        &self.realm[..path]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_public_registry_is_found_by_both_of_its_names() {
        for known in &PUBLIC {
            let registry: Registry = known.name.parse().unwrap();
            assert_eq!(PublicRegistry::by_name(&registry), Some(known));
            assert_eq!(PublicRegistry::by_api_host(registry.api_host()), Some(known));
            let realm = url::Url::parse(known.realm).unwrap();
            assert_eq!(realm.as_str(), known.realm, "a realm in its normal form");
            assert_eq!(Some(known.token_host()), realm.host_str());
            assert_eq!(known.realm_origin(), realm.origin().ascii_serialization());
        }
        assert_eq!(PublicRegistry::by_name(&"r.example".parse().unwrap()), None);
        assert_eq!(PublicRegistry::by_api_host("docker.io"), None);
    }
}
