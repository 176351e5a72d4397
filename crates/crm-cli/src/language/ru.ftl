# Тексты программы по-русски. Имена и переменные те же, что в en.ftl; их сравнивает тест.

language-code = ru
error = ошибка: { $text }

## Справка

command = Импорт, экспорт и отчёты для SalesMan CRM и solOS
    .after =
        Адреса и ключи берутся из параметров, а если их там нет – из переменных окружения: CRM_HISTORY_URL, CRM_APIKEY,
        CRM_LOGIN, CRM_PROJECTS_URL, CRM_TOKEN, CRM_SECRET. Вместо значения можно указать файл, добавив к имени
        переменной _FILE: CRM_APIKEY_FILE. Ключи в параметрах видны в списке процессов и в истории командной оболочки.

        Коды завершения (действует первый подходящий): 130 или 143 – остановлено сигналом; 64 – ошибка в параметрах;
        77 – сервер не принял ключ; 1 – нужно вмешательство человека; 75 – запустите ещё раз позже; 65 – часть данных
        отклонена или не читается; 0 – всё сделано; 141 – получатель вывода закрыл канал.
command-import = Импортировать активности из файла в SalesMan CRM, каждую ровно один раз
    .after =
        Благодаря журналу прерванный импорт можно продолжить: запустите ту же команду ещё раз. Сохранённое второй раз не
        отправляется. Строки, которые импортировать нельзя, записываются в отдельный файл с указанием причин. Исправьте их
        там и импортируйте этот файл или исправьте их в исходном файле и импортируйте его ещё раз. Не делайте и то и другое.

        Если файлы пересекаются, например в файле за день есть и вечер предыдущего дня: --mark СТОЛБЕЦ --adopt, где
        в столбце – ID звонка. Каждый звонок будет сохранён один раз, в скольких бы файлах он ни был.
command-export = Экспортировать активности или проекты в файл
command-export-history = Экспортировать активности SalesMan CRM и сообщить, все ли они получены
    .after =
        С параметром --checkpoint прерванный экспорт можно продолжить: запустите ту же команду ещё раз. Активности с
        датой 0000-00-00 экспортируются, если первый день не указан.
command-export-projects = Экспортировать проекты solOS и сообщить, все ли они получены
command-report = Построить графики: активности по дням и платежи по месяцам
    .after =
        Поля платежей – предположение: ответы solOS не документированы. Платежи без даты или суммы подсчитываются, но в
        отчёт не входят, как и платежи удалённых проектов.
command-find = Найти по номеру телефона или адресу почты, чьи они: клиентов, контакты, сотрудников
    .after =
        Самое надёжное совпадение идёт первым. Оно точное, если у обоих номеров есть код страны и города и они равны. Номер
        находится, как бы он ни был записан. Номер не длиннее четырёх цифр – внутренний, по нему ищутся сотрудники. Если
        никого нет, программа сообщает об этом и завершается с кодом 0.
command-users = Перечислить сотрудников SalesMan CRM, в том числе заблокированных
    .after = С параметром --json каждая строка – сотрудник.
command-clients = Перечислить клиентов SalesMan CRM, которых видит логин, и сообщить, все ли они получены
    .after = С параметром --json каждая строка – клиент со всеми полями. Клиенты из корзины тоже входят в список.
command-discover = Показать структуру ответов вашего аккаунта без единого значения
    .after = Команда только читает. Её отчёт можно приложить к публичному сообщению об ошибке.
command-tour = Показать возможности программы без учётной записи и без сети
    .after =
        Всё происходит в песочнице внутри процесса. К другому серверу программа обращается, только если он указан
        в параметрах, а пишет на него только с параметром --write-to-this-crm.
command-sandbox = Запустить локальный сервер, который ведёт себя как обе CRM
command-completions = Вывести скрипт автодополнения для командной оболочки
command-man = Вывести страницу руководства (man)

help-usage = Использование:
help-commands = Команды
help-command-name = КОМАНДА
help-options = Параметры
help-options-name = ПАРАМЕТРЫ
help-options-of-all = Общие параметры
help-arguments = Аргументы
help-default = { " " }[по умолчанию: { $value }]
help-possible-values = { " " }[значения: { $values }]

