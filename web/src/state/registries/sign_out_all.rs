//! The sign-out from the gateway that serves the app: whoever signs in next finds nothing that was kept for the one before.

use tallyman_files_worker::KEPT_LAYERS;
use tallyman_registry::CacheStorage;
use wasm_bindgen_futures::JsFuture;

use super::{Registries, pasted_manifests};
use crate::{
    browser::{caches::caches, entry_state, storage::folder},
    state::inspection::{last_seen, recents},
};

impl Registries {
    /// Forgets the credentials of all registries, all that came from any, whether or not this page has asked them for
    /// anything, and the names of what was looked at. It is gone when this ends. What the page itself shows and remembers goes
    /// with the page.
    pub async fn sign_out_all(&self) {
        self.accounts.lock_all();
        CacheStorage.forget_all().await;
        // That of the service worker has the settings that the gateway serves.
        if let Some(caches) = caches() {
            for name in [KEPT_LAYERS, &format!("tallyman-settings@{}", folder())] {
                // A missing cache needs no removal.
                let _ = JsFuture::from(caches.delete(name)).await;
            }
        }
        // Last: what the open page has looked at meanwhile is noted, too.
        last_seen::forget_all();
        recents::forget();
        pasted_manifests::forget_all();
        entry_state::forget_all();
    }
}
