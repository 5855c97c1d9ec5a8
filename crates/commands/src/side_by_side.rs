//! Work that is done side by side.

use std::cell::RefCell;

use futures_util::{FutureExt, StreamExt, future::LocalBoxFuture, stream};

use crate::{Error, MAX_PARALLEL_REQUESTS};

/// Does all the work, so much `at_once`, and returns the outcomes in the order of the work.
///
/// # Errors
/// The first failure, in the order of the work; what is under way then is dropped.
pub(crate) async fn at_most<T>(
    at_once: usize,
    work: impl IntoIterator<Item = impl Future<Output = Result<T, Error>>>,
) -> Result<Vec<T>, Error> {
    let outcomes = &RefCell::new(Vec::new());
    let mut all = Vec::new();
    for work in work {
        let place = all.len();
        outcomes.borrow_mut().push(None);
        let work = async move {
            let outcome = work.await?;
            outcomes.borrow_mut()[place] = Some(outcome);
            Ok(())
        };
        all.push(work.boxed_local());
    }
    run(at_once, all).await?;
    let mut made = Vec::new();
    for outcome in outcomes.take() {
        made.extend(outcome);
    }
    Ok(made)
}

/// Makes requests side by side, as [`at_most`] does.
///
/// # Errors
/// As [`at_most`].
pub(crate) async fn all<T>(
    requests: impl IntoIterator<Item = impl Future<Output = Result<T, Error>>>,
) -> Result<Vec<T>, Error> {
    at_most(MAX_PARALLEL_REQUESTS, requests).await
}

/// The part of [`at_most`] that is the same for all sorts of work: in wasm each sort weighs what it adds to that alone.
async fn run(at_once: usize, work: Vec<LocalBoxFuture<'_, Result<(), Error>>>) -> Result<(), Error> {
    let mut ended = stream::iter(work).buffered(at_once);
    while let Some(outcome) = ended.next().await {
        outcome?;
    }
    Ok(())
}