option-lang = Язык сообщений (по умолчанию – язык системы)
    .value = ЯЗЫК
option-quiet = Показывать только проблемы
option-json = Вывести итог в формате JSON в стандартный вывод
option-help = Показать справку
option-version = Показать версию
option-history_url = Адрес SalesMan CRM, например https://crm.example.ru
    .value = URL
option-apikey = API-ключ SalesMan CRM; надёжнее задать его в CRM_APIKEY
    .value = КЛЮЧ
option-login = Логин текущего пользователя
    .value = ЛОГИН
option-projects_url = Адрес solOS, например https://acme.solos.pro
    .value = URL
option-token = Токен аккаунта solOS; надёжнее задать его в CRM_TOKEN
    .value = ТОКЕН
option-secret = Секрет аккаунта solOS; надёжнее задать его в CRM_SECRET
    .value = СЕКРЕТ
option-allow_insecure_http = Разрешить http:// к другому компьютеру, хотя ключ сможет прочитать любой узел по пути
option-file = Файл для импорта; - означает стандартный ввод
    .value = ФАЙЛ
option-journal = Файл, по которому импорт продолжается после остановки (по умолчанию ФАЙЛ.journal)
    .value = ФАЙЛ
option-rejected = Файл для строк, которые не удалось импортировать, с причинами (по умолчанию ФАЙЛ.rejected.csv)
    .value = ФАЙЛ
option-chunk = Наибольшее число активностей в одном вызове
    .value = N
option-import-concurrency = Наибольшее число одновременных вызовов
    .value = N
option-export-concurrency = Наибольшее число одновременных вызовов; больше двух серверам не помогает
    .value = N
option-settle = Сколько секунд сервер может обрабатывать вызов, на который не пришёл ответ
    .value = СЕКУНДЫ
option-timeout = Предельная длительность одного вызова в секундах
    .value = СЕКУНДЫ
option-patience = Сколько секунд продолжать импорт, если сервер ничего не сохраняет
    .value = СЕКУНДЫ
option-per_second = Наибольшее число вызовов в секунду
    .value = N
option-losses = Что делать с активностью, которую сервер изменит: не отправлять, предупредить или промолчать
    .value = РЕЖИМ
option-dry_run = Прочитать и проверить всё, показать, что было бы отправлено, и ничего не отправлять
option-retry_refused = Отправить снова то, что в журнале отмечено как отклонённое: причина в CRM устранена
option-map = Взять поле (datum, time, content, tip, user, clid, pid, did) из этого столбца; знак - вместо поля пропускает столбец; можно указать несколько раз
    .value = СТОЛБЕЦ=ПОЛЕ
option-map_preset = Известный вид файла без заголовка
    .value = ИМЯ
option-mark = Столбец с уникальной меткой строки, например ID звонка; метка дописывается к тексту, и по ней активность находится снова
    .value = СТОЛБЕЦ
option-adopt = Сначала искать метку каждой строки в CRM и отправлять только то, чего там нет: для файлов, которые пересекаются, и при потере журнала
option-find_client_by = Столбец с номерами телефонов: строка без клиента, контакта и сделки относится к клиенту с этим номером
    .value = СТОЛБЕЦ
option-unknown_client = ID клиента для строк, по номеру которых не найден никто или найдено несколько клиентов (по умолчанию такие строки отклоняются)
    .value = ID
option-phone = Номер телефона в любой записи или внутренний номер сотрудника, например 101
    .value = НОМЕР
option-email = Адрес электронной почты
    .value = АДРЕС
option-date_format = Как записаны даты: auto, unix, excel или шаблон, например %d/%m/%Y %H:%M
    .value = ВИД
option-time_zone = Часовой пояс аккаунта, например Europe/Moscow: нужен для дат со смещением от UTC
    .value = ПОЯС
option-encoding = Кодировка текстового файла (по умолчанию определяется сама)
    .value = КОДИРОВКА
option-delimiter = Разделитель в текстовом файле: один символ или tab (по умолчанию определяется сам)
    .value = СИМВОЛ
