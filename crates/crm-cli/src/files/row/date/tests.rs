use super::*;

fn moscow() -> Dates {
    Dates { has_zone: true, ..Dates::default() }
}

fn text(text: &str) -> Cell {
    Cell::Text(text.to_owned())
}

/// The time in Moscow.
fn shown(when: When) -> String {
    match when {
        When::Local(at) => at.to_string(),
        When::Instant(instant) => (instant.naive_utc() + TimeDelta::hours(3)).to_string(),
    }
}

fn read(dates: &Dates, cell: &Cell) -> Result<String, DateFault> {
    dates.read(cell, &Cell::Empty).map(|when| when.map(shown).unwrap_or_default())
}

fn at(time: &str) -> Result<String, DateFault> {
    Ok(time.to_owned())
}

#[test]
fn dates_that_mean_one_time_are_read() {
    for written in [
        "2025-03-03 09:07:00",
        "2025-03-03 09:07",
        "2025-03-03T09:07:00",
        "2025-03-03T09:07:00+03:00",
        "2025-03-03T06:07:00Z",
        "2025-03-03T06:07:00.000Z",
        "2025-03-03 12:07 +0600",
        "2025-03-03 01:07-05",
        "03.03.2025 09:07",
        "3.3.2025 9:07",
        "3.3.25 9:07",
        "03.03.2025, 09:07:00",
        "03.03.2025 г. 09:07",
        "03.03.2025г. 9:07",
        " 03.03.2025\u{a0}09:07 ",
        "2025/03/03 09:07",
        "2025-3-3 9:07",
        "2025.03.03 09:07",
        "20250303090700",
        "2025-03-03 09:07:00.250",
        "'2025-03-03 09:07",
        "3 марта 2025 г. 9:07",
        "3 мар. 2025, 9:07",
        "03-мар-2025 09:07",
        "3 March 2025 9:07",
        "2025-03-03 06:07 UTC",
    ] {
        assert_eq!(read(&moscow(), &text(written)), at("2025-03-03 09:07:00"), "{written}");
    }
    for written in ["2025-03-03", "03.03.2025", "20250303", "03.03.2025 г."] {
        assert_eq!(read(&moscow(), &text(written)), at("2025-03-03 00:00:00"), "{written}");
    }
}

#[test]
fn dates_that_mean_nothing_or_two_times_are_refused_with_the_reason() {
    use DateFault::*;
    for (written, fault) in [
        ("0000-00-00 00:00:00", Zero),
        ("0000-00-00", Zero),
        ("00.00.0000", Zero),
        ("0", Zero),
        ("00000000", Zero),
        ("0000-01-01", Zero),
        ("2025-02-30 10:00", NoSuchTime),
        ("31.06.2025", NoSuchTime),
        ("2025-03-03 24:00:00", NoSuchTime),
        ("2025-03-03 09:07:61", NoSuchTime),
        ("20251301", NoSuchTime),
        ("03/04/2025 09:07", Ambiguous),
        ("03-04-2025", Ambiguous),
        ("24-06-25 14:25", Ambiguous),
        ("3/4/25", Ambiguous),
        ("завтра", Unreadable),
        ("3 мартобря 2025", Unreadable),
        ("31 июня 2025", NoSuchTime),
        ("3 марта", Unreadable),
        ("вчера 09:07", Unreadable),
        ("2025", Unreadable),
        ("2025-03", Unreadable),
        ("2025-03-03 14", Unreadable),
        ("2025-03-03 9:7", Unreadable),
        ("2025-03-03 09:07 PM", Unreadable),
        ("true", Unreadable),
        ("1740982020", LooksUnix),
        ("1740982020000", LooksUnix),
        ("45719", LooksSerial),
        ("45719,3798611111", LooksSerial),
        ("45719.38", LooksSerial),
        ("1900-01-01", OutOfRange),
        ("1970-01-01", OutOfRange),
        ("2038-01-19", OutOfRange),
        ("31.12.9999", OutOfRange),
        ("2025-03-03T09:07:00+99:00", Unreadable),
        ("2025-03-03 09:07 завтра", Unreadable),
        ("2025-03-03 09:07:00:00", Unreadable),
        ("-", Unreadable),
        ("2025-03-03-04", Unreadable),
        ("09:07", Unreadable),
        ("2025-03-03 +03:00", Unreadable),
    ] {
        assert_eq!(read(&moscow(), &text(written)), Err(fault), "{written}");
    }
}

#[test]
fn a_moment_needs_the_zone_of_the_account() {
    for written in ["2025-03-03T09:07:00+03:00", "2025-03-03T06:07:00Z"] {
        assert_eq!(read(&Dates::default(), &text(written)), Err(DateFault::ZoneNeeded), "{written}");
    }
    let unix = Dates { format: DateFormat::Unix, ..Dates::default() };
    assert_eq!(read(&unix, &text("1740982020")), Err(DateFault::ZoneNeeded));
}

