//! Times by RFC 3339, as tables of contents have them.

use tallyman_core::days_of_date;

/// Returns the seconds since 1970 and the nanoseconds behind them of a time such as `2026-01-31T08:05:00.25+01:00`; `None`
/// if it is none.
pub(super) fn parse(text: &str) -> Option<(i64, u32)> {
    let bytes = text.as_bytes();
    let number = |from: usize, digits: usize| -> Option<i64> {
        let part = text.get(from..from + digits)?;
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators.iter().any(|(at, separator)| bytes.get(*at) != Some(separator)) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let days = days_of_date(year, month, day)?;
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = &text[19..];
    let (nanos, zone) = match rest.strip_prefix('.') {
        None => (0, rest),
        Some(rest) => {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let kept: String = rest[..digits].chars().chain("000000000".chars()).take(9).collect();
            (kept.parse().ok()?, &rest[digits..])
        }
    };
    let zone = match zone.as_bytes() {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let at = text.len() - zone.len();
            let minutes = number(at + 1, 2)? * 60 + number(at + 4, 2)?;
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - zone * 60;
    Some((seconds, nanos))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn times_are_read() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some((0, 0))),
            ("2026-01-31T08:05:00Z", Some((1_769_846_700, 0))),
            ("2026-01-31T09:05:00.25+01:00", Some((1_769_846_700, 250_000_000))),
            ("2024-02-29T23:59:59.123456789-00:30", Some((1_709_252_999, 123_456_789))),
            ("0001-01-01T00:00:00Z", Some((-62_135_596_800, 0))),
            ("1969-12-31T23:59:59Z", Some((-1, 0))),
            ("2026-13-31T08:05:00Z", None),
            ("2026-02-31T08:05:00Z", None),
            ("2026-01-31 08:05:00Z", None),
            ("2026-01-31T08:05:00", None),
            ("2026-01-31T08:05:00é", None),
            ("", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
