//! The page of one operation: what it is for, request, parameters, answer, errors, quirks.

use super::header;
use super::json::readable;
use super::language::Language;
use super::request::{curl, variable};
use super::table::Table;
use crate::codegen::source::{
    Answer, Api, ApiError, Field, Idempotency, Operation, Quirk, Record, Success, Words,
};

pub(super) struct Page<'a> {
    language: Language,
    api: &'a Api,
    operation: &'a Operation,
}

impl<'a> Page<'a> {
    pub(super) fn new(language: Language, api: &'a Api, operation: &'a Operation) -> Self {
        Self { language, api, operation }
    }

    pub(super) fn text(&self) -> Result<String, String> {
        let Self { language, api, operation } = *self;
        let mut text = header([api.file.as_str()].into_iter(), language, &operation.id);
        text += &format!("# {} (`{}`)\n\n", language.of(&operation.summary), operation.id);
        let grade = language.grade_sentence(&operation.evidence);
        text += &format!("{} {grade}\n\n", language.of(&operation.about));
        text += &self.facts();
        text += &self.request()?;
        text += &self.parameters()?;
        text += &self.answer()?;
        text += &self.errors();
        text += &self.quirks(language.choose("Quirks", "Особенности"), &operation.quirks);
        text +=
            &self.quirks(language.choose("Quirks of the whole API", "Особенности всего API"), &api.quirks);
        if let Some(observed) = &api.observed {
            let title = language.choose("Observed on", "Наблюдалось на");
            text += &format!("\n{title}: {}.\n", language.of(observed));
        }
        Ok(text)
    }

    fn facts(&self) -> String {
        let Self { language, api, operation } = *self;
        let also = operation.by_post.as_ref().map_or_else(String::new, |evidence| {
            let post = language.choose(", or `POST` with the same body", " или `POST` с тем же телом");
            format!("{post} ({})", language.grade(evidence))
        });
        let repeat = match operation.idempotency {
            Idempotency::Read => {
                language.choose("safe; it changes nothing", "безопасен: вызов ничего не меняет")
            }
            Idempotency::Idempotent => language.choose(
                "safe; the second call changes nothing more",
                "безопасен: повторный вызов ничего не меняет",
            ),
            Idempotency::Write => language.choose(
                "**not safe**; every call writes again",
                "**опасен**: каждый вызов создаёт новую запись",
            ),
        };
        let success = match operation.success {
            Success::NoError => language.choose("JSON without an error", "JSON без ошибки"),
            Success::ResultWord => language.choose("`result` is `Успешно`", "`result` равен `Успешно`"),
            Success::EachResult => language.choose(
                "the `result` of an element is `Успешно`, for each element separately",
                "`result` элемента равен `Успешно`; проверяйте каждый элемент отдельно",
            ),
        };
        let mut facts = vec![
            (
                language.choose("Request", "Запрос"),
                format!("`{} {}`{also}", operation.method, operation.path),
            ),
            (language.choose("In Rust", "В Rust"), operation.calls().join(", ")),
            (language.choose("Success", "Успех"), success.to_owned()),
            (language.choose("Retry", "Повтор"), repeat.to_owned()),
        ];
        if let Some(paging) = &operation.paging {
            let grade = language.grade_sentence(&paging.evidence);
            let pages = language.choose("Pages", "Страницы");
            facts.push((pages, format!("{} {grade}", language.of(&paging.words))));
        }
        facts.push((language.choose("API", "API"), api.title.clone()));
        facts.push((language.choose("Vendor's page", "Страница поставщика"), operation.source.clone()));
        facts.iter().map(|(title, fact)| format!("- **{title}:** {fact}\n")).collect()
    }

    fn request(&self) -> Result<String, String> {
        let Self { language, api, operation } = *self;
        let address = format!("{}_URL", api.name.to_uppercase());
        let text = format!(
            "\n{}\n\n```rust\n{}\n```\n\n{}\n\n```sh\n{}\n```\n\n",
            language.choose("## Request", "## Запрос"),
            operation.rust,
            language.choose("The same with curl:", "То же через curl:"),
            curl(api, operation)?,
        );
        let mut table = Table::new(
            language,
            [
                language.choose("Variable", "Переменная"),
                language.choose("Meaning", "Описание"),
                language.choose("Header and grade", "Заголовок и достоверность"),
            ],
        );
        let about = language.choose("The address of the server.", "Адрес сервера.");
        table.row("", [&[&format!("`{address}`")], &[about], &["—"]], &[]);
        for credential in &api.credentials {
            let (header, variable) = (&credential.header, variable(&credential.header));
            let grades = language.field_grades(&credential.evidence);
            let about = language.of(&credential.words);
            let cells: [&[&str]; 3] =
                [&[&format!("`{variable}`")], &[about], &[&format!("`{header}`"), &grades]];
            table.row(header, cells, &self.noted(&credential.quirks));
        }
        Ok(text + &table.html())
    }

