//! Questions to the worker, and their answers.

use std::{cell::RefCell, collections::HashMap};

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt;
use tallyman_files_worker::{Fault, Line, OpenedFile, QueryId, Request, Response, Row, Subject, View};
use web_sys::Blob;

use super::Files;

/// Bytes of a layer that were read for a file, and its size.
pub type ReadProgress = (u64, u64);

/// An answer, and what is beside it.
type Answer = (Response, Option<Blob>);

/// The questions that are not answered yet.
#[derive(Default)]
pub(super) struct Questions(RefCell<HashMap<QueryId, UnboundedSender<Answer>>>);

impl Questions {
    /// Passes an answer on to whoever asked.
    pub(super) fn answer(&self, response: Response, blob: Option<Blob>) {
        let query = match &response {
            Response::Rows { query, .. }
            | Response::Progress { query, .. }
            | Response::Opened { query, .. }
            | Response::Lines { query, .. }
            | Response::Saved { query }
            | Response::NoAnswer { query, .. } => *query,
            _ => return,
        };
        if let Some(asked) = self.0.borrow().get(&query) {
            // The caller may have been dropped.
            let _ = asked.unbounded_send((response, blob));
        }
    }

    /// Answers nothing more.
    pub(super) fn forget(&self) {
        self.0.borrow_mut().clear();
    }
}

/// A question that was asked. Its answers end with this.
struct Pending<'a> {
    files: &'a Files,
    query: QueryId,
    answers: UnboundedReceiver<Answer>,
    /// The worker reads a layer for it, or holds a file that nobody knows of yet.
    is_reading: bool,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.files.0.questions.0.borrow_mut().remove(&self.query);
        if self.is_reading {
            self.files.close(self.query);
        }
    }
}

impl Files {
    fn send_query(&self, request: impl FnOnce(QueryId) -> Request) -> Pending<'_> {
        let query = self.0.next_query.get();
        self.0.next_query.set(query + 1);
        let (sender, answers) = unbounded();
        self.0.questions.0.borrow_mut().insert(query, sender);
        self.send(&request(query));
        Pending { files: self, query, answers, is_reading: false }
    }

    /// Rows of a tree: the number of all, of those that match, and the rows from `first` on. Returns `None` if the worker
    /// ended.
    pub(super) async fn rows(
        &self,
        of: Subject,
        view: View,
        first: u32,
        count: u32,
    ) -> Option<(u32, Option<u32>, Vec<Row>)> {
        let mut pending = self.send_query(|query| Request::Rows { query, of, view, first, count });
        match pending.answers.next().await?.0 {
            Response::Rows { total, matches, rows, .. } => Some((total, matches, rows)),
            _ => None,
        }
    }

    /// Opens a file. Returns its number, for its lines. `None` stands for a worker that ended.
    pub async fn open(
        &self,
        of: Subject,
        path: String,
        layer: Option<u32>,
        progress: impl Fn(ReadProgress),
    ) -> Option<Result<(QueryId, OpenedFile), Fault>> {
        let mut pending = self.send_query(|query| Request::File { query, of, path, layer });
        pending.is_reading = true;
        loop {
            match pending.answers.next().await?.0 {
                Response::Opened { file, .. } => {
                    pending.is_reading = false;
                    return Some(Ok((pending.query, *file)));
                }
                Response::NoAnswer { fault, .. } => return Some(Err(fault)),
                Response::Progress { done, of, .. } => progress((done, of)),
                _ => {}
            }
        }
    }

    /// Closes a file, or reads it no further.
    pub fn close(&self, file: QueryId) {
        self.send(&Request::Close { file });
    }

    /// Lines of a file that is open.
    pub async fn lines(&self, file: QueryId, first: u32, count: u32) -> Vec<Line> {
        let mut pending = self.send_query(|query| Request::Lines { query, file, first, count });
        match pending.answers.next().await {
            Some((Response::Lines { lines, .. }, _)) => lines,
            _ => Vec::new(),
        }
    }

    /// A whole file.
    pub async fn save(
        &self,
        image: u32,
        path: String,
        layer: Option<u32>,
        progress: impl Fn(ReadProgress),
    ) -> Option<Result<Blob, Fault>> {
        let mut pending = self.send_query(|query| Request::Save { query, image, path, layer });
        pending.is_reading = true;
        loop {
            match pending.answers.next().await? {
                (Response::Saved { .. }, blob) => return Some(blob.ok_or_else(too_large)),
                (Response::NoAnswer { fault, .. }, _) => return Some(Err(fault)),
                (Response::Progress { done, of, .. }, _) => progress((done, of)),
                _ => {}
            }
        }
    }
}

/// The fault of a browser that made no file of the bytes.
fn too_large() -> Fault {
    Fault { code: "not-saved".to_owned(), reason: "the browser cannot hold the file".to_owned(), layer: None }
}
