//! The header `Retry-After`, in both of its forms.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header};

/// A year: the longest wait that is believed.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// Returns how long the server asks to wait. `None` if it asks for nothing that can be understood.
///
/// A date is measured against the `Date` of the same response, so that a wrong clock does no harm, and against `now`
/// only if there is none. At most [`LONGEST`].
pub(crate) fn requested_wait(headers: &HeaderMap, now: impl FnOnce() -> SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().map_or(LONGEST, Duration::from_secs).min(LONGEST));
    }
    let date = |text: &str| httpdate::parse_http_date(text.trim()).ok();
    let until = date(text)?;
    let sent = headers.get(header::DATE).and_then(|value| date(value.to_str().ok()?));
    Some(until.duration_since(sent.unwrap_or_else(now)).unwrap_or_default().min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(retry_after: &str, date: Option<&str>) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RETRY_AFTER, retry_after.parse().unwrap());
        if let Some(date) = date {
            headers.insert(header::DATE, date.parse().unwrap());
        }
        // 2026-03-01 12:00:00 UTC
        requested_wait(&headers, || SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_366_400))
    }

    #[test]
    fn seconds_are_taken_as_they_are_up_to_a_year() {
        for (text, expected) in [
            ("0", Duration::ZERO),
            (" 120 ", Duration::from_secs(120)),
            ("18446744073709551615", LONGEST),
            ("99999999999999999999999999", LONGEST),
        ] {
            assert_eq!(asked(text, None), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_date_is_measured_against_the_answers_own_date() {
        let until = "Sun, 01 Mar 2026 12:00:30 GMT";
        assert_eq!(asked(until, Some("Sun, 01 Mar 2026 12:00:10 GMT")), Some(Duration::from_secs(20)));
        assert_eq!(asked(until, Some("Sun, 01 Mar 2026 13:00:00 GMT")), Some(Duration::ZERO));
    }

    #[test]
    fn without_the_answers_date_the_clock_here_counts() {
        assert_eq!(asked("Sun, 01 Mar 2026 12:00:30 GMT", None), Some(Duration::from_secs(30)));
        assert_eq!(asked("Sunday, 01-Mar-26 12:00:30 GMT", None), Some(Duration::from_secs(30)));
        assert_eq!(asked("Sun, 01 Mar 2026 11:00:00 GMT", Some("yesterday")), Some(Duration::ZERO));
        assert_eq!(asked("Fri, 31 Dec 9999 23:59:59 GMT", None), Some(LONGEST));
    }

    #[test]
    fn what_is_neither_asks_for_nothing() {
        for text in ["", "soon", "-5", "1.5", "5 minutes", "٣"] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, http::HeaderValue::from_bytes(text.as_bytes()).unwrap());
            assert_eq!(requested_wait(&headers, SystemTime::now), None, "{text}");
        }
    }
}
