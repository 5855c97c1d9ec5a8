//! The requests that came, so that tests can count them.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use serde::{Deserialize, Serialize};

use crate::sync::lock;

/// One request. The body's size is what had been read when the answer was ready.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestRecord {
    /// The method.
    pub method: String,
    /// The path, as sent.
    pub path: String,
    /// The query, without `?`.
    pub query: String,
    /// All `Accept` values, joined with `, `.
    pub accept: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// The scheme of `Authorization`, never its credentials.
    pub authorization: Option<String>,
    /// `Origin`.
    pub origin: Option<String>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// Bytes of the request's body.
    pub body_bytes: u64,
    /// The status answered; 0 when the connection was cut or the answer is not there yet.
    pub status: u16,
    /// `true` if the request went to the second origin, which stands for a blob storage.
    pub storage: bool,
}

#[derive(Debug)]
struct Entry {
    record: RequestRecord,
    body_bytes: Arc<AtomicU64>,
}

/// All requests since the start or since the last [`clear`](Log::clear).
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Vec<Arc<Mutex<Entry>>>>);

/// A request that is being answered.
#[derive(Clone, Debug)]
pub(crate) struct Pending(Arc<Mutex<Entry>>);

impl Log {
    pub(crate) fn begin(&self, record: RequestRecord) -> Pending {
        let entry = Arc::new(Mutex::new(Entry { record, body_bytes: Arc::default() }));
        lock(&self.0).push(Arc::clone(&entry));
        Pending(entry)
    }

    pub(crate) fn records(&self) -> Vec<RequestRecord> {
        lock(&self.0)
            .iter()
            .map(|entry| {
                let entry = lock(entry);
                RequestRecord { body_bytes: entry.body_bytes.load(Ordering::Relaxed), ..entry.record.clone() }
            })
            .collect()
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }
}

impl Pending {
    /// Counts the body's bytes as they are read.
    pub(crate) fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&lock(&self.0).body_bytes)
    }

    pub(crate) fn answered(&self, status: u16) {
        lock(&self.0).record.status = status;
    }
}