option-sheet = Лист таблицы (по умолчанию тот, на котором есть подходящий заголовок)
    .value = ИМЯ
option-excel = CSV для Excel: точки с запятой, понятные заголовки, ничего похожего на формулы
option-check_users = Сначала проверять на сервере каждый логин: активность с неизвестным логином остаётся без ответственного
option-check_types = Сначала запросить у сервера типы активностей и назвать неизвестные
option-sole_writer = Никто другой не добавляет в это время такие же активности, поэтому можно узнать и запись без даты
option-from = Первый день, например 2024-01-31 или 31.01.2024
    .value = ДЕНЬ
option-to = Последний день
    .value = ДЕНЬ
option-texts = Какие тексты запрашивать в исходном виде, по вызову на каждый: никакие, изменённые в списке или все
    .value = ТЕКСТЫ
option-deleted = Экспортировать удалённые проекты
option-out = Файл, в который записать результат; - означает стандартный вывод
    .value = ФАЙЛ
option-format = Формат файла (по умолчанию – по имени файла, иначе jsonl)
    .value = ФОРМАТ
option-checkpoint = Файл, по которому экспорт продолжается после остановки
    .value = ФАЙЛ
option-report-out = Файл отчёта: страница (report.html) или только рисунок (report.svg)
    .value = ФАЙЛ
option-days = За сколько последних дней запрашивать активности
    .value = N
option-plan = Только показать, какие вызовы будут сделаны
option-write_to_this_crm = Добавить три активности в CRM из --history-url и удалить их
option-listen = Адрес и порт сервера; порт 0 – любой свободный
    .value = АДРЕС:ПОРТ
option-allow_other_machines = Разрешить адрес, доступный с других компьютеров
option-records = Сколько активностей создать
    .value = N
option-projects = Сколько проектов создать
    .value = N
option-accounts = Файл JSON с аккаунтами
    .value = ФАЙЛ
option-sql_mode = Как база данных поступает с неподходящим значением: lenient, strict, strict-no-zero-date
    .value = РЕЖИМ
option-zone = Часовой пояс аккаунтов, например Europe/Moscow
    .value = ПОЯС
option-latency_ms = Задержка каждого ответа в миллисекундах
    .value = N
option-seed = Меняет всё, что происходит случайно
    .value = N
option-man-out = Записать страницы всех команд в эту папку
    .value = ПАПКА
option-shell = Командная оболочка
    .value = ОБОЛОЧКА

## Ошибки в параметрах

usage-unknown-argument = неизвестный параметр { $argument }
usage-missing-argument = не указан параметр { $argument }
usage-unknown-command = неизвестная команда { $command }
usage-missing-command = не указана команда
usage-conflict = { $argument } нельзя использовать вместе с { $other }
usage-missing-value = для { $argument } нужно указать значение
usage-bad-value = недопустимое значение { $value } для { $argument }
usage-valid-values = : допустимы { $values }
usage-suggestion = ; возможно, вы имели в виду { $suggestion }
usage-other = ошибка в параметрах: { $text }
usage-see-help = Справка: --help.
expected-day = день указывают так: 2024-01-31 или 31.01.2024
expected-seconds = нужно целое число секунд
expected-count = нужно целое число не меньше 1
expected-delimiter = нужен один символ ASCII или tab
expected-zone = нужно имя часового пояса, например Europe/Moscow
expected-date-format = допустимы auto, unix, excel или шаблон, например %d/%m/%Y
expected-id = нужен ID клиента, например 1781
expected-rate = нужно число больше 0
days-reversed = дата в --to раньше, чем в --from

connection-missing = не указан { $flag }: укажите его или задайте переменную { $variable }
connection-none = не указан сервер: укажите --history-url или --projects-url либо задайте CRM_HISTORY_URL или CRM_PROJECTS_URL
connection-twice = заданы и { $variable }, и { $file-variable }: оставьте одну из них
connection-file-not-read = не удалось прочитать файл { $file } из { $variable }: { $error }

## Общее

