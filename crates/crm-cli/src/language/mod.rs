//! The texts of the program, in English and Russian.
//!
//! Every text for people comes from one catalogue: `en.ftl` and `ru.ftl`, in the format of Project Fluent, with `files.…`
//! for people's files, `mirror.…` for the mirror and `outbox.…` for the outbox. They are part of the binary. `help` puts
//! them into clap's help, and `usage` into its errors. `library` and `library_texts` say in Russian what the libraries say
//! in English.

mod help;
mod library;
mod library_texts;
mod locale;
mod usage;

use std::io::{self, ErrorKind};

use clap::ValueEnum;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::files::Message;
pub(crate) use help::with_texts;
pub(crate) use library::one_line;
pub(crate) use locale::chosen_language;
pub(crate) use usage::usage_error;

/// A language of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// English.
    #[value(name = "en")]
    English,
    /// Russian.
    #[value(name = "ru")]
    Russian,
}

const ENGLISH: &str = include_str!("en.ftl");
const RUSSIAN: &str = include_str!("ru.ftl");
const FILES_IN_ENGLISH: &str = include_str!("files.en.ftl");
const FILES_IN_RUSSIAN: &str = include_str!("files.ru.ftl");
const OUTBOX_IN_ENGLISH: &str = include_str!("outbox.en.ftl");
const OUTBOX_IN_RUSSIAN: &str = include_str!("outbox.ru.ftl");
const MIRROR_IN_ENGLISH: &str = include_str!("mirror.en.ftl");
const MIRROR_IN_RUSSIAN: &str = include_str!("mirror.ru.ftl");
const LIBRARY_IN_RUSSIAN: &str = include_str!("library.ru.ftl");

/// A value in a text.
pub(crate) type Value<'a> = FluentValue<'a>;

/// The texts in one language.
pub(crate) struct Messages {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl Messages {
    /// Reads the catalogue of this language.
    pub(crate) fn new(language: Language) -> Self {
        let (name, sources): (&str, &[&str]) = match language {
            Language::English => ("en", &[ENGLISH, FILES_IN_ENGLISH, MIRROR_IN_ENGLISH, OUTBOX_IN_ENGLISH]),
            Language::Russian => {
                ("ru", &[RUSSIAN, FILES_IN_RUSSIAN, MIRROR_IN_RUSSIAN, OUTBOX_IN_RUSSIAN, LIBRARY_IN_RUSSIAN])
            }
        };
        let identifier = name.parse::<LanguageIdentifier>().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
        // The marks around values would appear in terminals and files.
        bundle.set_use_isolating(false);
        for source in sources {
            // A test finds every fault of the catalogues, so what can be read is used.
            let resource = match FluentResource::try_new((*source).to_owned()) {
                Ok(resource) | Err((resource, _)) => resource,
            };
            let _ = bundle.add_resource(resource);
        }
        Self { language, bundle }
    }

    /// Returns the language of the texts.
    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// Returns the text with this name.
    pub(crate) fn text(&self, name: &str) -> String {
        self.format(name, &[])
    }

    /// Returns a text about people's files.
    pub(crate) fn message(&self, message: &Message) -> String {
        let value = |value: &str| match value.strip_prefix("role-") {
            Some(_) => self.text(value),
            None => value.to_owned(),
        };
        let values: Vec<_> = message.values.iter().map(|(name, text)| (*name, value(text).into())).collect();
        self.format(message.id, &values)
    }

    /// Returns the text with this name, with these values. A value with the name `error` is said in the language of the
    /// text where that is possible.
    pub(crate) fn format(&self, name: &str, values: &[(&str, Value<'_>)]) -> String {
        let text = self.bundle.get_message(name).and_then(|message| message.value());
        let Some(text) = text else { return name.to_owned() };
        let values: FluentArgs<'_> = values
            .iter()
            .map(|(name, value)| match value {
                FluentValue::String(error) if *name == "error" && self.language == Language::Russian => {
                    (*name, self.value(error).into())
                }
                _ => (*name, value.clone()),
            })
            .collect();
        self.bundle.format_pattern(text, Some(&values), &mut Vec::new()).into_owned()
    }

    /// Returns a text with an error of the operating system in Russian. `None` if it has none that is known.
    fn system_error(&self, text: &str) -> Option<String> {
        let number = text.split_once("(os error ")?.1.split(')').next()?.parse().ok()?;
        let error = io::Error::from_raw_os_error(number);
        let name = match error.kind() {
            ErrorKind::NotFound => "system-not-found",
            ErrorKind::PermissionDenied => "system-permission-denied",
            ErrorKind::AlreadyExists => "system-already-exists",
            ErrorKind::IsADirectory => "system-is-a-directory",
            ErrorKind::NotADirectory => "system-not-a-directory",
            ErrorKind::StorageFull => "system-storage-full",
            ErrorKind::ReadOnlyFilesystem => "system-read-only",
            ErrorKind::AddrInUse => "system-address-in-use",
            ErrorKind::AddrNotAvailable => "system-address-not-available",
            ErrorKind::ConnectionRefused => "library-cause-refused",
            _ => return None,
        };
        Some(text.replace(&error.to_string(), &self.text(name)))
    }

    /// Returns whether there is a text with this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.bundle.has_message(name)
    }

    /// Returns an attribute of a text, such as the name of an option's value.
    fn attribute(&self, name: &str, attribute: &str) -> Option<String> {
        let text = self.bundle.get_message(name)?.get_attribute(attribute)?.value();
        Some(self.bundle.format_pattern(text, None, &mut Vec::new()).into_owned())
    }
}

#[cfg(test)]
mod tests;
