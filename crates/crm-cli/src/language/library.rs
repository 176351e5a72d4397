//! What the libraries say: errors, refusals, losses. They say it in English, and `library.ru.ftl` says it in Russian.

use crm::Error;
use crm::history::{AddOutcome, Loss, LossKind, NotSentReason, OutcomeReason, Rejection, UnknownReason};
use crm::{ExportFigures, Verdict};

use super::{Language, Messages, Value};

impl Messages {
    /// Returns an error as a text for people.
    pub(crate) fn error(&self, error: &Error) -> String {
        if self.language() == Language::English {
            return error.to_string();
        }
        let mut text = error.operation().map(|operation| format!("{operation}: ")).unwrap_or_default();
        // Everybody gives an address. Other settings are rare.
        let id = match (error.id(), error.field()) {
            ("invalid-setting", Some("address")) => "invalid-address",
            ("storage", _) if error.message().contains(" postgres://") => "storage-database",
            (id, _) => id,
        };
        text += &self.text(&format!("library-error-{id}"));
        if let Some(api) = error.api_text() {
            let code = error.api_code().map(|code| format!("{code} ")).unwrap_or_default();
            text += &format!(": {code}«{}»", one_line(api));
        }
        if let Some(path) = error.json_path() {
            text += &format!(" ({path})");
        }
        if let Some(status) = error.http_status() {
            text += &format!(" (HTTP {status})");
        }
        if error.is_write() {
            let delivery = if error.is_done() { "done" } else { error.delivery().as_str() };
            let certainty = format!("library-write-{}", delivery.replace('_', "-"));
            if self.has(&certainty) {
                text += &format!("; {}", self.text(&certainty));
            }
        }
        let message = self.beside_name(error.message());
        match error.field() {
            // The name of the error says what the address is.
            Some(field) if !message.is_empty() && id != "invalid-address" => {
                text += &format!("; {field}: {message}")
            }
            _ if !message.is_empty() => text += &format!("; {message}"),
            _ => {}
        }
        match error.advice().map(|advice| self.beside_name(advice)) {
            Some(advice) if !advice.is_empty() => text += &format!("; {advice}"),
            _ => {}
        }
        if let Some(wait) = error.retry_after().filter(|wait| !wait.is_zero() && error.is_retryable()) {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            text += &format!("; {}", self.format("library-come-back", &[("seconds", seconds.into())]));
        }
        if error.attempts() > 1 {
            text += &format!("; {}", self.format("library-attempts", &[("count", error.attempts().into())]));
        }
        format!("{text} [{}]", error.id())
    }

    /// Returns the cause of a failed connection, in Russian where it is known.
    pub(crate) fn cause(&self, english: &str) -> String {
        let known = (self.language() == Language::Russian).then(|| self.known_cause(english)).flatten();
        known.unwrap_or_else(|| english.to_owned())
    }

    /// Returns the cause of a failed connection in Russian, by the words of other libraries.
    pub(super) fn known_cause(&self, english: &str) -> Option<String> {
        let (_, name) = CAUSES.iter().find(|(words, _)| english.contains(words))?;
        Some(self.text(name))
    }

    /// Returns an outcome that is not simply "stored".
    pub(crate) fn outcome(&self, outcome: &AddOutcome, reason: Option<&OutcomeReason>) -> String {
        if self.language() == Language::English {
            return outcome.to_string();
        }
        match (outcome, reason) {
            (AddOutcome::Rejected(rejection), _) => self.rejection(rejection),
            (_, Some(OutcomeReason::NotSent(reason))) => {
                self.format("library-not-sent", &[("reason", self.not_sent(reason).into())])
            }
            (_, Some(OutcomeReason::Unknown(reason))) => {
                self.format("library-unknown", &[("reason", self.unknown(reason).into())])
            }
            _ => self.of_library(&outcome.to_string()),
        }
    }

    fn rejection(&self, rejection: &Rejection) -> String {
        let text = one_line(&rejection.text);
        match rejection.code {
            Some(code) => {
                self.format("library-refused-by-server", &[("code", code.into()), ("text", text.into())])
            }
            None => self.format("library-refused-by-us", &[("text", text.into())]),
        }
    }

