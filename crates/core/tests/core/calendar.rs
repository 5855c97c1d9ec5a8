use tallyman_core::{date_of_days, days_of_date};

#[test]
fn dates_have_their_days() {
    for (days, date) in [
        (0, (1970, 1, 1)),
        (-1, (1969, 12, 31)),
        (11_015, (2000, 2, 28)),
        (11_016, (2000, 2, 29)),
        (11_017, (2000, 3, 1)),
        (47_541, (2100, 3, 1)),
        (-719_162, (1, 1, 1)),
        (-719_528, (0, 1, 1)),
        (106_751_991_167_300, (292_277_026_596, 12, 4)),
    ] {
        assert_eq!(date_of_days(days), date);
        assert_eq!(days_of_date(date.0, date.1, date.2), Some(days), "{date:?}");
    }
}

#[test]
fn each_day_has_the_date_after_the_day_before() {
    let mut before = date_of_days(-300_001);
    for days in -300_000..=300_000 {
        let date = date_of_days(days);
        assert_eq!(days_of_date(date.0, date.1, date.2), Some(days), "{date:?}");
        assert!(before < date, "{before:?} is before {date:?}");
        before = date;
    }
}

#[test]
fn dates_that_the_calendar_does_not_have_are_refused() {
    for (year, month, day) in [
        (2026, 2, 29),
        (2026, 2, 31),
        (2024, 2, 30),
        (1900, 2, 29),
        (2026, 4, 31),
        (2026, 0, 1),
        (2026, 13, 1),
        (2026, 1, 0),
        (2026, 1, 32),
    ] {
        assert_eq!(days_of_date(year, month, day), None, "{year}-{month}-{day}");
    }
}
