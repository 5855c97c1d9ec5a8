//! Registries: their settings, and signing in to them.

/// What is said of registries and of signing in.
pub struct Registries {
    pub title: &'static str,
    pub lead: &'static str,
    pub add: &'static str,
    pub none: &'static str,
    pub edit: &'static str,
    pub remove: &'static str,
    /// It is removed: `removed("127.0.0.1:5000")`.
    pub removed: fn(host: &str) -> String,
    pub undo: &'static str,
    pub save: &'static str,
    pub cancel: &'static str,
    /// Not stored: the browser keeps nothing.
    pub not_stored: &'static str,

    pub host: &'static str,
    pub host_hint: &'static str,
    pub host_invalid: &'static str,
    pub insecure: &'static str,
    pub insecure_hint: &'static str,
    pub gateway: &'static str,
    pub gateway_hint: &'static str,
    pub read_only: &'static str,
    pub read_only_hint: &'static str,
    /// Chips.
    pub is_served: &'static str,
    pub is_insecure: &'static str,
    pub is_gateway: &'static str,
    pub is_read_only: &'static str,
    pub is_signed_out: &'static str,
    /// Signed in, with whose name.
    pub is_signed_in: fn(who: &str) -> String,
    pub with_token: &'static str,

    pub sign_in: &'static str,
    pub sign_in_to: fn(host: &str) -> String,
    pub sign_out: &'static str,
    pub signed_in: fn(host: &str) -> String,
    pub signed_out: fn(host: &str) -> String,
    pub by_password: &'static str,
    pub by_token: &'static str,
    pub how: &'static str,
    pub user: &'static str,
    pub password: &'static str,
    pub token: &'static str,
    pub token_hint: &'static str,
    pub keep: &'static str,
    pub keep_memory: &'static str,
    pub keep_session: &'static str,
    pub keep_stored: &'static str,
    pub keep_stored_warning: &'static str,
    /// How long the credentials are kept, for the table.
    pub kept: [&'static str; 3],
    pub checking: &'static str,
    pub refused: &'static str,
    pub failed: &'static str,
    /// Another site is to get the credentials.
    pub foreign: fn(host: &str, realm: &str) -> String,
    pub foreign_allow: &'static str,
}
