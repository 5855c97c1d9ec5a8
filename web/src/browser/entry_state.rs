//! State of an entry of the session history: there again after Back, and after a reload.

use std::{fmt::Display, str::FromStr};

use js_sys::{JSON, Reflect};
use wasm_bindgen::JsValue;
use yew::prelude::*;

use super::storage::Keep;
use crate::router;

/// The beginning of all keys.
const KEYS: &str = "entry ";

/// Returns the number of the entry that is shown. An entry without a number is given one.
pub fn entry() -> String {
    let history = web_sys::window().and_then(|window| window.history().ok());
    let Some(history) = history else { return String::new() };
    let number = history.state().ok().and_then(|state| Reflect::get(&state, &"id".into()).ok()?.as_f64());
    let number = number.unwrap_or_else(|| {
        let (state, number) = router::numbered();
        // A browser that refuses gives another number next time, and nothing is found under that.
        let _ = history.replace_state_with_url(&state, "", None);
        number
    });
    (number as u32).to_string()
}

/// Returns what an entry keeps under `name`.
pub fn read<T: FromStr>(entry: &str, name: &str) -> Option<T> {
    let key = key(entry, name);
    Keep::Memory.read(&key).or_else(|| Keep::Session.read(&key))?.parse().ok()
}

/// Keeps `value` under `name`, until the tab is closed if the browser allows it.
pub fn write(entry: &str, name: &str, value: &impl Display) {
    let (key, value) = (key(entry, name), value.to_string());
    if !Keep::Session.write(&key, &value) {
        Keep::Memory.write(&key, &value);
    }
}

fn key(entry: &str, name: &str) -> String {
    format!("{KEYS}{entry} {name}")
}

/// Forgets what the entries of this tab keep, but for what ends with the page.
pub fn forget_all() {
    Keep::Session.remove_all(KEYS);
}

/// Several texts as one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(pub Vec<String>);

impl Display for Texts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let texts: js_sys::Array = self.0.iter().map(|text| JsValue::from(text.as_str())).collect();
        let json = JSON::stringify(&texts).ok().and_then(|json| json.as_string());
        formatter.write_str(&json.unwrap_or_default())
    }
}

impl FromStr for Texts {
    type Err = ();

    fn from_str(json: &str) -> Result<Self, ()> {
        let texts = JSON::parse(json).map_err(|_| ())?;
        Ok(Self(js_sys::Array::from(&texts).iter().filter_map(|text| text.as_string()).collect()))
    }
}

/// A state that the history entry keeps under `name`. Returns the state that it had when the entry was left, or the default.
#[hook]
pub fn use_entry_state<T>(name: &str) -> UseStateHandle<T>
where
    T: Clone + Default + PartialEq + Display + FromStr + 'static,
{
    let entry = use_memo((), |()| entry());
    let state = use_state_eq(|| read::<T>(&entry, name).unwrap_or_default());
    {
        let name = name.to_owned();
        use_effect_with((*state).clone(), move |value| {
            // A value that was never changed is not stored.
            if *value != T::default() || read::<T>(&entry, &name).is_some() {
                write(&entry, &name, value);
            }
        });
    }
    state
}
