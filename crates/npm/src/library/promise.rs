//! Futures as promises that can be aborted.

use futures_util::{
    FutureExt,
    future::{Either, LocalBoxFuture, select},
};
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::failure::Failure;

/// Returns the promise of the result of `work`. It is rejected once `aborted` is settled, and the work is dropped.
pub fn promise(
    aborted: Option<Promise>,
    work: impl Future<Output = Result<JsValue, Failure>> + 'static,
) -> Promise {
    abortable(aborted, work.boxed_local())
}

// Apart, so that it is compiled once and not for each sort of work.
fn abortable(aborted: Option<Promise>, work: LocalBoxFuture<'static, Result<JsValue, Failure>>) -> Promise {
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
