//! Numbers and dates as people read them, in the language that is spoken.

use std::borrow::Cow;

use js_sys::Date;
use tallyman_core::{Platform, format_bytes};
use wasm_bindgen::JsValue;

use crate::{
    browser::intl::{self, DateStyle, Decimals},
    text::locale,
};

/// Writes characters that nobody sees, control characters, and those that turn the direction of text, as their numbers: `\u{202e}`.
/// What a registry sent is then read in the order in which it is stored. Tabs and ends of lines stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    escape(text, |c| is_invisible(c) || c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

/// Writes a name of one line as [`visible`] writes a text, and tabs and ends of lines as their numbers, too.
pub fn visible_name(name: &str) -> Cow<'_, str> {
    escape(name, |c| is_invisible(c) || c.is_control())
}

fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_escaped(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

/// Returns `true` for characters without a shape: marks of text direction, joiners, fillers, separators of lines, selectors of
/// variants (but for the one that emoji are written with), tags, byte order marks.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns a platform with the version by which images for Windows differ.
pub fn platform_name(platform: &Platform) -> String {
    let name = platform.to_string();
    let parts = [name.as_str(), platform.os_version.as_str()];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    visible_name(&parts.collect::<Vec<_>>().join(" ")).into_owned()
}

/// Characters of a text that a sentence quotes.
const QUOTED_MAX: usize = 120;

/// Shortens a text that a sentence quotes, with an ellipsis for the rest.
pub fn excerpt(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(QUOTED_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Bytes as [`format_bytes`] rounds them, written in the language that is spoken: `29.4 MB`.
pub fn bytes(size: u64) -> String {
    let rounded = format_bytes(size);
    let number = match rounded.tenth {
        Some(tenth) => tenths(rounded.whole as f64 + f64::from(tenth) / 10.0),
        None => count(rounded.whole),
    };
    format!("{number} {}", rounded.unit)
}

/// A whole number with its thousands set apart: `1,234,567`.
pub fn count(number: u64) -> String {
    intl::number(&locale(), number as f64, Decimals::Whole).unwrap_or_else(|| number.to_string())
}

/// A number with one digit behind the decimal separator.
pub fn tenths(value: f64) -> String {
    intl::number(&locale(), value, Decimals::Tenths).unwrap_or_else(|| {
        let tenths = (value * 10.0).round() as u64;
        format!("{}.{}", tenths / 10, tenths % 10)
    })
}

/// The share of a whole in hundredths, without its sign: `42`.
pub fn percent(part: u64, whole: u64) -> String {
    let share = if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
    // Nothing is whole before it is.
    let hundredths = (share * 100.0).floor();
    count(if part < whole { hundredths.min(99.0) } else { 100.0 } as u64)
}

/// Milliseconds since 1970 of a point in time in RFC 3339. Returns `None` for any other text.
pub fn moment(rfc3339: &str) -> Option<f64> {
    let time = Date::new(&JsValue::from_str(rfc3339)).get_time();
    (!time.is_nan()).then_some(time)
}

/// Returns `true` for a date on which something can have been made. Reproducible builds write a fixed one of 1970 or 1980,
/// and clocks that are wrong one of the future.
pub fn is_real(rfc3339: &str) -> bool {
    /// 2 January 1980, in milliseconds since 1970.
    const FIXED_MAX: f64 = 315_619_200_000.0;
    /// A day, for clocks that go wrong by a little.
    const AHEAD_MAX: f64 = 86_400_000.0;
    moment(rfc3339).is_some_and(|time| time > FIXED_MAX && time < Date::now() + AHEAD_MAX)
}

/// A point in time as the person writes it; the text itself where it is none (RFC 3339 is expected).
pub fn date(rfc3339: &str) -> String {
    by(rfc3339, DateStyle::Minute)
}

/// A point in time that is given in seconds since 1970.
pub fn date_of_seconds(seconds: i64) -> String {
    let date = Date::new(&JsValue::from_f64(seconds as f64 * 1000.0));
    intl::date(&locale(), &date, DateStyle::Minute).unwrap_or_else(|| seconds.to_string())
}

/// The day of a point in time.
pub fn day(rfc3339: &str) -> String {
    by(rfc3339, DateStyle::Day)
}

fn by(rfc3339: &str, style: DateStyle) -> String {
    let date = Date::new(&JsValue::from_str(rfc3339));
    if date.get_time().is_nan() {
        return rfc3339.to_owned();
    }
    intl::date(&locale(), &date, style).unwrap_or_else(|| rfc3339.to_owned())
}

/// Returns the age of a point in time: `3 weeks ago`. Returns `None` if it is no point in time, or one that nobody
/// can mean.
pub fn age(rfc3339: &str) -> Option<String> {
    const UNITS: [(&str, f64); 6] = [
        ("year", 31_557_600.0),
        ("month", 2_629_800.0),
        ("week", 604_800.0),
        ("day", 86_400.0),
        ("hour", 3_600.0),
        ("minute", 60.0),
    ];
    let time = moment(rfc3339).filter(|_| is_real(rfc3339))?;
    let seconds = (time - Date::now()) / 1000.0;
    let (unit, length) = UNITS.into_iter().find(|(_, length)| seconds.abs() >= *length).unwrap_or(UNITS[5]);
    Some(intl::age(&locale(), (seconds / length).trunc(), unit))
}

#[cfg(test)]
mod tests {
    use super::{visible, visible_name};

    #[test]
    fn characters_that_turn_or_hide_text_are_shown() {
        for (text, shown) in [
            ("plain año 日本", "plain año 日本"),
            ("abc\u{202e}gnp.exe", r"abc\u{202e}gnp.exe"),
            ("a\u{200b}b\u{2066}", r"a\u{200b}b\u{2066}"),
            ("a\u{1b}[31mb\u{7}\u{9b}", r"a\u{1b}[31mb\u{7}\u{9b}"),
            ("a\tb\r\n", "a\tb\r\n"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert_eq!(visible_name("a\tb\nc\u{202e}"), r"a\u{9}b\u{a}c\u{202e}");
    }
}
