//! Dates of the Gregorian calendar, by days since 1 January 1970.

/// Days of 400 years, after which the Gregorian calendar repeats.
const CYCLE: i64 = 146_097;
/// Days from 1 March of the year 0 to 1 January 1970.
const EPOCH: i64 = 719_468;

/// Returns the days from 1 January 1970 to a date of the Gregorian calendar; `None` if the calendar has no such date, as
/// 31 February.
///
/// ```
/// # use tallyman_core::days_of_date;
/// assert_eq!(days_of_date(1970, 2, 1), Some(31));
/// assert_eq!(days_of_date(2026, 2, 31), None);
/// ```
#[must_use]
pub const fn days_of_date(year: i64, month: i64, day: i64) -> Option<i64> {
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => return None,
    };
    if day < 1 || day > length {
        return None;
    }
    // Years begin in March here, so that the day that leap years have comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Some(365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - EPOCH)
}

/// Returns year, month and day of the Gregorian calendar, by the days since 1 January 1970.
///
/// ```
/// # use tallyman_core::date_of_days;
/// assert_eq!(date_of_days(31), (1970, 2, 1));
/// ```
#[must_use]
pub const fn date_of_days(days: i64) -> (i64, i64, i64) {
    let days = days + EPOCH;
    let day_of_cycle = days.rem_euclid(CYCLE);
    // The years that end before the day: every 4th has a day more, every 100th but the 400th has not.
    let year_of_cycle =
        (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36_524 - day_of_cycle / (CYCLE - 1)) / 365;
    let day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = days.div_euclid(CYCLE) * 400 + year_of_cycle;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}
