//! Locks that tabs of the app share. A lock is free again when its tab is closed, too.

use std::time::Duration;

use gloo_timers::future::sleep;
use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use super::storage::of_this_copy;

/// Time between two looks at a lock.
const PAUSE: Duration = Duration::from_millis(300);

#[wasm_bindgen]
extern "C" {
    /// Requests a lock, which is held until what `granted` returns is settled. Pages without HTTPS have no locks.
    #[wasm_bindgen(js_namespace = ["navigator", "locks"], catch)]
    fn request(name: &str, options: &Object, granted: &Function) -> Result<Promise, JsValue>;

    /// Returns the locks that are held.
    #[wasm_bindgen(js_namespace = ["navigator", "locks"], catch)]
    fn query() -> Result<Promise, JsValue>;
}

/// A lock that this tab holds.
pub struct Lock(Option<(Function, Promise)>);

impl Lock {
    /// Takes the lock of `name`. Returns `None` if it is held, in this tab or another; where there are no locks, none does.
    pub async fn take(name: &str) -> Option<Self> {
        let ((granted, grant), (held, release)) = (pending(), pending());
        let on_granted = Closure::once_into_js(move |lock: JsValue| {
            // A function that settles a promise does not throw.
            let _ = grant.call1(&JsValue::NULL, &lock);
            held
        });
        let options = Object::new();
        // A new object takes any field.
        let _ = Reflect::set(&options, &"ifAvailable".into(), &true.into());
        let released = request(&of_this_copy(name), &options, on_granted.unchecked_ref());
        let Ok(released) = released else { return Some(Self(None)) };
        match JsFuture::from(Promise::race(&Array::of2(&granted, &released))).await {
            Ok(lock) if lock.is_null() => None,
            Ok(_) => Some(Self(Some((release, released)))),
            Err(_) => Some(Self(None)),
        }
    }

    /// Releases it. Any tab can take it when this ends.
    pub async fn release(self) {
        if let Some((release, released)) = self.0 {
            // Neither throws.
            let _ = release.call0(&JsValue::NULL);
            let _ = JsFuture::from(released).await;
        }
    }
}

/// Returns `true` if a tab holds the lock of `name`.
pub async fn is_held(name: &str) -> bool {
    let Ok(asked) = query() else { return false };
    let Ok(locks) = JsFuture::from(asked).await else { return false };
    let name = JsValue::from(of_this_copy(name));
    let field = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).unwrap_or_default();
    Array::from(&field(&locks, "held")).iter().any(|lock| field(&lock, "name") == name)
}

/// Waits until no tab holds the lock of `name`, without asking for it: a tab that sleeps would keep it from the others.
pub async fn released(name: &str) {
    while is_held(name).await {
        sleep(PAUSE).await;
    }
}

/// Returns a promise, and the function that fulfils it.
fn pending() -> (Promise, Function) {
    let mut fulfil = None;
    let promise = Promise::new(&mut |resolve, _| fulfil = Some(resolve));
    (promise, fulfil.expect("a promise calls its function at once"))
}
