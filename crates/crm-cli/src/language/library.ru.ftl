# По-русски то, что библиотеки говорят по-английски: ошибки, причины отказа, потери, вердикты.
# Английского файла нет: английский текст дают сами библиотеки.

## Ошибки: Error::id()

library-error-account-settings = мешает настройка аккаунта, её должен исправить администратор CRM
library-error-connection-lost = соединение с сервером прервалось, попробуйте позже
library-error-database-unavailable = CRM не может подключиться к своей базе данных, попробуйте позже
library-error-done-unreadable-response = сервер выполнил вызов, но его ответ не читается; не отправляйте ещё раз
library-error-empty-response = сервер вернул пустой ответ, проверьте адрес и путь
library-error-gateway-page = вместо CRM ответил промежуточный сервер, попробуйте позже
library-error-http-status = сервер ответил ошибкой HTTP, проверьте адрес и то, что стоит между программой и сервером
library-error-ignored-parameter = сервер не учёл параметр запроса, не доверяйте его ответу: какой-то узел на пути отбрасывает части запросов
library-error-incomplete-export = экспорт неполный, выполните его ещё раз
library-error-invalid-request = вызов составлен неверно, исправьте данные
library-error-invalid-address = адрес сервера указан неверно, укажите его в виде https://crm.example.ru
library-error-invalid-setting = неверная настройка, исправьте её
library-error-no-connection = не удалось подключиться, проверьте адрес и сеть или попробуйте позже
library-error-not-found = запись не найдена, проверьте ID и адрес, а также видит ли её этот логин
library-error-php-error = на сервере произошла ошибка PHP, посмотрите лог сервера
library-error-proxy-refused-credentials = прокси не принял логин или пароль, проверьте его настройки
library-error-rate-limited = сервер ограничивает частоту вызовов, попробуйте позже или реже
library-error-redirected = сервер перенаправляет на другой адрес, укажите правильный адрес
library-error-response-cut = ответ сервера оборвался, попробуйте позже
library-error-response-too-large = ответ сервера слишком велик, запросите меньше данных
library-error-runtime = сбой среды выполнения программы, запустите её ещё раз
library-error-server-failed = сервер сообщил о внутренней ошибке, посмотрите лог сервера
library-error-server-refused = сервер отклонил вызов, проверьте параметры и настройки CRM
library-error-server-refused-key = сервер не принял ключ, проверьте API-ключ и логин
library-error-server-refused-request = сервер отклонил вызов, проверьте его параметры: чего-то не хватает
library-error-server-refused-value = база данных CRM не может сохранить это значение, измените его
library-error-storage-database = не удалось обратиться к базе данных
library-error-storage = не удалось прочитать или записать файл, проверьте путь, права доступа и свободное место
library-error-timeout = сервер не ответил вовремя, попробуйте позже
library-error-undecodable-response = ответ сервера не удалось разобрать, проверьте адрес

system-not-found = нет такого файла или папки
system-permission-denied = нет доступа
system-already-exists = такой файл уже есть
system-is-a-directory = это папка, а не файл
system-not-a-directory = часть пути — не папка
system-storage-full = на диске нет места
system-read-only = диск доступен только для чтения
system-address-in-use = адрес уже занят другой программой
system-address-not-available = у этого компьютера нет такого адреса
library-cause-refused = соединение отклонено
library-cause-unknown-name = имя сервера не найдено
library-cause-authority = сертификат подписан неизвестным удостоверяющим центром, укажите его файл в --ca-file
library-cause-database-authority = сертификат подписан неизвестным удостоверяющим центром
library-cause-name = сертификат сервера выдан на другое имя
library-cause-expired = срок действия сертификата сервера истёк
library-cause-certificate = сертификат сервера не подходит
library-cause-no-tls = сервер отвечает без TLS или с другой его версией
library-cause-timeout = сервер не ответил вовремя
library-cause-no-authorities = на компьютере нет сертификатов удостоверяющих центров, установите пакет ca-certificates
library-write-not-sent = ничего не отправлено
library-write-unknown = неизвестно, выполнил ли сервер вызов: проверьте, прежде чем отправлять ещё раз
library-come-back = повторите не раньше чем через { $seconds } с
library-attempts = попыток: { $count }

