//! Which column holds which field of an activity: the names that are known, and what a person chose.

use super::message::Message;

/// A field of an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// `datum`: when it took place.
    At,
    /// The time of day, where `datum` holds only the day.
    Time,
    /// `content`: the text.
    Content,
    /// `tip`: the activity type.
    ActivityType,
    /// `user`: the login of the owner.
    User,
    /// `clid`: the ID of the client.
    Client,
    /// `pid`: the IDs of the contacts.
    Contacts,
    /// `did`: the ID of the deal.
    Deal,
    /// The mark at the end of the content. No column is taken for it unasked.
    Mark,
}

impl Field {
    /// All fields.
    pub const ALL: [Self; 9] = [
        Self::At,
        Self::Time,
        Self::Content,
        Self::ActivityType,
        Self::User,
        Self::Client,
        Self::Contacts,
        Self::Deal,
        Self::Mark,
    ];

    /// Returns the vendor's name; `time` and `mark` for the two fields that the server does not have.
    #[must_use]
    pub fn wire_name(self) -> &'static str {
        match self {
            Self::At => "datum",
            Self::Time => "time",
            Self::Content => "content",
            Self::ActivityType => "tip",
            Self::User => "user",
            Self::Client => "clid",
            Self::Contacts => "pid",
            Self::Deal => "did",
            Self::Mark => "mark",
        }
    }

    /// The names by which a column is known for this field: the most certain ones first.
    fn names(self) -> [&'static [&'static str]; 3] {
        match self {
            Self::At => [
                &["datum"],
                &[
                    "дата",
                    "дата и время",
                    "дата время",
                    "дата/время",
                    "дата, время",
                    "датавремя",
                    "дата звонка",
                    "дата и время звонка",
                    "дата вызова",
                    "дата и время вызова",
                    "дата активности",
                    "дата события",
                    "дата и время события",
                    "date",
                    "date time",
                    "datetime",
                    "date and time",
                    "call date",
                    "calldate",
                    "date of call",
                ],
                &[
                    "начало",
                    "начало звонка",
                    "начало разговора",
                    "время начала",
                    "когда",
                    "дата создания",
                    "start",
                    "start time",
                    "started",
                    "started at",
                    "timestamp",
                    "when",
                    "at",
                    "created",
                    "created at",
                ],
            ],
            Self::Time => [&[], &["время", "время звонка", "время вызова", "time", "call time"], &[]],
            Self::Content => [
                &["content"],
                &["содержание", "текст", "содержимое", "text", "des"],
                &[
                    "комментарий",
                    "комментарии",
                    "описание",
                    "примечание",
                    "примечания",
                    "заметка",
                    "заметки",
                    "суть",
                    "сообщение",
                    "comment",
                    "comments",
                    "description",
                    "note",
                    "notes",
                    "message",
                    "details",
                ],
            ],
            Self::ActivityType => [
                &["tip"],
                &[
                    "тип",
                    "тип активности",
                    "тип события",
                    "тип звонка",
                    "вид",
                    "вид активности",
                    "вид события",
                    "type",
                    "activity type",
                    "kind",
                ],
                &["активность", "activity"],
            ],
            Self::User => [
                &["user"],
                &["логин", "логин сотрудника", "логин ответственного", "login", "user login"],
                &[
                    "ответственный",
                    "сотрудник",
                    "менеджер",
                    "пользователь",
                    "owner",
                    "manager",
                    "responsible",
                    "employee",
                ],
            ],
            Self::Client => [
                &["clid"],
                &[
                    "id клиента",
                    "ид клиента",
                    "клиент id",
                    "клиент ид",
                    "код клиента",
                    "номер клиента",
                    "client id",
                    "clientid",
                    "id client",
                    "customer id",
                ],
                &["клиент", "client", "customer"],
            ],
            Self::Contacts => [
                &["pid"],
                &[
                    "id контакта",
                    "id контактов",
                    "ид контакта",
                    "ид контактов",
                    "контакт id",
                    "contact id",
                    "contact ids",
                    "id contact",
                ],
                &["person", "контакт", "контакты", "contact", "contacts"],
            ],
            Self::Deal => [
                &["did"],
                &["id сделки", "ид сделки", "сделка id", "код сделки", "номер сделки", "deal id", "id deal"],
                &["сделка", "deal"],
            ],
            Self::Mark => [&[], &[], &[]],
        }
    }
}

/// Names of our own export for what the server decides, or what is not written.
const READ_ONLY: &[&str] = &[
    "cid",
    "iduser",
    "dogovor",
    "extra",
    "id",
    "id записи",
    "id активности",
    "id сотрудника",
    "прочее",
    "user id",
    "other",
];

/// What a name is known for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// A field, and how certain that is: the lower, the more.
    Field(Field, usize),
    /// It cannot be written.
    ReadOnly,
}

/// Returns what a normalized name is known for.
pub(super) fn known(name: &str) -> Option<Known> {
    let of_field = |field: Field| {
        let rank = field.names().iter().position(|names| names.contains(&name))?;
        Some(Known::Field(field, rank))
    };
    let field = Field::ALL.into_iter().find_map(of_field);
    field.or_else(|| READ_ONLY.contains(&name).then_some(Known::ReadOnly))
}