    fn parameters(&self) -> Result<String, String> {
        let Self { language, operation, .. } = *self;
        let mut text = language.choose("\n## Parameters\n\n", "\n## Параметры\n\n").to_owned();
        if operation.parameters.is_empty() {
            return Ok(text + language.choose("None.\n", "Нет.\n"));
        }
        text += if operation.has_body {
            language.choose("In the body, as JSON.\n\n", "В теле запроса, в виде JSON.\n\n")
        } else {
            language.choose("In the query string.\n\n", "В строке запроса.\n\n")
        };
        let mut table = Table::new(
            language,
            [
                language.choose("Name and type", "Имя и тип"),
                language.choose("Meaning, default, range", "Описание, значение по умолчанию, диапазон"),
                language.choose("Rust name and grade", "Имя в Rust и достоверность"),
            ],
        );
        for parameter in &operation.parameters {
            let rust = match parameter.rust.as_deref() {
                Some("see below") => language.choose("see below", "см. ниже").to_owned(),
                Some(names) => {
                    names.split(", ").map(|name| format!("`{name}`")).collect::<Vec<_>>().join("<br>")
                }
                None => String::new(),
            };
            let grades = language.parameter_grades(
                &parameter.evidence,
                !parameter.required && parameter.is_default_known,
                !parameter.values.is_empty(),
            );
            let (name, path, kind) = self.name_and_type(parameter);
            let (meaning, default, range, example) = self.meaning(parameter)?;
            let cells: [&[&str]; 3] =
                [&[&name, &path, &kind], &[meaning, &default, &range, &example], &[&rust, &grades]];
            table.row(&parameter.name, cells, &self.notes(parameter));
        }
        Ok(text + &table.html())
    }

    fn answer(&self) -> Result<String, String> {
        let Self { language, operation, .. } = *self;
        let mut text = language.choose("\n## Response\n", "\n## Ответ\n").to_owned();
        for Answer { name, value } in &operation.answers {
            let title = match name.as_str() {
                "documented" => language.choose("Documented:", "Документировано:"),
                "observed" => language.choose("Observed:", "Наблюдалось:"),
                "assumed" => language.choose(
                    "Assumed, because the vendor documents no response:",
                    "Предположение, потому что ответы у поставщика не описаны:",
                ),
                _ => language.choose("Without records:", "Без записей:"),
            };
            text += &format!("\n{title}\n\n```json\n{}\n```\n", readable(value)?);
        }
        for record in &operation.records {
            text += &self.record(record);
        }
        Ok(text)
    }

    fn record(&self, record: &Record) -> String {
        let Self { language, .. } = *self;
        let rust = record.rust.as_ref().map_or_else(String::new, |name| {
            format!(" {} `{name}`.", language.choose("In Rust:", "В Rust:"))
        });
        let text = format!("\n### {}\n\n{}{rust}\n\n", record.schema, language.of(&record.words));
        let mut table = Table::new(
            language,
            [
                language.choose("Name and type", "Имя и тип"),
                language.choose("Meaning", "Описание"),
                language.choose("Rust name and grade", "Имя в Rust и достоверность"),
            ],
        );
        for field in &record.fields {
            let rust = field.rust.as_ref().map_or_else(String::new, |name| format!("`{name}`"));
            let (name, path, kind) = self.name_and_type(field);
            let grades = language.field_grades(&field.evidence);
            let cells: [&[&str]; 3] =
                [&[&name, &path, &kind], &[language.of(&field.words)], &[&rust, &grades]];
            table.row(&format!("{}.{}", record.schema, field.name), cells, &self.notes(field));
        }
        text + &table.html()
    }

