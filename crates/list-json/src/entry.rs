//! The fields of a list's entry, as texts that stand elsewhere.

/// Keys and their values.
pub type Pairs<'a> = Vec<(&'a str, &'a str)>;

/// An entry of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Media type of the content.
    pub media_type: &'a str,
    /// Digest of the content.
    pub digest: &'a str,
    /// Size of the content in bytes.
    pub size: u64,
    /// The platform that the content runs on.
    pub platform: Option<Platform<'a>>,
    /// Free keys and values, in their order.
    pub annotations: Pairs<'a>,
    /// Type of the artifact that the content is, where it is one.
    pub artifact_type: Option<&'a str>,
}

/// The platform that some content runs on. Fields that are not named are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Platform<'a> {
    /// CPU architecture.
    pub architecture: &'a str,
    /// Operating system.
    pub os: &'a str,
    /// Operating system version.
    pub os_version: &'a str,
    /// Operating system features.
    pub os_features: Vec<&'a str>,
    /// CPU variant.
    pub variant: &'a str,
}
