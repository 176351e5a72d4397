//! The two languages of the reference.

use crate::codegen::source::{Evidence, Words};

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Language {
    En,
    Ru,
}

impl Language {
    pub(crate) fn folder(self) -> &'static str {
        self.choose("en", "ru")
    }

    pub(crate) fn choose<'a>(self, en: &'a str, ru: &'a str) -> &'a str {
        match self {
            Self::En => en,
            Self::Ru => ru,
        }
    }

    pub(crate) fn of(self, words: &Words) -> &str {
        self.choose(&words.en, &words.ru)
    }

    /// Returns a grade: `observed 2026-06`.
    pub(super) fn grade(self, grade: &str) -> String {
        match (self, grade) {
            (Self::En, _) => grade.to_owned(),
            (Self::Ru, "documented") => "документировано".to_owned(),
            (Self::Ru, "assumed") => "предположение".to_owned(),
            (Self::Ru, other) => other.replace("observed", "наблюдалось"),
        }
    }

    /// Returns a grade as a sentence: `*Observed 2026-06.*`
    pub(super) fn grade_sentence(self, grade: &str) -> String {
        format!("*{}.*", capitalized(&self.grade(grade)))
    }

    /// Returns the grades of the parts of an item: one grade if they agree, otherwise each grade with its parts.
    fn grades(self, parts: &[(&str, &str)]) -> String {
        let mut by_grade: Vec<(&str, Vec<&str>)> = Vec::new();
        for (part, grade) in parts {
            match by_grade.iter_mut().find(|(known, _)| known == grade) {
                Some((_, parts)) => parts.push(part),
                None => by_grade.push((grade, vec![part])),
            }
        }
        match &by_grade[..] {
            [(grade, _)] => self.grade(grade),
            _ => {
                let grades = by_grade.iter();
                let grades =
                    grades.map(|(grade, parts)| format!("{}: {}", self.grade(grade), parts.join(", ")));
                grades.collect::<Vec<_>>().join("<br>")
            }
        }
    }

    /// Returns the grades of a parameter.
    pub(super) fn parameter_grades(self, evidence: &Evidence, has_default: bool, has_values: bool) -> String {
        let mut parts = vec![
            (self.choose("name", "имя"), evidence.name.as_str()),
            (self.choose("meaning", "смысл"), &evidence.meaning),
            (self.choose("required or optional", "обязательность"), &evidence.required),
        ];
        if has_default {
            parts.push((self.choose("default", "значение по умолчанию"), &evidence.default));
        }
        if has_values {
            parts.push((self.choose("values", "допустимые значения"), &evidence.values));
        }
        self.grades(&parts)
    }

    /// Returns the grades of a field of an answer.
    pub(super) fn field_grades(self, evidence: &Evidence) -> String {
        self.grades(&[
            (self.choose("name", "имя"), &evidence.name),
            (self.choose("meaning", "смысл"), &evidence.meaning),
        ])
    }

    /// Returns the grades of an error.
    pub(super) fn error_grades(self, evidence: &Evidence) -> String {
        self.grades(&[
            (self.choose("code and text", "код и текст"), &evidence.name),
            (self.choose("cause", "причина"), &evidence.meaning),
        ])
    }

    /// Returns a type: `integer or null`.
    pub(super) fn kind(self, kind: &str) -> String {
        match self {
            Self::En => kind.to_owned(),
            Self::Ru => kind.replace(" or ", " или ").replace("array of", "массив"),
        }
    }
}

/// Returns a text with a capital letter at its beginning.
pub(crate) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + letters.as_str()
}