    fn errors(&self) -> String {
        let Self { language, api, operation } = *self;
        let mut text = language.choose("\n## Errors\n\n", "\n## Ошибки\n\n").to_owned();
        let errors: Vec<&ApiError> = operation.errors.iter().chain(&api.errors).collect();
        if errors.is_empty() {
            return text
                + language.choose("The vendor documents no errors.\n", "Ошибки у поставщика не описаны.\n");
        }
        text += language.choose(
            "Errors come with HTTP status 200 (observed), as `{\"result\": \"Error\", \"error\": {\"code\": …, \"text\": \"…\"}}`.\n\n",
            "Ошибки приходят с HTTP-статусом 200 (наблюдалось), в виде `{\"result\": \"Error\", \"error\": {\"code\": …, \"text\": \"…\"}}`.\n\n",
        );
        let mut table = Table::new(
            language,
            [
                language.choose("Code and text", "Код и текст"),
                language.choose("Cause", "Причина"),
                language.choose("Rust name and grade", "Имя в Rust и достоверность"),
            ],
        );
        for error in errors {
            let code = error.code.to_string();
            let codes = api.enumerations.iter().find(|enumeration| enumeration.name == "ErrorCode");
            let value = codes.and_then(|codes| codes.values.iter().find(|value| value.wire == code));
            let rust = value.map_or_else(String::new, |value| format!("`ErrorCode::{}`", value.name));
            let grades = language.error_grades(&error.evidence);
            let cells: [&[&str]; 3] =
                [&[&format!("`{code}`")], &[language.of(&error.words)], &[&rust, &grades]];
            table.row("", cells, &[format!("«{}»", error.text)]);
        }
        text + &table.html()
    }

    fn quirks(&self, title: &str, quirks: &[Quirk]) -> String {
        if quirks.is_empty() {
            return String::new();
        }
        let lines: String = quirks.iter().map(|quirk| format!("- {}\n", self.quirk(quirk))).collect();
        format!("\n## {title}\n\n{lines}")
    }

    fn quirk(&self, quirk: &Quirk) -> String {
        let Self { language, .. } = *self;
        let text = format!("{} {}", language.of(&quirk.words), language.grade_sentence(&quirk.evidence));
        match &quirk.page {
            Some(page) => format!("{text} {}", self.page_note(page)),
            None => text,
        }
    }

    fn page_note(&self, page: &Words) -> String {
        let title = self.language.choose("The vendor's page:", "Страница поставщика:");
        format!("{title} {}", self.language.of(page))
    }

    /// Returns the name, the path to it, and the type.
    fn name_and_type(&self, field: &Field) -> (String, String, String) {
        let (path, name) = field.name.rsplit_once('.').unwrap_or(("", &field.name));
        let path = if path.is_empty() {
            String::new()
        } else {
            format!("{} `{path}`", self.language.choose("in", "в"))
        };
        // A type that begins with a capital letter is a schema.
        let is_schema = |word: &&str| word.starts_with(|letter: char| letter.is_ascii_uppercase());
        let kind = self.language.kind(&field.kind);
        let kind: Vec<String> = kind
            .split(' ')
            .map(|word| if is_schema(&word) { format!("`{word}`") } else { word.to_owned() })
            .collect();
        (format!("`{name}`"), path, kind.join(" "))
    }

    /// Returns the meaning, the default, the range and an example of a parameter.
    fn meaning<'b>(&self, field: &'b Field) -> Result<(&'b str, String, String, String), String> {
        let Self { language, .. } = *self;
        let default = match &field.default {
            Some(default) => {
                let title = language.choose("Default:", "По умолчанию:");
                format!("{title} {}.", language.of(default).trim_end_matches('.'))
            }
            None if field.required => language.choose("**Required.**", "**Обязателен.**").to_owned(),
            None => String::new(),
        };
        let range = field.minimum.as_ref().map_or_else(String::new, |minimum| {
            format!("{} {minimum}.", language.choose("Minimum:", "Минимум:"))
        });
        let example = match &field.example {
            Some(example) => {
                format!("{} `{}`", language.choose("Example:", "Пример:"), example.plain()?)
            }
            None => String::new(),
        };
        Ok((language.of(&field.words), default, range, example))
    }

    /// Returns what is said below a field: its values, what the vendor's page says of it, and its quirks.
    fn notes(&self, field: &Field) -> Vec<String> {
        let Self { language, .. } = *self;
        let values = field.values.iter().map(|value| {
            let meaning = language.of(&value.words).trim_end_matches('.');
            let grade = value.evidence.as_deref().filter(|grade| *grade != field.evidence.values);
            let grade = grade.map_or_else(String::new, |grade| format!(" ({})", language.grade(grade)));
            format!("`{}` — {meaning}{grade}", value.wire)
        });
        let page = field.page.iter().map(|page| self.page_note(page));
        values.chain(page).chain(self.noted(&field.quirks)).collect()
    }

    fn noted(&self, quirks: &[Quirk]) -> Vec<String> {
        quirks.iter().map(|quirk| self.quirk(quirk)).collect()
    }
}
