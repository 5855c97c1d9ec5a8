//! Two manifests side by side.

/// What is said where two manifests stand side by side.
pub struct Compare {
    pub title: &'static str,
    pub same: &'static str,
    pub differ: &'static str,
    pub fetching: &'static str,
    pub left: &'static str,
    pub right: &'static str,
    pub swap: &'static str,
    pub compare: &'static str,
    pub reference: &'static str,
    pub kind: &'static str,
    pub what: &'static str,
    pub is_same: &'static str,
    pub changed: &'static str,
    pub left_only: &'static str,
    pub right_only: &'static str,
    pub the_same: &'static str,
    pub differences: fn(number: usize) -> String,
    pub attestation: &'static str,
    pub shared: fn(size: &str) -> String,
    /// Compares the two images of a platform.
    pub both_images: fn(platform: &str) -> String,
}
