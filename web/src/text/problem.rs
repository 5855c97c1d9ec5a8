//! What went wrong, and what to do.

/// What pages say of failures.
pub struct Problem {
    /// Over what the registry or the engine itself said, which is in English.
    pub detail: &'static str,
    /// Over what was asked to find the reason.
    pub tried: &'static str,
    /// A region of lines to paste: `lines_for("nginx")`.
    pub lines_for: fn(server: &str) -> String,
    /// Asks again.
    pub again: &'static str,
    /// Opens the repository's tags.
    pub see_tags: &'static str,
    /// Opens the sign-in.
    pub sign_in: fn(registry: &str) -> String,
    /// Opens the settings of registries.
    pub settings: &'static str,

    pub reference: fn(text: &str) -> String,
    pub reference_advice: &'static str,
    pub digest_alone: &'static str,
    pub digest_alone_advice: &'static str,
    pub manifest: fn(reference: &str) -> String,
    pub manifest_advice: &'static str,
    pub list_cors: fn(registry: &str) -> String,
    pub list_refused: fn(registry: &str) -> String,
    pub list_advice: &'static str,
    pub not_found: fn(registry: &str, name: &str) -> String,
    pub not_found_spelling: fn(repository: &str) -> String,
    pub not_found_private: &'static str,
    pub unreachable: fn(registry: &str) -> String,
    pub unreachable_advice: [&'static str; 3],
    pub cors_hub: &'static str,
    pub cors_hub_advice: &'static str,
    pub cors: fn(registry: &str) -> String,
    pub cors_advice: &'static str,
    pub mixed: fn(registry: &str) -> String,
    pub mixed_advice: &'static str,
    pub local_network: fn(registry: &str) -> String,
    pub local_network_advice: &'static str,
    pub unauthorized: fn(registry: &str) -> String,
    pub unauthorized_advice: &'static str,
    pub token_refused: fn(registry: &str) -> String,
    pub token_refused_advice: &'static str,
    pub denied: fn(registry: &str, name: &str) -> String,
    pub denied_advice: &'static str,
    pub too_many: fn(registry: &str) -> String,
    pub too_many_advice: &'static str,
    pub foreign_realm: fn(registry: &str) -> String,
    pub foreign_realm_advice: &'static str,
    pub plain_http: fn(registry: &str) -> String,
    pub plain_http_advice: &'static str,
    pub mismatch: fn(registry: &str, reference: &str) -> String,
    pub mismatch_advice: &'static str,
    pub server: fn(registry: &str) -> String,
    pub server_advice: &'static str,
    pub other: fn(reference: &str) -> String,
    /// An address that leads nowhere.
    pub no_page: &'static str,
    /// Before the address that was found.
    pub no_page_found: &'static str,
    pub to_start: &'static str,
}
