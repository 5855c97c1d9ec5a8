//! The place in which the browser keeps layers, which the page and the worker share.

/// The name of the cache in which layers are kept.
pub const KEPT_LAYERS: &str = "tallyman-layers-1";
/// The beginning of the addresses of kept layers; the repository and the digest stand behind it. No request is ever sent
/// there: `.invalid` names nothing.
pub const KEPT_LAYERS_BASE: &str = "https://content.invalid/";
/// Bytes of layers that are kept, at most.
pub const KEPT_LAYERS_MAX: u64 = 500_000_000;
