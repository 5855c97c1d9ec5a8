//! A look whether anything answers at an address, whatever it answers.

use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestCredentials, RequestInit, RequestMode};

/// Returns `true` if a server answers at `url`. The page sees nothing of the answer, and no credentials are sent.
pub async fn answers(url: &str) -> bool {
    let options = RequestInit::new();
    options.set_mode(RequestMode::NoCors);
    options.set_credentials(RequestCredentials::Omit);
    let Some(window) = web_sys::window() else { return false };
    JsFuture::from(window.fetch_with_str_and_init(url, &options)).await.is_ok()
}