    /// Returns why activities are not sent.
    pub(crate) fn not_sent(&self, reason: &NotSentReason) -> String {
        if self.language() == Language::English {
            return reason.to_string();
        }
        let with_text = |name: &str, text: &str| self.format(name, &[("text", self.of_library(text).into())]);
        match reason {
            NotSentReason::Cancelled => self.text("library-cancelled"),
            NotSentReason::DryRun => self.text("library-dry-run"),
            NotSentReason::KeyRefused(text) => with_text("library-key-refused", text),
            NotSentReason::AccountSetting(text) => with_text("library-account-setting", text),
            NotSentReason::ServerDown { since, last } => self.format(
                "library-server-down",
                &[("seconds", since.as_secs().into()), ("text", self.of_library(last).into())],
            ),
            NotSentReason::RateLimited { retry_after } => {
                self.format("library-rate-limited", &[("seconds", retry_after.as_secs().into())])
            }
            NotSentReason::Refused(text) => with_text("library-request-refused", text),
            NotSentReason::Storage(text) => with_text("library-storage", text),
            NotSentReason::NoAnswer(text) => with_text("library-no-answer", text),
            NotSentReason::ZoneMissing => self.text("library-zone-missing"),
            NotSentReason::PerhapsChanged { missing, known } => {
                let name = if *known == 0 { "library-other-input" } else { "library-perhaps-changed" };
                self.format(name, &[("missing", (*missing).into())])
            }
            other => self.of_library(&other.to_string()),
        }
    }

    fn unknown(&self, reason: &UnknownReason) -> String {
        match reason {
            UnknownReason::Ended(reason) => {
                self.format("library-ended", &[("reason", self.not_sent(reason).into())])
            }
            UnknownReason::RefusedWithoutWitness(answer) => {
                self.format("library-refused-without-witness", &[("text", self.of_library(answer).into())])
            }
            UnknownReason::ListNotBelievable(why) => {
                self.format("library-list-not-believable", &[("text", self.of_library(why).into())])
            }
            UnknownReason::ListShowsNothing => self.text("library-list-shows-nothing"),
            UnknownReason::EqualWithoutTime(id) => {
                self.format("library-equal-without-time", &[("id", id.to_string().into())])
            }
            UnknownReason::Similar(id) => self.format("library-similar", &[("id", id.to_string().into())]),
            UnknownReason::Unreadable => self.text("library-unreadable"),
            UnknownReason::Unsteady => self.text("library-unsteady"),
            other => self.of_library(&other.to_string()),
        }
    }

    /// Returns what the server changes in an activity.
    pub(crate) fn loss(&self, loss: &Loss) -> String {
        if self.language() == Language::English {
            return loss.to_string();
        }
        let count = |name: &str, count: usize| self.format(name, &[("count", (count as u64).into())]);
        let text = match loss.kind {
            LossKind::Characters { count: n } => count("library-loss-characters", n),
            LossKind::LineBreaks { count: n } => count("library-loss-line-breaks", n),
            LossKind::Tags { count: n, .. } => count("library-loss-tags", n),
            LossKind::UnclosedTag { position, characters } => self.format(
                "library-loss-unclosed-tag",
                &[("position", (position as u64).into()), ("count", (characters as u64).into())],
            ),
            LossKind::Whitespace { count: n } => count("library-loss-whitespace", n),
            LossKind::BeyondBmp { count: n } => count("library-loss-emoji", n),
            LossKind::TooLong { over, .. } => count("library-loss-too-long", over),
            LossKind::Contacts { lost, .. } => count("library-loss-contacts", lost),
            LossKind::IdTooLarge { limit } => {
                self.format("library-loss-id", &[("limit", limit.to_string().into())])
            }
            LossKind::Unlinked => self.text("library-loss-unlinked"),
            LossKind::Emptied => self.text("library-loss-emptied"),
            LossKind::Date => self.text("library-loss-date"),
            _ => return self.of_library(&loss.to_string()),
        };
        format!("{}: {text}", loss.field)
    }

    /// Returns what the server changes in an activity, as sentences for people.
    pub(crate) fn remarks(&self, losses: &[Loss]) -> Vec<String> {
        let is_unlinked = |loss: &&Loss| loss.kind == LossKind::Unlinked;
        let (unlinked, changed): (Vec<&Loss>, Vec<&Loss>) = losses.iter().partition(is_unlinked);
        let mut remarks = Vec::new();
        if !changed.is_empty() {
            let losses: Vec<String> = changed.iter().map(|loss| self.loss(loss)).collect();
            remarks.push(self.format("import-changed", &[("losses", losses.join("; ").into())]));
        }
        remarks.extend(unlinked.first().map(|_| self.text("import-unlinked")));
        remarks
    }