runtime-not-started = не удалось запустить потоки программы: { $error }
signal-received = Остановка: начатые вызовы завершаются. Чтобы прервать немедленно, нажмите Ctrl-C ещё раз.
file-not-written = не удалось записать { $file }: { $error }
file-not-read = не удалось прочитать { $file }: { $error }
time-seconds = { $seconds } с
time-minutes = { $minutes } мин
time-hours = { $hours } ч
progress-of = { $done } из { $total }
progress-count = { $done }
progress-rate = , { $rate } в секунду
progress-left = , осталось около { $time }
progress-waiting = { " " }({ $reason })
waiting-for-rate = пауза: сервер ограничивает частоту вызовов
waiting-after-failures = вызовы не удаются и повторяются
waiting-for-response = ожидание ответа сервера
waiting-to-settle = пауза перед поиском записей, на которые не пришёл ответ

## Импорт

count-stored = сохранено: { $count }
count-to-send = будет отправлено: { $count }
count-refused = отклонено: { $count }
count-unreadable = не прочитано: { $count }
count-not-sent = не отправлено: { $count }
count-unknown = неизвестно, сохранено ли: { $count }
import-line = строка { $line }: { $text }
import-changed = сервер изменит текст или поля: { $losses }
import-without-owner = активность останется без ответственного: такого пользователя в CRM нет
import-unknown-type = такого типа активности в аккаунте нет
import-file = { $file }: { $text }
import-input = { $file }: { $info }; столбцы: { $columns }
import-column-skipped = { "  " }столбец «{ $column }» пропущен: { $reason }
import-columns-skipped = { "  " }… и ещё пропущено столбцов: { $count }
import-find-client-by = { "  " }столбец «{ $column }» – номер телефона, по которому ищется клиент
import-older-file = Прежний файл отклонённых строк сохранён под именем { $file }.
import-stored-twice = сохранена дважды, как { $id } и { $copy }: удалите одну из записей
import-summary = { $rows ->
    [one] { $rows } строка: { $counts }
    [few] { $rows } строки: { $counts }
   *[many] { $rows } строк: { $counts }
}
import-rejected-file = Строки, которые не импортированы, и причины – в файле { $file }. Исправьте их и импортируйте этот файл.
import-adopt-needs-mark = для --adopt нужна метка каждой строки: укажите её столбец в --mark СТОЛБЕЦ
import-run-again = Запустите ту же команду позже: импорт продолжится.
import-look-up = Прежде чем импортировать ещё раз, найдите в CRM активности, о которых неизвестно, сохранены ли они.

## Экспорт

export-stopped = Остановлено, записей получено: { $records }. Файл не изменён.
export-stopped-stream = Остановлено, записей получено: { $records }. Вывод неполный.
export-run-again = Запустите ту же команду позже: экспорт продолжится.
export-old-file = Файл не изменён. Запустите команду ещё раз или добавьте --checkpoint, чтобы экспорт мог продолжиться.
export-excel-jsonl = для --excel нужен --format csv или xlsx
export-cannot-resume = для --checkpoint нужен файл: в стандартный вывод экспорт продолжить нельзя
export-spreadsheet-cannot-resume = экспорт в электронную таблицу продолжить нельзя: укажите файл .csv с параметром --excel или уберите --checkpoint
export-old-spreadsheet = Файл не изменён. Запустите команду ещё раз. Экспорт в электронную таблицу продолжить нельзя, а в файл .csv с --excel и --checkpoint – можно.
export-several-sheets = Записи занимают несколько листов ({ $count }): на лист помещается не больше 1 048 576 строк.
export-shortened = { $count ->
    [one] обрезан { $count } текст: в ячейку таблицы помещается не больше 32 767 символов
    [few] обрезано { $count } текста: в ячейку таблицы помещается не больше 32 767 символов
   *[many] обрезано { $count } текстов: в ячейку таблицы помещается не больше 32 767 символов
}
export-stopped-resumes = Остановлено, записей получено: { $records }. Запустите ту же команду: экспорт продолжится.

## Отчёт

