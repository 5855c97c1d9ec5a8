//! The frame around every page.

/// What the frame around every page says.
pub struct Frame {
    /// The link before everything else, for keyboards.
    pub skip: &'static str,
    /// The places that the header leads to, for screen readers.
    pub places: &'static str,
    /// The choice of a language, for screen readers.
    pub language: &'static str,
    /// A part of the program is on its way.
    pub loading: &'static str,
    /// A part of the program could not be had.
    pub not_loaded: &'static str,
    /// Why not, and what to do.
    pub not_loaded_why: &'static str,
    /// A request is made again: which attempt, seconds until the next, why.
    pub retry: fn(attempt: u32, seconds: f32, why: &str) -> String,
}