## Что стало с активностью

library-refused-by-server = отклонена сервером, не сохранена: { $code } «{ $text }»
library-refused-by-us = не отправлена, потому что сервер её не примет или изменит: { $text }
library-not-sent = не отправлена: { $reason }
library-unknown = неизвестно, сохранена ли: на вызов не пришёл пригодный ответ, и { $reason }
library-cancelled = импорт остановлен
library-dry-run = это пробный запуск
library-key-refused = сервер не принял ключ или логин: { $text }
library-account-setting = записи мешает настройка аккаунта, сначала исправьте её: { $text }
library-server-down = сервер ничего не сохраняет уже { $seconds } с: { $text }
library-rate-limited = сервер просит повторить через { $seconds } с
library-request-refused = сервер отклонил весь запрос: { $text }
library-storage = ошибка файла: { $text }
library-no-answer = сервер не прислал о ней пригодного ответа, хотя другие сохранил: { $text }
library-zone-missing = указан момент времени, а часовой пояс аккаунта неизвестен: задайте --time-zone
library-other-input = в журнале нет ни одной строки этого файла, а сохранённых строк журнала (их { $missing }) нет в файле: если это другой файл, из которого ещё ничего не импортировали, укажите для него другой журнал
library-perhaps-changed = возможно, это изменённая строка из уже сохранённых: в файле не хватает сохранённых строк: { $missing }. Если вы её изменили, исправьте активность в CRM; если строка новая, импортируйте её отдельным файлом
library-ended = импорт закончился раньше, чем это выяснилось: { $reason }
library-refused-without-witness = отправлена дважды с одним и тем же ответом, а других строк, которые показали бы, что сервер отклоняет только её, не осталось: { $text }
library-list-not-believable = список сервера ничего не доказывает: { $text }
library-list-shows-nothing = список ответственного не показывает запись, которая точно есть
library-equal-without-time = запись { $id } совпадает с активностью, но у активности нет времени: её мог создать кто-то другой
library-similar = запись { $id } похожа на активность, но не совпадает с ней
library-unreadable = в списке сервера есть запись, которую не удалось разобрать
library-unsteady = список сервера всё время менялся

## Что сервер меняет

library-loss-characters = { $count ->
    [one] сервер удалит { $count } символ (кавычки, скобки < >)
    [few] сервер удалит { $count } символа (кавычки, скобки < >)
   *[many] сервер удалит { $count } символов (кавычки, скобки < >)
}
library-loss-line-breaks = сервер заменит \r\n на перевод строки, раз: { $count }
library-loss-tags = сервер удалит теги: { $count }
library-loss-unclosed-tag = знак < в позиции { $position } открывает незакрытый тег: сервер удалит остаток текста, символов: { $count }
library-loss-whitespace = сервер удалит пробелы и переводы строк по краям: { $count }
library-loss-emoji = сервер заменит символы, например эмодзи, на ????: { $count }
library-loss-too-long = сервер обрежет текст, лишних байтов или символов: { $count }
library-loss-contacts = сервер потеряет контакты: { $count }
library-loss-id = такого ID быть не может, сервер сохранит вместо него { $limit }
library-loss-unlinked = нет ни клиента, ни контакта, ни сделки: активность не появится ни в чьей истории
library-loss-emptied = от поля ничего не останется
library-loss-date = сервер не может сохранить такую дату и запишет 0000-00-00

## Вердикт экспорта

library-complete = получено всё: { $figures }
library-some-unreadable = список прочитан до конца, но часть записей не удалось разобрать: { $figures }
library-shifted = во время чтения записи перемещались, часть могла быть пропущена: { $figures }
library-contradicted = неизвестно, всё ли получено: { $figures }; { $error }
library-truncated = экспорт прерван: { $figures }; { $error }
library-figures = { $records ->
    [one] { $records } запись
    [few] { $records } записи
   *[many] { $records } записей
}
library-figure-unreadable = не разобрано: { $count }
library-figure-left-out = лишних от сервера: { $count }
library-figure-as-listed = только в виде из списка: { $count }
library-figure-repaired = учтено удалений: { $count }
library-figure-moved-up = замечено перемещений: { $count }
library-figure-contradictions = противоречий между страницами: { $count }
