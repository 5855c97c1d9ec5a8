//! Times as they are printed.

use tallyman_core::date_of_days;

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Returns a time in milliseconds since 1970 by RFC 3339, in UTC and to the second: `2026-01-31T08:05:00Z`.
pub(super) fn utc(milliseconds: f64) -> String {
    let milliseconds = milliseconds as i64;
    let (days, rest) = (milliseconds.div_euclid(DAY), milliseconds.rem_euclid(DAY) / 1000);
    let (year, month, day) = date_of_days(days);
    let (hours, minutes, seconds) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}Z")
}

/// Returns a time in seconds since 1970 in UTC and to the minute: `2026-06-15 09:30`.
pub(super) fn minute(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date_of_days(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", rest / 3600, rest % 3600 / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_printed_by_rfc_3339() {
        for (seconds, expected) in [
            (0_i64, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_164_799, "2024-02-28T23:59:59Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(utc(seconds as f64 * 1000.0), expected);
        }
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00"),
            (951_782_399, "2000-02-28 23:59"),
            (951_868_740, "2000-02-29 23:59"),
            (951_868_800, "2000-03-01 00:00"),
            (1_781_515_800, "2026-06-15 09:30"),
            (4_107_542_400, "2100-03-01 00:00"),
            (-1, "1969-12-31 23:59"),
            (i64::MAX, "292277026596-12-04 15:30"),
        ] {
            assert_eq!(minute(seconds), text);
        }
    }
}
