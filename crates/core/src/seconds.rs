//! Times as numbers of seconds in text.

use std::time::Duration;

/// Digits of a second's fraction that count: nanoseconds.
const PLACES: i64 = 9;

/// Returns the time that a number of seconds names, written as JSON writes numbers: `300`, `300.5`, `3e2`. A time too long for
/// nanoseconds in 64 bits, some 584 years, is that long. Returns `None` for anything else, numbers below 0 included.
///
/// By hand: the standard library's reader of fractions brings a table of 10 kB that no compression makes smaller.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(tallyman_core::seconds("0.25"), Some(Duration::from_millis(250)));
/// assert_eq!(tallyman_core::seconds("soon"), None);
/// ```
pub fn seconds(text: &str) -> Option<Duration> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let mut digits = whole.bytes().chain(fraction.bytes());
    if whole.is_empty() && fraction.is_empty() || !digits.clone().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let places = i64::try_from(whole.len()).ok()? + i64::from(exponent) + PLACES;
    let mut nanoseconds = 0_u64;
    for _ in 0..places {
        let digit = digits.next();
        if digit.is_none() && matches!(nanoseconds, 0 | u64::MAX) {
            break;
        }
        let digit = u64::from(digit.unwrap_or(b'0') - b'0');
        nanoseconds = nanoseconds.saturating_mul(10).saturating_add(digit);
    }
    Some(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn numbers_are_read_as_the_standard_library_reads_them() {
        for text in [
            "0",
            "5",
            "300.5",
            "3e2",
            "1.5E+1",
            "25e-2",
            ".5",
            "5.",
            "0.000000001",
            "1e-12",
            "00012",
            "1234567.890123456",
        ] {
            let expected = text.parse::<f64>().unwrap();
            assert!((seconds(text).unwrap().as_secs_f64() - expected).abs() < 1e-8, "{text}");
        }
        for text in ["1e999", "9223372036854775808", "123456789012345678901234567890", "1e11"] {
            assert_eq!(seconds(text).unwrap().as_nanos(), u128::from(u64::MAX), "{text}");
        }
        for text in ["", ".", "e5", "-1", "nan", "inf", "soon", "1e", "1 2", "0x10", "1.2.3", "٣"] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(seconds("0e2147483647").unwrap().as_nanos(), 0);
    }
}