    /// Returns the verdict of an export.
    pub(crate) fn verdict(&self, verdict: &Verdict) -> String {
        if self.language() == Language::English {
            return verdict.to_string();
        }
        let figures: Value<'_> = self.figures(verdict.figures()).into();
        match verdict {
            Verdict::Complete { .. } if verdict.is_complete() => {
                self.format("library-complete", &[("figures", figures)])
            }
            Verdict::Complete { .. } => self.format("library-some-unreadable", &[("figures", figures)]),
            Verdict::Shifted { .. } => self.format("library-shifted", &[("figures", figures)]),
            Verdict::Contradicted { cause, .. } => self
                .format("library-contradicted", &[("figures", figures), ("error", self.error(cause).into())]),
            Verdict::Truncated { cause, .. } => {
                self.format("library-truncated", &[("figures", figures), ("error", self.error(cause).into())])
            }
            other => self.of_library(&other.to_string()),
        }
    }

    fn figures(&self, figures: &ExportFigures) -> String {
        let ExportFigures { records, unreadable, left_out, as_listed, repaired, moved_up, .. } = *figures;
        let mut text = self.format("library-figures", &[("records", records.into())]);
        for (count, name) in [
            (unreadable, "library-figure-unreadable"),
            (left_out, "library-figure-left-out"),
            (as_listed, "library-figure-as-listed"),
            (repaired, "library-figure-repaired"),
            (moved_up, "library-figure-moved-up"),
            (figures.contradictions, "library-figure-contradictions"),
        ] {
            if count > 0 {
                text += &format!(", {}", self.format(name, &[("count", count.into())]));
            }
        }
        text
    }
}

/// Causes that other libraries report, by words of the English message.
const CAUSES: &[(&str, &str)] = &[
    ("Connection refused", "library-cause-refused"),
    ("dns error", "library-cause-unknown-name"),
    ("failed to lookup address", "library-cause-unknown-name"),
    ("Name or service not known", "library-cause-unknown-name"),
    ("TLS handshake: invalid peer certificate: UnknownIssuer", "library-cause-database-authority"),
    ("UnknownIssuer", "library-cause-authority"),
    ("self-signed", "library-cause-authority"),
    ("No CA certificates", "library-cause-no-authorities"),
    ("certificate not valid for name", "library-cause-name"),
    ("certificate expired", "library-cause-expired"),
    ("certificate", "library-cause-certificate"),
    ("InvalidContentType", "library-cause-no-tls"),
    ("HandshakeFailure", "library-cause-no-tls"),
    ("timed out", "library-cause-timeout"),
];

/// The words of a server on one line, without control characters.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_russian_text() {
        let messages = Messages::new(Language::Russian);
        let missing: Vec<&&str> =
            Error::IDS.iter().filter(|id| !messages.has(&format!("library-error-{id}"))).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_russian_text_of_an_error_says_what_to_do() {
        const ADVICE: [&str; 14] = [
            "проверьте",
            "попробуйте",
            "исправьте",
            "исправить",
            "посмотрите",
            "выполните",
            "укажите",
            "запросите",
            "измените",
            "не отправляйте",
            "запустите",
            "не доверяйте",
            "установите",
            "уменьшите",
        ];
        let messages = Messages::new(Language::Russian);
        for id in Error::IDS {
            let text = messages.text(&format!("library-error-{id}"));
            assert!(ADVICE.iter().any(|advice| text.contains(advice)), "{id}: {text}");
        }
    }

    #[test]
    fn every_fault_of_an_address_is_said_in_russian_alone() {
        use crm::history::{ApiKey, HistoryClient};

        let messages = Messages::new(Language::Russian);
        for address in [
            "",
            "ftp://a",
            "https://",
            "https://host?x",
            "https://host/#top",
            "https://u:p@host",
            "https://host:99999",
            "https://ho st",
            "http://crm.example.ru",
        ] {
            let error = HistoryClient::builder(address).credentials(ApiKey::new("k", "l")).build().err();
            let text = error.map(|error| messages.error(&error)).unwrap_or_default();
            assert!(
                text.contains("адрес") || text.contains("http") || text.contains("xn--"),
                "{address}: {text}"
            );
            assert!(!text.contains("подробности"), "{address}: {text}");
        }
    }
}
