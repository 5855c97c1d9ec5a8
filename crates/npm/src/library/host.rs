//! The object that JavaScript gives a client, and the client's settings.

use js_sys::Promise;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::store::Lists;
use crate::transport::RequestSender;

#[wasm_bindgen]
extern "C" {
    /// The callbacks of a client: how it sends requests, and what its program says about registries.
    #[derive(Clone)]
    #[wasm_bindgen(extends = RequestSender)]
    pub type ClientHost;

    /// Resolves to the credentials for a registry as JSON; to `undefined` if there are none. After a refusal of those that
    /// it gave before, with the HTTP status and the registry's own words.
    #[wasm_bindgen(method)]
    pub fn credentials(
        this: &ClientHost,
        registry: &str,
        refused_by: Option<u16>,
        message: Option<&str>,
    ) -> Promise;

    /// Returns `true` if the credentials that it gave for a registry have not expired.
    #[wasm_bindgen(method, js_name = areCurrent)]
    pub fn are_current(this: &ClientHost, registry: &str) -> bool;

    /// Resolves to `true` if the credentials for `registry` may go to the token service `realm` of another site.
    #[wasm_bindgen(method)]
    pub fn trusts(this: &ClientHost, registry: &str, realm: &str) -> Promise;

    /// Returns `true` if `registry` may speak plain HTTP and show any certificate; `None` if the program does not say. If it
    /// fails to, the next request to `server`, the host of the registry, is not sent. The program's own function runs in it:
    /// nothing that it throws may pass through the engine.
    #[wasm_bindgen(method, catch, js_name = isInsecure)]
    pub fn is_insecure(this: &ClientHost, registry: &str, server: &str) -> Result<Option<bool>, JsValue>;

    /// `true` if failures tell that a server speaks plain HTTP. If they do not, plain HTTP is tried first.
    #[wasm_bindgen(method, getter, js_name = tellsPlainHttp)]
    pub fn tells_plain_http(this: &ClientHost) -> bool;

    /// Reports a retry: the error as JSON, the wait in milliseconds, and how many times the request was sent.
    #[wasm_bindgen(method)]
    pub fn retried(this: &ClientHost, error: &str, wait: f64, attempt: u32);
}

/// The settings of a client.
#[derive(Clone)]
pub struct Settings {
    /// The callbacks.
    pub host: ClientHost,
    /// The store of its lists; `None` if it keeps none.
    pub store: Option<Lists>,
    /// The number of requests under way at a time.
    pub concurrency: u32,
    /// Maximum number of attempts of a request.
    pub attempts: u32,
    /// The timeout of a response, in milliseconds.
    pub timeout: u32,
}
