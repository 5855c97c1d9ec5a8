//! The behaviour of a registry.

use crate::{auth::Auth, hostile::Hostile, quirks::Quirks};

/// The version whose answers the registry gives where versions of CNCF Distribution differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(Hash))]
pub enum Dialect {
    /// Distribution 2.8: tags unpaged, no DELETE by tag, Docker images by tag only to those who accept them.
    V2_8,
    /// Distribution 3: tags paged, DELETE by tag takes the tag away, Docker images to everyone.
    #[default]
    V3,
}

/// The CORS headers that pages of other origins get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cors {
    /// None: browsers refuse.
    Off,
    /// The headers that Distribution must be configured with for the app.
    On {
        /// `Access-Control-Allow-Origin`.
        origin: String,
        /// `true` if `Access-Control-Expose-Headers` lists `Docker-Content-Digest` and the others.
        expose_headers: bool,
    },
}

impl Default for Cors {
    fn default() -> Self {
        Self::On { origin: "*".to_owned(), expose_headers: true }
    }
}

/// Everything about a registry that does not change while it runs.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) dialect: Dialect,
    pub(crate) cors: Cors,
    pub(crate) auth: Auth,
    /// OPTIONS answers 200 although authentication is on, which Distribution does not do.
    pub(crate) open_preflight: bool,
    /// The referrers API, which Distribution does not have.
    pub(crate) referrers: bool,
    /// POST with `digest` and the whole blob makes the blob at once, which Distribution does not do.
    pub(crate) monolithic_post: bool,
    /// An upload's older `Location` stays good after more bytes came, which Distribution refuses.
    pub(crate) resumable_uploads: bool,
    /// A mode in which the registry plays malice.
    pub(crate) hostile: Option<Hostile>,
    /// Differences from Distribution in other matters.
    pub(crate) quirks: Quirks,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dialect: Dialect::default(),
            cors: Cors::default(),
            auth: Auth::None,
            open_preflight: false,
            referrers: true,
            monolithic_post: false,
            resumable_uploads: false,
            hostile: None,
            quirks: Quirks::default(),
        }
    }
}
