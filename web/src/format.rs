//! Numbers and dates as people read them.

use js_sys::{Date, Intl};
use wasm_bindgen::JsValue;

/// Bytes in the decimal units that registries and `docker images` use: `29.4 MB`.
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if size < 1000 {
        return format!("{size} B");
    }
    let mut value = size as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit < UNITS.len() - 1 {
        value /= 1000.0;
        unit += 1;
    }
    if value < 9.95 { format!("{value:.1} {}", UNITS[unit]) } else { format!("{value:.0} {}", UNITS[unit]) }
}

/// A whole number with its thousands set apart, for exact sizes: `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A point in time as the browser's user writes it; the text itself where it is none (RFC 3339 is expected).
pub fn date(rfc3339: &str) -> String {
    let date = Date::new(&JsValue::from_str(rfc3339));
    if date.get_time().is_nan() {
        return rfc3339.to_owned();
    }
    let options = js_sys::Object::new();
    for (key, value) in [("dateStyle", "medium"), ("timeStyle", "short")] {
        let set = js_sys::Reflect::set(&options, &key.into(), &value.into());
        set.expect("a new object takes any property");
    }
    let format = Intl::DateTimeFormat::new(&js_sys::Array::new(), &options);
    let written = format.format().call1(&JsValue::UNDEFINED, &date);
    written.ok().and_then(|text| text.as_string()).unwrap_or_else(|| rfc3339.to_owned())
}