report-bad-out = имя файла в --out должно оканчиваться на .html или .svg
report-title = Отчёт, { $from } – { $to }
report-no-type = (без типа)
report-other-types = { $count ->
    [one] ещё { $count } тип
    [few] ещё { $count } типа
   *[many] ещё { $count } типов
}
report-income = поступления
report-expense = списания
report-currency = { $kind }, валюта { $currency }
report-activities = { $count ->
    [one] { $count } активность, { $from } – { $to }
    [few] { $count } активности, { $from } – { $to }
   *[many] { $count } активностей, { $from } – { $to }
}
report-payments = Платежи, { $from } – { $to }
report-a-day = активностей в день
report-a-month = в месяц
report-nothing = нет данных
report-unreadable-payments = { $count ->
    [one] { $count } платёж без читаемой даты или суммы не вошёл в отчёт
    [few] { $count } платежа без читаемой даты или суммы не вошли в отчёт
   *[many] { $count } платежей без читаемой даты или суммы не вошли в отчёт
}

## Сотрудники, клиенты и контакты

find-nobody = Никого не найдено: { $sought }.
column-id = ID
column-name = Имя
column-login = Логин
column-active = Активен
column-extension = Внутренний номер
column-phone = Телефон
column-email = Почта
column-owner = Ответственный
column-changed = Изменён
column-client-id = ID клиента
column-client = Клиент
column-contact-id = ID контакта
column-contact = Контакт
column-field = Поле
column-value = Значение
column-exact = Точно
word-yes = да
word-no = нет

## Структура ответов

discover-plan = Вызовы к { $url }, все только на чтение:
    { $calls }

discover-once = один раз
discover-one-page = одна страница за указанные дни
discover-first-of-page = первая активность с этой страницы
discover-first-20 = первые 20
discover-first-20-filter = первые 20; ничего не меняет
discover-first-action = первое найденное событие
discover-of-three = по первым трём проектам

## Песочница

sandbox-reachable = адрес { $address } доступен с других компьютеров: если так и нужно, добавьте --allow-other-machines
sandbox-not-started = песочница не может занять адрес { $address }: { $error }
sandbox-keys =
    Песочница работает на { $url }. Остановить её: Ctrl-C.
    SalesMan CRM: --history-url { $url } --apikey { $apikey } --login { $login }
    solOS: --projects-url { $url } --token { $token } --secret { $secret }

## Обзор

tour-begin =
    Программа запускает песочницу – локальный сервер, который ведёт себя как обе CRM. Наружу ничего не отправляется.
    Сначала будут сделаны все шестнадцать вызовов, затем – показано, ради чего создан проект.
tour-own-server = Вызовы идут на серверы, указанные в параметрах, остальные – в песочницу.
tour-chapter-history = SalesMan CRM, история, { $url }
tour-chapter-projects = solOS, проекты, { $url }
tour-no-write = (add, add.list и delete пропущены: для них нужен параметр --write-to-this-crm.)
tour-not-deleted = Активность { $id }, созданная во время обзора, осталась в CRM: { $error }. Удалите её вручную.
tour-calls = Вызовов: { $calls }, неудачных: { $failed }
tour-chapter-lost-answers = Звонки записываются, хотя ответы теряются, { $url }
tour-lost-answers =
    Записываются звонки, всего { $calls }, по { $chunk } в запросе. Каждый второй запрос сервер выполняет, но закрывает
    соединение, не ответив. При простом повторе эти звонки оказались бы в CRM дважды.
tour-lost-answers-result =
    Запросов со звонками: { $requests }. Потеряно ответов: { $lost }.
    По данным импорта сохранено: { $reported }. На сервере записей: { $stored }, из них разных: { $different }.
tour-chapter-export = Экспорт сообщает, всё ли получено, { $url }
tour-export = На сервере активностей: { $records }. Экспорт читает их все и завершается вердиктом:
tour-next =
    === Что дальше

    Проверить файл перед импортом:          crm import calls.csv --dry-run
    Импортировать файл со звонками:         crm import calls.csv
    Сохранить копию данных из CRM:          crm export history --from 2024-01-01 --out history.csv --format csv
    Испытать свою программу на обеих CRM:   crm sandbox

    Сначала задайте CRM_HISTORY_URL, CRM_APIKEY и CRM_LOGIN. Справка по каждой команде: --help.
