//! Numbers, dates and ages by the browser's own `Intl`, in one language at a time.

use std::cell::{OnceCell, RefCell};

use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use wasm_bindgen::JsValue;

use super::scheduler::next_task;

/// The formats of one language, each made when it is first needed: the first of all takes a browser some 20 ms.
#[derive(Default)]
struct Formats {
    locale: String,
    whole: OnceCell<Function>,
    tenths: OnceCell<Function>,
    minute: OnceCell<Function>,
    day: OnceCell<Function>,
    ages: OnceCell<Intl::RelativeTimeFormat>,
}

/// Digits behind the decimal separator.
#[derive(Clone, Copy)]
pub enum Decimals {
    /// None.
    Whole,
    /// One digit.
    Tenths,
}

/// Precision of a date.
#[derive(Clone, Copy)]
pub enum DateStyle {
    /// Day, hour and minute.
    Minute,
    /// The day alone.
    Day,
}

impl Formats {
    fn locales(&self) -> Array {
        Array::of1(&self.locale.as_str().into())
    }

    fn number(&self, decimals: Decimals) -> &Function {
        let (cell, digits): (_, &[_]) = match decimals {
            Decimals::Whole => (&self.whole, &[]),
            Decimals::Tenths => (&self.tenths, &["maximumFractionDigits", "minimumFractionDigits"]),
        };
        cell.get_or_init(|| {
            let pairs: Vec<_> = digits.iter().map(|key| (*key, 1.into())).collect();
            Intl::NumberFormat::new(&self.locales(), &options(&pairs)).format()
        })
    }

    fn date(&self, style: DateStyle) -> &Function {
        let (cell, pairs): (_, &[_]) = match style {
            DateStyle::Minute => (&self.minute, &[("dateStyle", "medium"), ("timeStyle", "short")]),
            DateStyle::Day => (&self.day, &[("dateStyle", "medium")]),
        };
        cell.get_or_init(|| {
            let pairs: Vec<_> = pairs.iter().map(|(key, value)| (*key, (*value).into())).collect();
            Intl::DateTimeFormat::new(&self.locales(), &options(&pairs)).format()
        })
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

fn with<T>(locale: &str, use_them: impl FnOnce(&Formats) -> T) -> T {
    FORMATS.with_borrow_mut(|formats| {
        if formats.as_ref().is_none_or(|formats| formats.locale != locale) {
            *formats = Some(Formats { locale: locale.to_owned(), ..Formats::default() });
        }
        use_them(formats.as_ref().expect("they were made just now"))
    })
}

/// Makes what numbers and dates take, while something else is waited for.
pub async fn prepare(locale: String) {
    // Half of what the first format takes is to find out which languages there are. The first collation finds it out, too.
    let all: [fn(&Formats); 4] = [
        |formats| _ = Intl::Collator::supported_locales_of(&formats.locales(), &Object::new()),
        |formats| _ = formats.number(Decimals::Whole),
        |formats| _ = formats.date(DateStyle::Day),
        |formats| _ = formats.ages(),
    ];
    for make in all {
        next_task().await;
        with(&locale, make);
    }
}

/// Writes a number. Returns `None` if the browser cannot.
pub fn number(locale: &str, value: f64, decimals: Decimals) -> Option<String> {
    with(locale, |formats| written(formats.number(decimals), &value.into()))
}

/// Writes a date. Returns `None` if the browser cannot.
pub fn date(locale: &str, date: &Date, style: DateStyle) -> Option<String> {
    with(locale, |formats| written(formats.date(style), date))
}

/// Writes a distance in time, negative in the past: `3 weeks ago`.
pub fn age(locale: &str, value: f64, unit: &str) -> String {
    with(locale, |formats| formats.ages().format(value, unit).into())
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
