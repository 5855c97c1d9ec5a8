//! The messages of tabs to each other.

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{BroadcastChannel, MessageEvent};

use crate::StoreError;

/// Tells other tabs that a list of `database` changed. A browser without channels between tabs tells nobody.
pub(super) fn announce(database: &str, list: &str) {
    if let Ok(channel) = BroadcastChannel::new(&channel_of(database)) {
        // The list is kept; that nobody heard of it is no failure of the change.
        let _ = channel.post_message(&list.into());
        channel.close();
    }
}

/// Hears of changes that other tabs make, until it is dropped.
#[derive(Debug)]
pub struct Subscription {
    channel: BroadcastChannel,
    _listener: Closure<dyn FnMut(MessageEvent)>,
}

impl Subscription {
    pub(super) fn new(
        database: &str,
        mut listener: impl FnMut(String) + 'static,
    ) -> Result<Self, StoreError> {
        let channel = BroadcastChannel::new(&channel_of(database)).map_err(|_| StoreError::Io {
            message: "expected a browser that lets tabs tell each other of changes, found none: reload to see what other tabs changed".to_owned(),
        })?;
        let closure = Closure::new(move |event: MessageEvent| {
            if let Some(list) = event.data().as_string() {
                listener(list);
            }
        });
        channel.set_onmessage(Some(closure.as_ref().unchecked_ref()));
        Ok(Self { channel, _listener: closure })
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}

fn channel_of(database: &str) -> String {
    format!("{database}-lists")
}
