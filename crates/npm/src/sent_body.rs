//! Request bodies that JavaScript sends while they come.

use std::{
    cell::RefCell,
    rc::Rc,
    task::{Poll, Waker},
};

use futures_util::{FutureExt, StreamExt, future};
use js_sys::{Function, Object, Promise, Reflect};
use tallyman_registry::BodyStream;
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;

use crate::transport::piece_for_js;

/// A body whose pieces JavaScript asks for by `next`, and the object that it asks.
///
/// The pieces are read where the request is waited for, so that dropping the request drops them too.
pub struct SentBody {
    /// `{ length, next() }`: `next` resolves to the next piece, to `undefined` at the end.
    pub object: Object,
    calls: Rc<RefCell<Calls>>,
    _next: Closure<dyn FnMut() -> Promise>,
}

/// The calls of `next` that have not been answered.
#[derive(Default)]
struct Calls {
    /// The functions that resolve and reject the promise of the last call.
    open: Option<(Function, Function)>,
    waker: Option<Waker>,
}

impl SentBody {
    /// Makes a body of `length` bytes.
    pub fn new(length: u64) -> Self {
        let calls = Rc::new(RefCell::new(Calls::default()));
        let next = {
            let calls = Rc::clone(&calls);
            Closure::new(move || {
                Promise::new(&mut |resolve, reject| {
                    let mut calls = calls.borrow_mut();
                    calls.open = Some((resolve, reject));
                    if let Some(waker) = calls.waker.take() {
                        waker.wake();
                    }
                })
            })
        };
        let object = Object::new();
        for (key, value) in [("length", JsValue::from(length as f64)), ("next", next.as_ref().clone())] {
            Reflect::set(&object, &key.into(), &value).expect("a new object takes any property");
        }
        Self { object, calls, _next: next }
    }

    /// Waits for the response, and gives the pieces that JavaScript asks for.
    pub async fn give(self, body: BodyStream, response: JsFuture) -> Result<JsValue, JsValue> {
        let (mut pieces, mut response) = (body.into_pieces(), response);
        let mut asked: Option<(Function, Function)> = None;
        future::poll_fn(move |context| {
            loop {
                if let Poll::Ready(response) = response.poll_unpin(context) {
                    return Poll::Ready(response);
                }
                if asked.is_none() {
                    let mut calls = self.calls.borrow_mut();
                    calls.waker = Some(context.waker().clone());
                    asked = calls.open.take();
                }
                if asked.is_none() {
                    return Poll::Pending;
                }
                let Poll::Ready(piece) = pieces.poll_next_unpin(context) else { return Poll::Pending };
                let (resolve, reject) = asked.take().expect("there is a call");
                // A promise that was settled already takes no notice.
                let _ = match piece {
                    Some(Ok(piece)) => resolve.call1(&JsValue::NULL, &piece_for_js(&piece)),
                    Some(Err(error)) => {
                        reject.call1(&JsValue::NULL, &js_sys::Error::new(&error.message).unchecked_into())
                    }
                    None => resolve.call0(&JsValue::NULL),
                };
            }
        })
        .await
    }
}
