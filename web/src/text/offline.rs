//! The installed app: without network, and in a new version.

pub struct Offline {
    pub offline: &'static str,
    pub new_version: &'static str,
    pub reload: &'static str,
}
