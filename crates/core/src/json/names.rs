//! Members under the names that are looked for, for readers that tell `Os` from `os`.

use std::collections::HashMap;

use super::{Kind, ObjectWriter, kind, object::is_same_name, split_members};

/// Returns the object that `json` is, valid JSON: the members that Go takes for `names` under those names, each value as `write` gives
/// it, the others as they stand there, and of several of one name the last. Any other value stays as it is.
pub(crate) fn with_names(json: &[u8], names: &[&str], write: fn(&str, &[u8]) -> String) -> String {
    if kind(json) != Kind::Object {
        return as_it_is(json);
    }
    let own = |key: String| {
        names.iter().find(|name| is_same_name(&key, name)).map_or(key, |name| (*name).to_owned())
    };
    let members: Vec<(String, &[u8])> =
        split_members(json).into_iter().map(|(key, value)| (own(key), value)).collect();
    let last: HashMap<&str, usize> = members.iter().enumerate().map(|(at, (key, _))| (&**key, at)).collect();
    let members = members.iter().enumerate().filter(|(at, (key, _))| last[&**key] == *at);
    let write = |json: ObjectWriter, (_, (key, value)): (usize, &(String, &[u8]))| {
        let value = if names.contains(&&**key) { write(key, value) } else { as_it_is(value) };
        json.json(key, &value)
    };
    members.fold(ObjectWriter::new(), write).end()
}

/// Returns JSON as it stands there.
pub(crate) fn as_it_is(json: &[u8]) -> String {
    String::from_utf8_lossy(json).into_owned()
}
