//! The start page, and the box that takes anything.

/// What the start page says.
pub struct Start {
    pub title: &'static str,
    pub lead: &'static str,
    pub recent: &'static str,
    pub forget: &'static str,
    pub lists: &'static str,
    pub manage_lists: &'static str,
    /// Where there are more than are named.
    pub all_lists: fn(count: usize) -> String,
    pub registries: &'static str,
    pub manage: &'static str,
    pub samples: &'static str,
    pub which: &'static str,
    pub which_text: &'static str,

    /// The box that takes anything.
    pub label: &'static str,
    pub placeholder: &'static str,
    pub go: &'static str,
    /// The dialog that Ctrl-K opens.
    pub open: &'static str,
    pub open_hint: &'static str,
    pub open_keys: &'static str,
    pub suggestions: &'static str,
    pub inspect: fn(reference: &str) -> String,
    pub explore: fn(place: &str) -> String,
    pub is_recent: &'static str,
    pub is_registry: &'static str,
}
