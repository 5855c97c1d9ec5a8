//! Compact JSON, written member by member.

use std::collections::BTreeMap;

use super::quote;

/// A writer of one object. By hand, because a serializer would weigh more than all that is written.
///
/// ```
/// use tallyman_core::json::ObjectWriter;
///
/// let json = ObjectWriter::new().string("name", "app").number("size", 7).end();
/// assert_eq!(json, r#"{"name":"app","size":7}"#);
/// ```
#[derive(Debug)]
pub struct ObjectWriter(String);

impl ObjectWriter {
    /// Begins an object without members.
    #[expect(clippy::new_without_default, reason = "an unfinished object is no value to default to")]
    pub fn new() -> Self {
        Self("{".to_owned())
    }

    /// Adds a member that is JSON already.
    #[must_use]
    pub fn json(mut self, name: &str, json: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quote(name));
        self.0.push(':');
        self.0.push_str(json);
        self
    }

    /// Adds a string.
    #[must_use]
    pub fn string(self, name: &str, text: &str) -> Self {
        self.json(name, &quote(text))
    }

    /// Adds a string unless it is empty.
    #[must_use]
    pub fn non_empty(self, name: &str, text: &str) -> Self {
        if text.is_empty() { self } else { self.string(name, text) }
    }

    /// Adds a whole number.
    #[must_use]
    pub fn number(self, name: &str, number: u64) -> Self {
        self.json(name, &number.to_string())
    }

    /// Adds `true` or `false`.
    #[must_use]
    pub fn bool(self, name: &str, value: bool) -> Self {
        self.json(name, if value { "true" } else { "false" })
    }

    /// Calls `add` if there is a value to add.
    #[must_use]
    pub fn maybe<T>(self, value: Option<T>, add: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            Some(value) => add(self, value),
            None => self,
        }
    }

    /// Returns the object.
    pub fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// Returns an array of elements that are JSON already.
pub fn array(elements: impl IntoIterator<Item = String>) -> String {
    let elements: Vec<String> = elements.into_iter().collect();
    format!("[{}]", elements.join(","))
}

/// Returns an array of strings.
pub fn string_array<'a>(strings: impl IntoIterator<Item = &'a str>) -> String {
    array(strings.into_iter().map(quote))
}

/// Returns an object of strings, in the order of its keys, as Go writes a map.
pub fn string_map(map: &BTreeMap<String, String>) -> String {
    map.iter().fold(ObjectWriter::new(), |json, (key, value)| json.string(key, value)).end()
}
