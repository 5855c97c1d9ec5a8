//! Work as promises, which end early where nobody wants them any more.

use futures_util::{
    FutureExt,
    future::{Either, LocalBoxFuture, select},
};
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::failure::Failure;

/// The promise of what `work` gives. It is rejected as soon as `aborted` is settled, and the work ends there.
pub fn promise(
    aborted: Option<Promise>,
    work: impl Future<Output = Result<JsValue, Failure>> + 'static,
) -> Promise {
    begun(aborted, work.boxed_local())
}

// Apart, so that it is compiled once and not for each sort of work.
fn begun(aborted: Option<Promise>, work: LocalBoxFuture<'static, Result<JsValue, Failure>>) -> Promise {
    future_to_promise(async move {
        let done = match aborted {
            None => work.await,
            Some(aborted) => match select(work, JsFuture::from(aborted)).await {
                Either::Left((done, _)) => done,
                Either::Right(_) => Err(Failure::aborted()),
            },
        };
        done.map_err(JsValue::from)
    })
}
