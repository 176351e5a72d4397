//! The delivery table: what a response, or its absence, proves about a call.
//!
//! Errors, retries and everything that sends activities use only this table. When in doubt, the delivery is
//! [`Delivery::Unknown`]. An activity is then looked up, so that it is neither lost nor stored twice.
//!
//! | seen | delivery |
//! |---|---|
//! | refused by this program; no connection; nothing of the request left | `NotSent` |
//! | the CRM's own complete response: stored, with or without a valid ID | `Delivered`, done |
//! | the CRM's own complete response: refused, with any code except 500 | `Delivered`, refused |
//! | the CRM's code 500 that names a value of the record | `Delivered`, refused |
//! | the CRM's code 500 that names the account's settings | `Delivered`, refused |
//! | a status of [`REFUSING`] | `Delivered`, refused |
//! | anything else, with or without `Retry-After` | `Unknown` |

use http::StatusCode;

use super::{Delivery, Refusal};

/// What was seen of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nothing of the request left this program.
    Nothing,
    /// The CRM's own complete response says that it carried out the call.
    Done,
    /// The CRM's own complete response refuses the call.
    Refused(Refusal),
    /// Anything else: a timeout, a lost connection, half a response, a page, or JSON from something in between.
    Other,
}

/// The statuses that are always sent before anything is done. 403, 406, 408 and 499 are not among them, because a
/// firewall or proxy may also send them after the CRM has stored the activity.
const REFUSING: [u16; 16] = [301, 308, 400, 401, 404, 405, 407, 411, 413, 414, 415, 417, 421, 426, 429, 431];

/// The table. `status` is the HTTP status of the answer, if there was an answer.
pub(super) fn delivery(seen: Seen, status: Option<StatusCode>) -> Delivery {
    let failed = status.is_some_and(|status| status.is_server_error());
    match seen {
        Seen::Nothing => Delivery::NotSent,
        Seen::Done => Delivery::Delivered,
        Seen::Refused(Refusal::ServerFault) => Delivery::Unknown,
        Seen::Refused(_) if failed => Delivery::Unknown,
        Seen::Refused(_) => Delivery::Delivered,
        Seen::Other if status.is_some_and(|status| REFUSING.contains(&status.as_u16())) => {
            Delivery::Delivered
        }
        Seen::Other => Delivery::Unknown,
    }
}

/// Returns what the CRM's own code 500 is about. Its text ends with the number of the database's error, as in
/// `Incorrect string value: … в строке 1366` (observed).
///
/// The server stores an activity before it updates the client. So a text that names neither a value nor the settings may
/// follow an activity that is stored.
pub(super) fn refusal_of_code_500(text: &str) -> Refusal {
    let digits = text.trim_end().trim_end_matches('.');
    let number = digits.rsplit_once("в строке ").map_or("", |(_, number)| number.trim());
    match number {
        // Out of range, incorrect date, incorrect string, too long.
        "1264" | "1292" | "1366" | "1406" => Refusal::Value,
        "1298" => Refusal::AccountSettings, // unknown time zone
        _ => Refusal::ServerFault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seen: Seen, status: u16) -> Delivery {
        delivery(seen, Some(StatusCode::from_u16(status).unwrap()))
    }

    #[test]
    fn every_status_without_the_crms_own_answer_is_unknown_unless_the_table_names_it() {
        let refusing: Vec<u16> =
            (100..1000).filter(|&status| after(Seen::Other, status) == Delivery::Delivered).collect();
        assert_eq!(refusing, REFUSING);
        for status in [200, 302, 403, 406, 408, 410, 422, 499, 500, 502, 503, 504, 520, 524] {
            assert_eq!(after(Seen::Other, status), Delivery::Unknown, "{status}");
        }
        assert_eq!(delivery(Seen::Other, None), Delivery::Unknown);
    }

    #[test]
    fn the_crms_own_refusal_counts_unless_the_server_failed() {
        assert_eq!(after(Seen::Refused(Refusal::Other), 200), Delivery::Delivered);
        assert_eq!(after(Seen::Refused(Refusal::Auth), 403), Delivery::Delivered);
        assert_eq!(after(Seen::Refused(Refusal::Auth), 503), Delivery::Unknown);
        assert_eq!(after(Seen::Refused(Refusal::ServerFault), 200), Delivery::Unknown);
    }

    #[test]
    fn only_the_number_at_the_end_of_a_text_says_what_a_code_500_is_about() {
        for (text, refusal) in [
            ("Out of range value for column 'clid' at row 1 в строке 1264", Refusal::Value),
            ("Incorrect datetime value: 'x' for column 'datum' в строке 1292", Refusal::Value),
            ("Incorrect string value: '\\xF0' for column 'des' в строке 1366 ", Refusal::Value),
            ("Data too long for column 'tip' в строке 1406.", Refusal::Value),
            ("Unknown or incorrect time zone: '+-5:00' в строке 1298", Refusal::AccountSettings),
            ("Unknown column 'last_hist' in 'SET' в строке 1054", Refusal::ServerFault),
            ("near 'ошибка в строке 1366' в строке 1064", Refusal::ServerFault),
            ("в строке 13660", Refusal::ServerFault),
            ("1366", Refusal::ServerFault),
            ("", Refusal::ServerFault),
        ] {
            assert_eq!(refusal_of_code_500(text), refusal, "{text}");
        }
    }
}