#[test]
fn unix_seconds_and_day_numbers_are_read_in_text_only_if_they_were_asked_for() {
    let unix = Dates { format: DateFormat::Unix, ..moscow() };
    for cell in [text("1740982020"), text("1740982020.25"), Cell::Number(1_740_982_020.0)] {
        assert_eq!(read(&unix, &cell), at("2025-03-03 09:07:00"));
    }
    assert_eq!(read(&unix, &text("0")), Err(DateFault::Zero));
    assert_eq!(read(&unix, &text("2025-03-03")), Err(DateFault::Unreadable));
    let serial = Dates { format: DateFormat::Serial, ..moscow() };
    assert_eq!(read(&serial, &text("45719,3798611111")), at("2025-03-03 09:07:00"));
    assert_eq!(read(&serial, &text("03.03.2025")), at("2025-03-03 00:00:00"));
}

#[test]
fn a_pattern_decides_what_is_ambiguous() {
    let dates = |pattern: &str| Dates { format: DateFormat::Pattern(pattern.to_owned()), ..moscow() };
    assert_eq!(read(&dates("%d/%m/%Y %H:%M"), &text("03/04/2025 09:07")), at("2025-04-03 09:07:00"));
    assert_eq!(read(&dates("%m/%d/%Y"), &text("03/04/2025")), at("2025-03-04 00:00:00"));
    assert_eq!(read(&dates("%Y-%m-%d %H:%M%z"), &text("2025-03-03 06:07+0000")), at("2025-03-03 09:07:00"));
    assert_eq!(read(&dates("%m/%d/%Y"), &text("2025-03-04")), Err(DateFault::Unreadable));
    assert_eq!(DateFormat::from_text("%d.%m"), Some(DateFormat::Pattern("%d.%m".to_owned())));
    assert_eq!(DateFormat::from_text("unix"), Some(DateFormat::Unix));
    assert_eq!(DateFormat::from_text("dmy"), None);
}

#[test]
fn day_numbers_of_a_spreadsheet_are_dates_rounded_to_the_second() {
    let day = |number| read(&moscow(), &Cell::Number(number));
    assert_eq!(day(45_719.379_861_111_1), at("2025-03-03 09:07:00"));
    assert_eq!(day(45_719.0), at("2025-03-03 00:00:00"));
    assert_eq!(day(20_250_303.0), at("2025-03-03 00:00:00"));
    assert_eq!(day(0.0), Err(DateFault::Zero));
    assert_eq!(day(0.38), Err(DateFault::TimeOnly));
    assert_eq!(day(1_740_982_020.0), Err(DateFault::LooksUnix));
    assert_eq!(day(-1.0), Err(DateFault::Unreadable));
    let since_1904 = Dates { is_1904: true, ..moscow() };
    assert_eq!(read(&since_1904, &Cell::Number(44257.0)), at("2025-03-03 00:00:00"));
}

#[test]
fn a_column_of_times_completes_a_date_without_one() {
    let day = text("03.03.2025");
    let read = |date: &Cell, time: &Cell| moscow().read(date, time).map(|when| when.map(shown));
    for time in
        [text("9:07"), text("09:07:00"), Cell::Duration(0.379_861_111_1), Cell::Number(0.379_861_111_1)]
    {
        assert_eq!(read(&day, &time), Ok(Some("2025-03-03 09:07:00".to_owned())), "{time:?}");
    }
    let whole = text("03.03.2025 09:07");
    assert_eq!(read(&whole, &text("09:07")), Ok(Some("2025-03-03 09:07:00".to_owned())));
    assert_eq!(read(&whole, &text("10:07")), Err(DateFault::TwoTimes));
    assert_eq!(read(&text("2025-03-03T06:07Z"), &text("09:07")), Err(DateFault::TwoTimes));
    assert_eq!(read(&Cell::Empty, &text("10:07")), Err(DateFault::TimeOnly));
    assert_eq!(read(&day, &text("утром")), Err(DateFault::Unreadable));
    assert_eq!(read(&Cell::Empty, &Cell::Empty), Ok(None));
}

#[test]
fn a_missing_date_is_the_time_of_the_import_only_where_no_row_has_one() {
    let needed = Dates { is_needed: true, ..moscow() };
    assert_eq!(read(&needed, &Cell::Empty), Err(DateFault::Missing));
    assert_eq!(read(&needed, &text(" ")), Err(DateFault::Missing));
    assert_eq!(read(&moscow(), &Cell::Empty), at(""));
}
