//! The front page: a table of tasks for each API.

use super::header;
use super::inline::{Breaks, code_html, html};
use super::language::Language;
use super::markdown_table::{table_head, table_row};
use crate::codegen::source::Api;
use std::fmt::Write;

const ABOUT_EN: &str = "# Reference

Find your task and open its page. Each page shows the request, its parameters, the answer, the errors and the quirks of the server.

Each fact has a grade:

- *documented*: the vendor's page says so;
- *observed*: a server did so. The month names the revision of the server;
- *assumed*: neither. Check it against your account.

A parameter can have several grades. For example, the vendor's page can name a parameter and not explain it.
";

const ABOUT_RU: &str = "# Справочник

Найдите задачу и откройте её страницу. На странице — запрос, параметры, ответ, ошибки и особенности сервера.

У каждого факта есть степень достоверности:

- *документировано*: так написано на странице поставщика;
- *наблюдалось*: так ответил сервер. Месяц обозначает ревизию сервера;
- *предположение*: ни то ни другое. Проверьте на своём аккаунте.

У параметра может быть несколько степеней. Например, на странице поставщика параметр назван, но не объяснён.
";

pub(super) fn index(apis: &[Api], language: Language) -> String {
    let mut text = header(apis.iter().map(|api| api.file.as_str()), language, "README");
    text += language.choose(ABOUT_EN, ABOUT_RU);
    for api in apis {
        let _ = write!(
            text,
            "\n## {}\n\n{} {}\n\n",
            api.title,
            language.of(&api.about),
            language.grade_sentence(&api.evidence)
        );
        text += &table_head([
            language.choose("I want to", "Задача"),
            language.choose("Request", "Запрос"),
            language.choose("In Rust", "В Rust"),
        ]);
        for operation in &api.operations {
            let calls = operation.calls();
            let calls: Vec<String> = calls
                .iter()
                .map(|call| code_html(call.trim_matches('`').trim_start_matches(&api.name)))
                .collect();
            let name = operation.id.rsplit('.').next().unwrap_or(&operation.id);
            let link = format!("[{}]({}.md)", code_html(name), operation.id);
            let summary = html(language.of(&operation.summary), Breaks::Narrow(language));
            text += &table_row([&summary, &link, &calls.join("<br>")]);
        }
    }
    text
}