/// Makes names comparable: without case, spaces and quotes around, `ё`, `_` and a `:` or `*` at the end.
pub(super) fn normalized(name: &str) -> String {
    let around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '«' | '»' | '“' | '”' | '\u{feff}');
    let name = name.trim_matches(around).trim_end_matches([':', '*', '.']).trim_matches(around);
    let name = name.to_lowercase().replace('ё', "е").replace('_', " ");
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a column is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// It holds this field.
    Field(Field),
    /// It is passed over.
    Skip,
}

/// A form of files that have no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// `Master.csv` of Asterisk (`cdr_csv`). Its `clid` is a caller ID text and not a client. The content is made of the
    /// numbers, the caller's name, the talking time and the disposition. *Documented* by Asterisk; files without
    /// `lastdata` are read too.
    Asterisk,
}

impl Preset {
    /// Returns the preset of this name: `asterisk`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        (name.trim().eq_ignore_ascii_case("asterisk")).then_some(Self::Asterisk)
    }
}

/// Which columns a person chose. Default: none, so that only the names decide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    pub(super) columns: Vec<(String, Target)>,
    /// A form of files without a header.
    pub preset: Option<Preset>,
}

/// Why a choice cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappingError {
    /// It has no `=`.
    NoEquals(String),
    /// No field has this name.
    UnknownField {
        /// The name.
        field: String,
    },
}

impl MappingError {
    /// Returns the text for people.
    #[must_use]
    pub fn message(&self) -> Message {
        match self {
            Self::NoEquals(text) => Message::new("map-no-equals").with("text", text),
            Self::UnknownField { field } => {
                let known: Vec<_> = Field::ALL.into_iter().map(Field::wire_name).collect();
                Message::new("map-unknown-field").with("field", field).with("known", known.join(", "))
            }
        }
    }
}

impl Mapping {
    /// Chooses what a column is to be.
    #[must_use]
    pub fn with(mut self, column: impl Into<String>, target: Target) -> Self {
        self.columns.push((column.into(), target));
        self
    }

    /// Reads `COLUMN=FIELD`. A field has the vendor's name or any name that is known for its column. `COLUMN=-` passes a
    /// column over.
    ///
    /// # Errors
    /// There is no `=`, or the field is not known.
    pub fn with_text(self, text: &str) -> Result<Self, MappingError> {
        let (column, field) = text.rsplit_once('=').ok_or_else(|| MappingError::NoEquals(text.to_owned()))?;
        let name = normalized(field);
        let by_wire_name = || Field::ALL.into_iter().find(|field| field.wire_name() == name);
        let target = match (field.trim(), by_wire_name(), known(&name)) {
            ("-", ..) => Target::Skip,
            (_, Some(field), _) | (_, None, Some(Known::Field(field, _))) => Target::Field(field),
            _ => return Err(MappingError::UnknownField { field: field.trim().to_owned() }),
        };
        Ok(self.with(column, target))
    }

    /// Takes the marks from this column.
    #[must_use]
    pub fn with_mark(self, column: impl Into<String>) -> Self {
        self.with(column, Target::Field(Field::Mark))
    }

    /// Returns what was chosen for a column, by its normalized name.
    pub(super) fn chosen(&self, name: &str) -> Option<Target> {
        self.columns.iter().find(|(column, _)| normalized(column) == name).map(|(_, target)| *target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_spaces_quotes_and_marks() {
        for name in ["Дата звонка", " «ДАТА\u{a0}ЗВОНКА»: ", "дата_звонка", "\"Дата\nзвонка\"*"]
        {
            assert_eq!(known(&normalized(name)), Some(Known::Field(Field::At, 1)), "{name}");
        }
    }

    #[test]
    fn no_name_is_known_for_two_fields() {
        let all = Field::ALL.into_iter().flat_map(|field| field.names().into_iter().flatten());
        let mut all: Vec<_> = all.chain(READ_ONLY).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(all.iter().all(|name| normalized(name) == ***name));
    }

    #[test]
    fn a_choice_names_its_field_in_any_known_way() {
        let mapping = |text: &str| Mapping::default().with_text(text);
        for text in ["Абонент=clid", "Абонент=Клиент", "Абонент = client id"] {
            let chosen = mapping(text).map(|mapping| mapping.chosen("абонент"));
            assert_eq!(chosen, Ok(Some(Target::Field(Field::Client))), "{text}");
        }
        assert_eq!(mapping("a=b=-").map(|mapping| mapping.chosen("a=b")), Ok(Some(Target::Skip)));
        assert_eq!(
            mapping("a=time").map(|mapping| mapping.chosen("a")),
            Ok(Some(Target::Field(Field::Time)))
        );
        assert_eq!(mapping("a=cid"), Err(MappingError::UnknownField { field: "cid".to_owned() }));
        assert_eq!(mapping("abc"), Err(MappingError::NoEquals("abc".to_owned())));
    }
}
