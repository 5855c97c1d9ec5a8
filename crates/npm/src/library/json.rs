//! JSON for JavaScript, written by hand: a serializer would weigh more than all that is written.

use tallyman_core::go_json::quote;

/// An object that is being written.
pub struct Json(String);

impl Json {
    /// An object without members.
    pub fn new() -> Self {
        Self("{".to_owned())
    }

    /// Adds a member that is JSON already.
    pub fn json(mut self, name: &str, json: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quote(name));
        self.0.push(':');
        self.0.push_str(json);
        self
    }

    /// Adds a text.
    pub fn text(self, name: &str, text: &str) -> Self {
        self.json(name, &quote(text))
    }

    /// Adds a whole number.
    pub fn number(self, name: &str, number: u64) -> Self {
        self.json(name, &number.to_string())
    }

    /// Adds a member where there is something to add.
    pub fn maybe<T>(self, value: Option<T>, add: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            Some(value) => add(self, value),
            None => self,
        }
    }

    /// The object.
    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// An array of what is JSON already.
pub fn array(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    format!("[{}]", items.join(","))
}

/// An array of texts.
pub fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    array(texts.map(quote))
}
