//! Profiles: registries that people use, as scripted models of their limits, headers, errors and token services.
//!
//! They follow public reports and documentation; each quirk is one that has broken a client. Everything that a profile does
//! not mention is as CNCF Distribution does it.

use std::{fmt, str::FromStr};

use thiserror::Error;

use crate::{
    auth::{Auth, ExpiresIn, TokenAnswer, TokenAuth},
    options::{Dialect, Options},
    quirks::{Catalog, Chunks, Cursor, Deletion, Mounts, NewRepositories, Quirks, Referrers},
};

/// The name of the only user of every profile.
pub const USER: &str = "user";
/// The password of that user.
pub const PASSWORD: &str = "secret";

/// The most bytes that GHCR takes in one request of an upload in parts.
const GHCR_CHUNK: usize = 4 << 20;

/// A registry that people use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// GitHub Packages: parts of at most 4 MiB, no deletion, no catalog, a page in place of referrers, tokens as `token`
    /// alone.
    Ghcr,
    /// Amazon ECR: Basic credentials, repositories that must be there, PATCH answered 201 and only the first part kept, no
    /// mounts, no digest header.
    Ecr,
    /// Red Hat Quay: 401 for what a new repository does not have yet, parameters in Content-Type, opaque cursors, pages of
    /// its own size, 202 for a manifest.
    Quay,
    /// GitLab: 401 in new repositories, no catalog, no referrers, and the fallback tag gives the subject itself.
    Gitlab,
    /// Harbor: an empty `access_token` beside `token`, GET alone at the token service, wrong passwords get a token without
    /// access, mounts answered 401, no catalog.
    Harbor,
    /// Sonatype Nexus: HEAD answered 405, mounts 404, tags without pages.
    Nexus,
    /// JFrog Artifactory: anonymous requests find nothing, `/v2/` alone asks for credentials; absolute links with opaque
    /// cursors.
    Artifactory,
    /// Google Artifact Registry: no upload in parts, uploads at an address of their own, tags with further fields, a
    /// manifest goes after its tags.
    Gar,
    /// Azure Container Registry: an empty `token` beside `access_token`, blobs at another origin.
    Acr,
    /// Docker Hub: limits on requests at once, no catalog, no deletion, blobs at another origin.
    Dockerhub,
}

