//! Numbers and dates as people read them, in the language that is spoken.

use std::{
    borrow::Cow,
    cell::{OnceCell, RefCell},
};

use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use wasm_bindgen::JsValue;

use crate::{browser::scheduler::next_task, text::locale};

/// The browser's own formats of one language, each made when it is first needed: the first of all takes a browser some
/// 20 ms.
#[derive(Default)]
struct Formats {
    locale: String,
    number: OnceCell<Function>,
    short: OnceCell<Function>,
    date: OnceCell<Function>,
    day: OnceCell<Function>,
    ages: OnceCell<Intl::RelativeTimeFormat>,
}

impl Formats {
    fn new(locale: String) -> Self {
        Self { locale, ..Self::default() }
    }

    fn locales(&self) -> Array {
        Array::of1(&self.locale.as_str().into())
    }

    fn numbers(&self, pairs: &[(&str, JsValue)]) -> Function {
        Intl::NumberFormat::new(&self.locales(), &options(pairs)).format()
    }

    fn dates(&self, pairs: &[(&str, JsValue)]) -> Function {
        Intl::DateTimeFormat::new(&self.locales(), &options(pairs)).format()
    }

    fn number(&self) -> &Function {
        self.number.get_or_init(|| self.numbers(&[]))
    }

    fn short(&self) -> &Function {
        let digits = |key| (key, 1.into());
        self.short
            .get_or_init(|| self.numbers(&["maximumFractionDigits", "minimumFractionDigits"].map(digits)))
    }

    fn date(&self) -> &Function {
        self.date.get_or_init(|| self.dates(&[("dateStyle", "medium".into()), ("timeStyle", "short".into())]))
    }

    fn day(&self) -> &Function {
        self.day.get_or_init(|| self.dates(&[("dateStyle", "medium".into())]))
    }

    fn ages(&self) -> &Intl::RelativeTimeFormat {
        self.ages.get_or_init(|| {
            Intl::RelativeTimeFormat::new(&self.locales(), &options(&[("numeric", "auto".into())]))
        })
    }
}

thread_local! {
    static FORMATS: RefCell<Option<Formats>> = const { RefCell::new(None) };
}

fn with<T>(use_them: impl FnOnce(&Formats) -> T) -> T {
    FORMATS.with_borrow_mut(|formats| {
        let locale = locale();
        if formats.as_ref().is_none_or(|formats| formats.locale != locale) {
            *formats = Some(Formats::new(locale));
        }
        use_them(formats.as_ref().expect("they were made just now"))
    })
}

/// Makes what numbers and dates take, while something else is waited for.
pub async fn prepare() {
    // Half of what the first format takes is to find out which languages there are. The first collation finds it out, too.
    let all: [fn(&Formats); 4] = [
        |formats| _ = Intl::Collator::supported_locales_of(&formats.locales(), &Object::new()),
        |formats| _ = formats.number(),
        |formats| _ = formats.day(),
        |formats| _ = formats.ages(),
    ];
    for make in all {
        next_task().await;
        with(make);
    }
}

fn options(pairs: &[(&str, JsValue)]) -> Object {
    let options = Object::new();
    for (key, value) in pairs {
        let set = Reflect::set(&options, &(*key).into(), value);
        set.expect("a new object takes any property");
    }
    options
}

fn written(format: &Function, value: &JsValue) -> Option<String> {
    format.call1(&JsValue::UNDEFINED, value).ok()?.as_string()
}

/// Writes characters that nobody sees, and those that turn the direction of text, as their numbers: `\u{202e}`. What a
/// registry sent is then read in the order in which it is stored.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().flat_map(|c| {
        let escaped = is_invisible(c).then(|| c.escape_unicode());
        escaped.into_iter().flatten().chain((!is_invisible(c)).then_some(c))
    });
    Cow::Owned(shown.collect())
}

/// Returns `true` for characters without a shape: marks of text direction, joiners, byte order marks.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

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
    let number = if value < 9.95 {
        with(|formats| written(formats.short(), &value.into())).unwrap_or_else(|| format!("{value:.1}"))
    } else {
        count(value.round() as u64)
    };
    format!("{number} {}", UNITS[unit])
}

/// A whole number with its thousands set apart: `1,234,567`.
pub fn count(number: u64) -> String {
    with(|formats| written(formats.number(), &(number as f64).into())).unwrap_or_else(|| number.to_string())
}

/// Milliseconds since 1970 of a point in time in RFC 3339; nothing where it is none.
pub fn moment(rfc3339: &str) -> Option<f64> {
    let time = Date::new(&JsValue::from_str(rfc3339)).get_time();
    (!time.is_nan()).then_some(time)
}

/// A point in time as the person writes it; the text itself where it is none (RFC 3339 is expected).
pub fn date(rfc3339: &str) -> String {
    by(rfc3339, Formats::date)
}

/// The day of a point in time.
pub fn day(rfc3339: &str) -> String {
    by(rfc3339, Formats::day)
}

fn by(rfc3339: &str, which: fn(&Formats) -> &Function) -> String {
    let date = Date::new(&JsValue::from_str(rfc3339));
    if date.get_time().is_nan() {
        return rfc3339.to_owned();
    }
    with(|formats| written(which(formats), &date)).unwrap_or_else(|| rfc3339.to_owned())
}

/// Returns the age of a point in time: `3 weeks ago`. Returns `None` if it is no point in time, or one that nobody can mean:
/// reproducible builds date their images to 1970.
pub fn age(rfc3339: &str) -> Option<String> {
    const UNITS: [(&str, f64); 6] = [
        ("year", 31_557_600.0),
        ("month", 2_629_800.0),
        ("week", 604_800.0),
        ("day", 86_400.0),
        ("hour", 3_600.0),
        ("minute", 60.0),
    ];
    let time = moment(rfc3339).filter(|time| *time > 86_400_000.0)?;
    let seconds = (time - Date::now()) / 1000.0;
    let (unit, length) = UNITS.into_iter().find(|(_, length)| seconds.abs() >= *length).unwrap_or(UNITS[5]);
    Some(with(|formats| formats.ages().format((seconds / length).trunc(), unit).into()))
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn characters_that_turn_or_hide_text_are_shown() {
        for (text, shown) in [
            ("plain año 日本", "plain año 日本"),
            ("abc\u{202e}gnp.exe", r"abc\u{202e}gnp.exe"),
            ("a\u{200b}b\u{2066}", r"a\u{200b}b\u{2066}"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }
}
