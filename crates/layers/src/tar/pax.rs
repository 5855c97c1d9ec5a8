//! PAX extended headers: records `length key=value`, each with a line feed at its end.
//!
//! The values of extended attributes hold any bytes, line feeds too, which is why records are cut by their length.

use std::collections::BTreeMap;

use super::{header_error, sparse::PaxSparse};
use crate::{Entry, Error, ExtendedAttribute, entry::owner_number};

const XATTR: &[u8] = b"SCHILY.xattr.";

/// The records of one entry.
#[derive(Default)]
pub(super) struct PaxRecords {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) sparse: PaxSparse,
    uid: Option<u64>,
    gid: Option<u64>,
    user: Option<Box<str>>,
    group: Option<Box<str>>,
    mtime: Option<(i64, u32)>,
    windows_attributes: Option<u32>,
    /// Values by name.
    xattrs: BTreeMap<Box<str>, Box<[u8]>>,
}

impl PaxRecords {
    /// Reads the records of one extended header. A later one counts.
    pub(super) fn read(mut data: &[u8], offset: u64) -> Result<Self, Error> {
        let mut records = Self::default();
        while !data.is_empty() {
            let (key, value, rest) = record(data).ok_or_else(|| {
                header_error(offset, "expected PAX records of the form `length key=value`, found others")
            })?;
            data = rest;
            records.record(key, value).ok_or_else(|| {
                let (key, value) = (String::from_utf8_lossy(key), String::from_utf8_lossy(value));
                header_error(offset, format!("expected a value of the PAX record {key}, found {value:?}"))
            })?;
        }
        Ok(records)
    }

    /// Writes over what the header says.
    pub(super) fn apply(&mut self, entry: &mut Entry) {
        fn set<T>(field: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *field = value;
            }
        }
        set(&mut entry.uid, self.uid);
        set(&mut entry.gid, self.gid);
        set(&mut entry.user, self.user.take());
        set(&mut entry.group, self.group.take());
        if let Some((seconds, nanos)) = self.mtime {
            (entry.mtime, entry.mtime_nanos) = (seconds, nanos);
        }
        entry.windows_attributes = self.windows_attributes;
        let xattrs = std::mem::take(&mut self.xattrs).into_iter();
        entry.xattrs = xattrs.map(|(name, value)| ExtendedAttribute { name, value }).collect();
    }

    /// Takes one record; `None` if its value has no meaning.
    fn record(&mut self, key: &[u8], value: &[u8]) -> Option<()> {
        if let Some(name) = key.strip_prefix(XATTR) {
            let name: Box<str> = String::from_utf8_lossy(name).into();
            if value.is_empty() {
                self.xattrs.remove(&name);
            } else {
                self.xattrs.insert(name, value.into());
            }
            return Some(());
        }
        // An empty value takes the record back.
        let text = (!value.is_empty()).then(|| value.to_vec());
        let name = || text.as_ref().map(|text| String::from_utf8_lossy(text).into());
        match key {
            b"path" => self.path = text,
            b"linkpath" => self.link = text,
            b"uname" => self.user = name(),
            b"gname" => self.group = name(),
            b"size" => self.size = optional(value, decimal)?,
            b"uid" => self.uid = optional(value, signed_owner)?,
            b"gid" => self.gid = optional(value, signed_owner)?,
            b"mtime" => self.mtime = optional(value, time)?,
            b"MSWINDOWS.fileattr" => {
                self.windows_attributes =
                    optional(value, |value| decimal(value).and_then(|number| number.try_into().ok()))?;
            }
            key => {
                if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                    self.sparse.record(key, value)?;
                }
            }
        }
        Some(())
    }
}

/// Returns key and value of the first record, and what is behind it.
fn record(data: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = data.iter().take(20).position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&data[..space])?).ok()?;
    let (record, rest) = data.split_at_checked(length)?;
    let body = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|byte| *byte == b'=')?;
    (equals > 0).then_some((&body[..equals], &body[equals + 1..], rest))
}

/// Reads a value that is there; `Some(None)` if it is empty.
pub(super) fn optional<T>(value: &[u8], read: impl Fn(&[u8]) -> Option<T>) -> Option<Option<T>> {
    if value.is_empty() { Some(None) } else { read(value).map(Some) }
}

/// Reads a decimal number that a signed number of 64 bits can hold.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let number = text.iter().try_fold(0_u64, |number, digit| match digit {
        b'0'..=b'9' => number.checked_mul(10)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    })?;
    i64::try_from(number).ok().map(|_| number)
}

/// Reads the number of a user or group, which may be negative.
fn signed_owner(text: &[u8]) -> Option<u64> {
    let digits = text.strip_prefix(b"-");
    let number = i64::try_from(decimal(digits.unwrap_or(text))?).ok()?;
    owner_number(if digits.is_some() { -number } else { number })
}

/// Reads seconds with a fraction, which may be negative.
fn time(text: &[u8]) -> Option<(i64, u32)> {
    let (is_negative, text) = match text.strip_prefix(b"-") {
        Some(text) => (true, text),
        None => (false, text),
    };
    let point = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
    let seconds = i64::try_from(decimal(&text[..point])?).ok()?;
    let fraction = text.get(point + 1..).unwrap_or_default();
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digits = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    let nanos = digits.fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0'));
    Some(match (is_negative, nanos) {
        (false, nanos) => (seconds, nanos),
        (true, 0) => (-seconds, 0),
        (true, nanos) => (-seconds - 1, 1_000_000_000 - nanos),
    })
}