/// The name is of no profile.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no profile {found:?}; the profiles are {}", Profile::ALL.map(Profile::name).join(", "))]
pub struct ProfileError {
    found: String,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 10] = [
        Self::Ghcr,
        Self::Ecr,
        Self::Quay,
        Self::Gitlab,
        Self::Harbor,
        Self::Nexus,
        Self::Artifactory,
        Self::Gar,
        Self::Acr,
        Self::Dockerhub,
    ];

    /// The name, as the command line takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ghcr => "ghcr",
            Self::Ecr => "ecr",
            Self::Quay => "quay",
            Self::Gitlab => "gitlab",
            Self::Harbor => "harbor",
            Self::Nexus => "nexus",
            Self::Artifactory => "artifactory",
            Self::Gar => "gar",
            Self::Acr => "acr",
            Self::Dockerhub => "dockerhub",
        }
    }

    pub(crate) fn apply(self, options: &mut Options) {
        options.auth = self.auth();
        options.quirks = self.quirks();
        options.dialect = match self {
            Self::Harbor | Self::Nexus => Dialect::V2_8,
            _ => Dialect::V3,
        };
        // The models of uploads go on from any location that they have given out.
        options.resumable_uploads = true;
        options.monolithic_post = matches!(self, Self::Gar | Self::Acr);
    }

    fn auth(self) -> Auth {
        let tokens = |path: &str, service: &str| TokenAuth {
            path: path.to_owned(),
            service: service.to_owned(),
            anonymous_pull: true,
            ..TokenAuth::new(USER, PASSWORD)
        };
        Auth::Token(match self {
            Self::Ecr => {
                let users = [(USER.to_owned(), PASSWORD.to_owned())].into();
                return Auth::Basic { realm: "https://account.dkr.ecr.example/".to_owned(), users };
            }
            Self::Ghcr => TokenAuth {
                answer: TokenAnswer::TokenAlone,
                expires_in: ExpiresIn::Absent,
                ..tokens("/token", "ghcr.io")
            },
            Self::Quay => TokenAuth {
                answer: TokenAnswer::TokenAlone,
                expires_in: ExpiresIn::Absent,
                ..tokens("/v2/auth", "quay.io")
            },
            Self::Gitlab => {
                TokenAuth { answer: TokenAnswer::TokenAlone, ..tokens("/jwt/auth", "container_registry") }
            }
            Self::Harbor => TokenAuth {
                answer: TokenAnswer::EmptyAccessToken,
                takes_posts: false,
                refuses_wrong_passwords: false,
                ..tokens("/service/token", "harbor-registry")
            },
            Self::Nexus => TokenAuth {
                answer: TokenAnswer::TokenAlone,
                expires_in: ExpiresIn::Absent,
                ..tokens("/v2/token", "nexus")
            },
            Self::Artifactory => TokenAuth {
                anonymous_pull: false,
                expires_in: ExpiresIn::Text,
                ..tokens("/v2/token", "artifactory")
            },
            Self::Gar => tokens("/v2/token", "docker.pkg.dev"),
            Self::Acr => TokenAuth {
                answer: TokenAnswer::EmptyToken,
                expires_in: ExpiresIn::Absent,
                ..tokens("/oauth2/token", "acr")
            },
            Self::Dockerhub => tokens("/token", "registry.docker.io"),
        })
    }

    fn quirks(self) -> Quirks {
        let none = Quirks::default();
        match self {
            Self::Ghcr => Quirks {
                chunks: Chunks::AtMost(GHCR_CHUNK),
                relative_location: true,
                redirects_blobs: true,
                referrers: Referrers::Html,
                catalog: Catalog::Denied,
                deletion: Deletion::Refused,
                ..none
            },
            Self::Ecr => Quirks {
                chunks: Chunks::FirstAlone,
                patch_status: 201,
                upload_progress: false,
                mounts: Mounts::Refused(405),
                digest_header: false,
                new_repositories: NewRepositories::Missing,
                redirects_blobs: true,
                cursor: Cursor::Opaque { absolute: false },
                deletion: Deletion::Refused,
                ..none
            },
            Self::Quay => Quirks {
                mounts: Mounts::Upload,
                new_repositories: NewRepositories::Hidden,
                charset: true,
                cursor: Cursor::Opaque { absolute: true },
                page_size: Some(2),
                manifest_status: 202,
                redirects_blobs: true,
                ..none
            },
            Self::Gitlab => Quirks {
                mounts: Mounts::Refused(404),
                new_repositories: NewRepositories::Hidden,
                referrers: Referrers::TagIsSubject,
                catalog: Catalog::Unauthorized,
                redirects_blobs: true,
                ..none
            },
            Self::Harbor => {
                Quirks { mounts: Mounts::Refused(401), catalog: Catalog::Unauthorized, charset: true, ..none }
            }
            Self::Nexus => Quirks {
                head_status: Some(405),
                mounts: Mounts::Refused(404),
                referrers: Referrers::NotFound,
                blob_status: 200,
                ..none
            },
            Self::Artifactory => Quirks {
                hides_unauthorized: true,
                cursor: Cursor::Opaque { absolute: true },
                page_size: Some(3),
                ..none
            },
            Self::Gar => Quirks {
                chunks: Chunks::None,
                mounts: Mounts::Upload,
                upload_address: true,
                further_tag_fields: true,
                catalog: Catalog::NotFound,
                deletion: Deletion::TagsFirst,
                referrers: Referrers::Forbidden,
                ..none
            },
            Self::Acr => Quirks { redirects_blobs: true, relative_location: true, ..none },
            Self::Dockerhub => Quirks {
                at_once: Some(3),
                rate_headers: true,
                catalog: Catalog::Unauthorized,
                deletion: Deletion::Refused,
                referrers: Referrers::NotFound,
                redirects_blobs: true,
                ..none
            },
        }
    }
}

impl FromStr for Profile {
    type Err = ProfileError;

    fn from_str(text: &str) -> Result<Self, ProfileError> {
        let found = Self::ALL.into_iter().find(|profile| profile.name() == text);
        found.ok_or_else(|| ProfileError { found: text.to_owned() })
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
