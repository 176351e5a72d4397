# Тексты программы по-русски. Имена и переменные те же, что в en.ftl; их сравнивает тест.

language-code = ru
error = ошибка: { $text }

## Справка

command = Импорт, экспорт и отчёты для SalesMan CRM и solOS
    .after =
        Начните с команд «crm profile add main» и «crm check --profile main».

        Адреса и ключи берутся из параметров, если в них не указаны — из переменных окружения, а затем — из профиля,
        заданного в --profile или CRM_PROFILE. Переменные: CRM_HISTORY_URL, CRM_APIKEY, CRM_LOGIN,
        CRM_PROJECTS_URL, CRM_TOKEN, CRM_SECRET, CRM_PROXY и CRM_CA_FILE. Значение можно хранить в файле: добавьте
        к имени переменной _FILE, например CRM_APIKEY_FILE, и укажите путь.

        Ключи в параметрах видны в списке процессов и в истории командной оболочки. Надёжнее хранить их в профиле или
        в переменной.

        Коды завершения (действует первый подходящий): 130 или 143 — остановлено сигналом; 64 — ошибка в параметрах;
        77 — сервер не принял ключ; 1 — нужно вмешательство человека; 75 — запустите ещё раз позже; 65 — часть данных
        отклонена или не читается; 0 — всё сделано; 141 — получатель вывода закрыл канал.
command-import = Импортировать активности из файла в SalesMan CRM, каждую ровно один раз
    .after =
        Столбцы распознаются по заголовкам: «Дата», «Время», «Содержание», «Тип», «Ответственный» (логин), «ID клиента», «ID контакта»,
        «ID сделки» и похожим. Обязательно только содержание, но активность без клиента, контакта и сделки не видна ни в чьей
        истории. Столбцы с другими заголовками назначает параметр --map. С параметром --dry-run программа покажет, что распознано,
        и ничего не отправит.

        Благодаря журналу прерванный импорт можно продолжить: запустите ту же команду ещё раз. Сохранённое второй раз не
        отправляется. Строки, которые импортировать нельзя, записываются в отдельный файл с указанием причин. Исправьте их
        там и импортируйте этот файл или исправьте их в исходном файле и импортируйте его ещё раз. Не делайте и то и другое.

        Если файлы пересекаются, например в файле за день есть и вечер предыдущего дня, укажите --mark СТОЛБЕЦ --adopt, где
        в столбце — ID звонка. Каждый звонок будет сохранён один раз, в скольких бы файлах он ни встретился.
command-export = Экспортировать активности или проекты в файл
command-export-history = Экспортировать активности SalesMan CRM и сообщить, все ли они получены
    .after =
        С параметром --checkpoint прерванный экспорт можно продолжить: запустите ту же команду ещё раз. Активности с
        датой 0000-00-00 экспортируются, если первый день не указан.
command-export-projects = Экспортировать проекты solOS и сообщить, все ли они получены
command-report = Составить страницу об активностях и платежах с графиками и таблицами
    .after =
        Поля платежей — предположение: ответы solOS не документированы. Платежи без даты или суммы подсчитываются, но в
        отчёт не входят, как и платежи удалённых проектов.
command-find = Найти клиентов, контакты и сотрудников по номеру телефона или адресу электронной почты
    .after =
        Самое надёжное совпадение идёт первым. Оно точное, если у обоих номеров есть код страны и города и они равны. Номер
        находится, как бы он ни был записан. Номер не длиннее четырёх цифр – внутренний, по нему ищутся сотрудники. Если
        никого нет, программа сообщает об этом и завершается с кодом 0.
command-users = Перечислить сотрудников SalesMan CRM, в том числе заблокированных
    .after = С параметром --json каждая строка – сотрудник.
command-clients = Перечислить клиентов SalesMan CRM, которых видит логин, и сообщить, все ли они получены
    .after = С параметром --json каждая строка – клиент со всеми полями. Клиенты из корзины тоже входят в список.
command-profile = Добавить, изменить, перечислить, показать или удалить профили: файлы с адресом и ключами аккаунта
    .after =
        Профиль — это файл TOML, который может читать только его владелец. Параметр --profile ИМЯ или переменная
        CRM_PROFILE=ИМЯ выбирает его для любой команды. Имя с косой чертой — это путь к файлу.

        Разделы файла и их настройки: [history] — url, login, apikey, time_zone; [projects] — url, token, secret; [network] —
        proxy, ca_file; [mirror] — target; [outbox] — store, token. Значения заключают в прямые кавычки: login = "boss@example.ru". Ключ указывают в
        самом файле (apikey), в отдельном файле (apikey_file) или командой, которая его выводит (apikey_command). В [defaults]
        задают значения параметров по умолчанию: check-types, check-users, chunk, concurrency, losses, patience, per-second и
        timeout.
command-profile-add = Записать новый профиль. В терминале программа спросит то, чего нет в параметрах
    .after =
        Ключи в параметрах видны в списке процессов. Если терминала нет, передайте ключ в переменной окружения
        (CRM_APIKEY), файлом (--apikey-file) или командой (--apikey-command).
command-profile-set = Изменить профиль: задать то, что указано в параметрах. В терминале программа спросит то, чего в профиле нет
    .after =
        Остальное не меняется. Добавить solOS: crm profile set main --projects-url https://acme.solos.pro. Комментарии в
        файле не сохраняются.
command-profile-list = Перечислить профили
command-profile-show = Показать профиль без ключей
command-profile-remove = Удалить профиль. Если ключи больше нигде не хранятся, они будут потеряны
command-check = Проверить адрес, TLS, прокси, ключи, часы и остальное и подсказать, что делать
    .after =
        ✓ — всё в порядке, ✗ — нет, – (тире) — проверить не удалось. Код завершения 0, если нет ни одного ✗.

        Если указан файл, типы активностей и логины в нём сравниваются с имеющимися в аккаунте. В CRM ничего не
        записывается. Исключение — параметр --write-to-this-crm: с ним добавляются и удаляются две активности без клиента.
command-discover = Показать структуру ответов вашего аккаунта без самих значений
    .after = Команда только читает. Её вывод можно приложить к публичному сообщению об ошибке.
command-tour = Показать возможности программы без учётной записи и без сети
    .after =
        Всё происходит в песочнице внутри процесса. К другому серверу программа обращается, только если он указан
        в параметрах, а пишет на него только с параметром --write-to-this-crm.
command-sandbox = Запустить локальный сервер, который ведёт себя как обе CRM
    .after =
        Учебный сбой: следующая активность сохранится, но ответ потеряется; затем всё снова работает:
        curl -X PUT http://127.0.0.1:8787/_sandbox/faults -d '{"{"}"operation":"writes","fault":"close_after_commit"{"}"}'
        curl -X PUT http://127.0.0.1:8787/_sandbox/faults -d '[]'
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

option-lang = Язык сообщений (по умолчанию — язык системы)
    .value = ЯЗЫК
option-quiet = Показывать только проблемы
option-json = Вывести итог в формате JSON в стандартный вывод
option-help = Показать справку
option-version = Показать версию
option-check-file = Файл для импорта: типы активностей и логины в нём сравниваются с имеющимися в аккаунте
    .value = ФАЙЛ
option-second_login = Второй логин того же аккаунта: проверить, видят ли оба одно и то же время
    .value = ЛОГИН
option-check-write_to_this_crm = Добавить и удалить две активности, чтобы узнать сдвиг часов и режим SQL
option-chosen-profile = Взять адрес и ключи из этого профиля
    .value = ИМЯ
option-profile-name = Имя профиля или путь к его файлу
    .value = ИМЯ
option-apikey_file = Файл с API-ключом
    .value = ФАЙЛ
option-apikey_command = Команда оболочки, первая строка вывода которой — API-ключ
    .value = КОМАНДА
option-token_file = Файл с токеном
    .value = ФАЙЛ
option-token_command = Команда оболочки, первая строка вывода которой — токен
    .value = КОМАНДА
option-secret_file = Файл с секретом
    .value = ФАЙЛ
option-secret_command = Команда оболочки, первая строка вывода которой — секрет
    .value = КОМАНДА
option-profile-time-zone = Часовой пояс аккаунта, например Europe/Moscow
    .value = ПОЯС
option-proxy = Прокси для https, например http://proxy.example.ru:3128; none — без прокси (по умолчанию — из HTTPS_PROXY)
    .value = URL
option-ca_file = Файл с сертификатами (PEM) собственного удостоверяющего центра, которому можно доверять
    .value = ФАЙЛ
option-history_url = Адрес SalesMan CRM, например https://crm.example.ru
    .value = URL
option-apikey = API-ключ SalesMan CRM. Параметр виден в списке процессов, надёжнее задать переменную CRM_APIKEY
    .value = КЛЮЧ
option-login = Логин текущего пользователя
    .value = ЛОГИН
option-projects_url = Адрес solOS, например https://acme.solos.pro
    .value = URL
option-token = Токен аккаунта solOS. Параметр виден в списке процессов, надёжнее задать переменную CRM_TOKEN
    .value = ТОКЕН
option-secret = Секрет аккаунта solOS. Параметр виден в списке процессов, надёжнее задать переменную CRM_SECRET
    .value = СЕКРЕТ
option-allow_insecure_http = Разрешить http:// к другому компьютеру, хотя ключ сможет прочитать любой узел на пути
option-file = Файл для импорта; знак - означает стандартный ввод
    .value = ФАЙЛ
option-journal = Файл, по которому импорт продолжается после остановки (по умолчанию ФАЙЛ.journal)
    .value = ФАЙЛ
option-rejected = Файл для строк, которые не удалось импортировать, с причинами (по умолчанию ФАЙЛ.rejected.csv)
    .value = ФАЙЛ
option-chunk = Наибольшее число активностей в одном вызове
    .value = N
option-import-concurrency = Наибольшее число одновременных вызовов
    .value = N
option-export-concurrency = Наибольшее число одновременных вызовов; больше двух экспорт не ускоряет
    .value = N
option-settle = Сколько секунд сервер может обрабатывать вызов, на который не пришёл ответ
    .value = СЕКУНДЫ
option-timeout = Предельная длительность одного вызова в секундах
    .value = СЕКУНДЫ
option-patience = Сколько секунд продолжать импорт, если сервер ничего не сохраняет
    .value = СЕКУНДЫ
option-per_second = Наибольшее число вызовов в секунду
    .value = N
option-losses = Что делать с активностью, которую сервер изменит или логин либо тип которой не нашли --check-users и --check-types: не отправлять (reject), предупредить (warn) или не проверять изменения (allow)
    .value = РЕЖИМ
option-dry_run = Прочитать и проверить всё, показать, что будет отправлено, и ничего не отправлять
option-retry_refused = Отправить снова то, что в журнале отмечено как отклонённое: причина в CRM устранена
option-map = Взять поле (datum, time, content, tip, user, clid, pid, did) из этого столбца; знак - вместо поля пропускает столбец; можно указать несколько раз
    .value = СТОЛБЕЦ=ПОЛЕ
option-map_preset = Известный формат файла без заголовка
    .value = ИМЯ
option-mark = Столбец с уникальной меткой строки, например ID звонка; метка дописывается к тексту, и по ней активность можно найти
    .value = СТОЛБЕЦ
option-adopt = Сначала искать метку каждой строки в CRM и отправлять только то, чего там нет: для файлов, которые пересекаются, и при потере журнала
option-find_client_by = Столбец с номерами телефонов: строка без клиента, контакта и сделки относится к клиенту с этим номером
    .value = СТОЛБЕЦ
option-unknown_client = ID клиента для строк, по номеру в которых никто не найден или найдено несколько клиентов (по умолчанию такие строки отклоняются)
    .value = ID
option-phone = Номер телефона в любой записи или внутренний номер сотрудника, например 101
    .value = НОМЕР
option-email = Адрес электронной почты
    .value = АДРЕС
option-date_format = Формат дат: auto, unix, excel или шаблон, например %d/%m/%Y %H:%M
    .value = ФОРМАТ
option-time_zone = Часовой пояс аккаунта, например Europe/Moscow: нужен для дат со смещением от UTC
    .value = ПОЯС
option-encoding = Кодировка текстового файла (по умолчанию определяется автоматически)
    .value = КОДИРОВКА
option-delimiter = Разделитель в текстовом файле: один символ или tab (по умолчанию определяется автоматически)
    .value = СИМВОЛ
option-sheet = Лист таблицы (по умолчанию тот, на котором есть подходящий заголовок)
    .value = ИМЯ
option-excel = CSV для Excel: разделитель — точка с запятой, понятные заголовки, тексты не превращаются в формулы
option-check_users = Сначала проверять на сервере каждый логин: активность с неизвестным логином остаётся без ответственного
option-check_types = Сначала запросить у сервера типы активностей и сообщить о неизвестных
option-sole_writer = Никто другой в это время не добавляет такие же активности, поэтому можно распознать и запись без даты
option-from = Первый день, например 2024-01-31 или 31.01.2024
    .value = ДЕНЬ
option-to = Последний день
    .value = ДЕНЬ
option-texts = Какие тексты запрашивать в исходном виде, по вызову на каждый: никакие, изменённые в списке или все
    .value = ТЕКСТЫ
option-deleted = Экспортировать удалённые проекты
option-out = Файл, в который записать результат; знак - означает стандартный вывод
    .value = ФАЙЛ
option-format = Формат файла (по умолчанию — по имени файла, иначе jsonl)
    .value = ФОРМАТ
option-checkpoint = Файл, по которому экспорт продолжается после остановки
    .value = ФАЙЛ
option-report-out = Файл отчёта, например report.html
    .value = ФАЙЛ
option-days = За сколько последних дней запрашивать активности
    .value = N
option-plan = Только показать, какие вызовы будут сделаны
option-write_to_this_crm = Добавить три активности в CRM из --history-url и удалить их
option-listen = Адрес и порт сервера; порт 0 — любой свободный
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
option-seed = Начальное значение генератора случайных чисел
    .value = N
option-man-out = Папка, в которую записать страницы всех команд
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
usage-too-many-values = лишнее значение { $value } для { $argument }
usage-not-utf-8 = параметр указан не в кодировке UTF-8
usage-twice = { $argument } указан дважды
usage-other = ошибка в параметрах: { $text }
usage-see-help = Справка: --help.
no-such-day = такого дня нет
expected-day = день указывают так: 2024-01-31 или 31.01.2024
expected-seconds = нужно целое число секунд
expected-count = нужно целое число не меньше 1
expected-delimiter = нужен один символ ASCII или tab
expected-zone = нужно имя часового пояса, например Europe/Moscow
expected-date-format = допустимы auto, unix, excel или шаблон, например %d/%m/%Y
expected-id = нужен ID клиента, например 1781
expected-rate = нужно число больше 0
days-reversed = дата в --to раньше, чем в --from

connection-missing = не указан { $flag }: укажите его, задайте переменную { $variable } или выберите профиль параметром --profile
connection-missing-in-profile = не указан { $flag }: укажите его, задайте переменную { $variable } или впишите { $name } = "…" в раздел [{ $section }] профиля { $file }
connection-no-database = «{ $given }» – не адрес базы данных: напишите sqlite:{ $given } или postgres://ПОЛЬЗОВАТЕЛЬ@ХОСТ/БАЗА
connection-profiles = { " " }(профили: { $names })
connection-other-address = не указан { $flag }: в профиле другой адрес, а не { $address }, и ключи профиля туда не отправляются. Укажите параметр или задайте переменную { $variable }
connection-bad-proxy = недопустимый адрес прокси: укажите его так: http://сервер:порт, или none для прямого соединения
connection-no-certificate = в файле { $file } нет сертификата: нужен файл PEM со строкой -----BEGIN CERTIFICATE-----
connection-none = не указан сервер: выберите профиль параметром --profile, укажите --history-url или --projects-url либо задайте CRM_HISTORY_URL или CRM_PROJECTS_URL. Создать профиль: crm profile add main
connection-twice = заданы и { $variable }, и { $file-variable }: оставьте одну из них
connection-file-not-read = не удалось прочитать файл { $file } из { $variable }: { $error }

## Профили

profile-not-read = не удалось прочитать профиль { $file }: { $error }. Список профилей: crm profile list
profile-not-toml = ошибка TOML в профиле { $file }, строка { $line }, столбец { $column }: { $error }. Настройка записывается так: имя = "значение" (в прямых кавычках), каждая один раз и в своём разделе
profile-unknown-name = в профиле { $file } нельзя использовать { $name }: имя неизвестно или значение не в кавычках. Разделы и имена: crm profile --help
profile-readable = другие пользователи компьютера могут прочитать ключи в { $file } или изменить файл: выполните chmod 600 { $file }
profile-key-not-read = не удалось получить ключ { $name } из { $file }: { $error }
profile-command-too-long = команда не завершилась за { $seconds } с
profile-command-no-text = команда не вывела ни одной строки текста
profile-bad-name = имя { $name } не подходит для профиля: используйте буквы, цифры, - и _
profile-no-folder = нет папки для профилей: не заданы ни XDG_CONFIG_HOME, ни HOME. Укажите вместо имени путь к файлу
profile-none = Профилей нет. Создать профиль: crm profile add main
profile-hidden = (задан, не показан)
profile-not-removed = не удалось удалить профиль { $file }: { $error }
profile-removed = Профиль { $file } удалён.
profile-unknown = нет профиля { $name }: файл { $file } не существует. Список профилей: crm profile list
profile-exists = профиль { $name } уже есть: { $file }. Измените его командой crm profile set { $name } или исправьте файл
profile-added = Профиль записан в { $file }. Проверьте его: crm check --profile { $name }
profile-nothing-given = не указан ни один адрес: укажите --history-url или --projects-url либо задайте CRM_HISTORY_URL или CRM_PROJECTS_URL
profile-ask-again = Здесь нужно значение.
profile-ask-history-url = Адрес SalesMan CRM, например https://crm.example.ru (пусто — без неё):
profile-ask-login = Логин:
profile-ask-apikey = API-ключ (не отображается):
profile-ask-time-zone = Часовой пояс аккаунта, например Europe/Moscow. Нужен только для времени со смещением от UTC (пусто – не задан):
profile-ask-projects-url = Адрес solOS, например https://acme.solos.pro (пусто – без неё):
profile-ask-token = Токен (не отображается):
profile-ask-secret = Секрет (не отображается):
column-profile = Профиль

## Проверка

check-needs-history = файл, --second-login и --write-to-this-crm относятся к SalesMan CRM: выберите профиль параметром --profile или укажите --history-url
check-all-good = Всё в порядке.
check-some-bad = { $count ->
    [one] Найдена { $count } проблема.
    [few] Найдено { $count } проблемы.
   *[many] Найдено { $count } проблем.
}
check-arrow = { " " }Что делать – после знака →.
check-refused-key = Скопируйте ключ из CRM ещё раз, без пробелов, и сверьте логин со списком сотрудников. По ответу сервера неверный ключ не отличить от неверного логина.
check-refused-token = Скопируйте токен и секрет ещё раз из настроек аккаунта solOS, без пробелов.
check-row-sources = Откуда значения
check-row-address = Адрес
check-row-proxy = Прокси
check-row-tls = TLS
check-row-clock = Часы
check-row-key = Ключ и логин
check-row-token = Токен и секрет
check-row-users = Кто что видит
check-row-get = Чтение
check-row-file = Файл
check-row-types = Типы активностей
check-row-file-users = Логины в файле
check-row-second-login = Второй логин
check-row-shift = Сдвиг часов
check-row-sql-mode = Режим SQL
check-row-write = Запись
check-row-projects = Проекты
check-sources = { $sources }
source-flag = параметр { $name }
source-variable = переменная { $name }
source-profile = профиль { $name }
source-over-profile = переменная { $name } (важнее профиля)
source-this-profile = профиль
value-url = адрес
value-login = логин
value-apikey = ключ
value-token = токен
value-secret = секрет
value-proxy = прокси
value-ca-file = сертификаты
check-timeout = сервер не ответил вовремя
check-bad-address = { $error }
check-bad-address-advice = Укажите адрес так: https://crm.example.ru. По http:// ключи может прочитать любой узел на пути; разрешить это можно параметром --allow-insecure-http.
check-reached = сервер отвечает
check-not-reached = сервер не отвечает: { $error }
check-not-reached-advice = Проверьте адрес, DNS и межсетевой экран. Если в сети нужен прокси, укажите proxy в профиле.
check-no-proxy = нет
check-proxy = { $proxy }
check-proxy-failed = через { $proxy } подключиться не удалось: { $error }
check-proxy-failed-advice = Проверьте адрес прокси. Чтобы подключиться напрямую, укажите --proxy none.
check-proxy-password = { $proxy } требует пароль
check-proxy-password-advice = Укажите его в адресе: http://имя:пароль@сервер:порт в профиле с правами 0600.
check-tls = сертификат подписан { $authority }, действует до { $day }
check-tls-with-file = сертификат подписан { $authority }, действует до { $day }; сертификатам из { $file } программа тоже доверяет
check-tls-unknown = соединение шифруется; показать сертификат не удалось
check-no-tls = соединение не шифруется: адрес начинается с http://
check-tls-failed = защищённое соединение не установлено: { $error }
check-tls-failed-advice = Если сертификат подписал собственный удостоверяющий центр, укажите ca_file в профиле. Если у сервера нет TLS, его адрес начинается с http://.
check-tls-ends = сертификат от { $authority } действует только до { $day }
check-tls-ends-advice = Попросите администратора сервера обновить сертификат. После этого дня вызовы перестанут работать.
check-clock = совпадают с часами сервера
check-no-date = сервер не сообщает время (нет заголовка Date)
check-clock-ahead = часы этого компьютера спешат относительно сервера на { $seconds } с
check-clock-ahead-advice = Синхронизируйте часы обоих компьютеров (NTP), иначе время активностей будет неверным.
check-clock-behind = часы этого компьютера отстают от сервера на { $seconds } с
check-clock-behind-advice = Синхронизируйте часы обоих компьютеров (NTP), иначе время активностей будет неверным.
check-key = приняты, { $login }
check-sees-all = { $role }: видит активности всех сотрудников, их { $users } (заблокировано: { $blocked })
check-sees-division = { $role }: видит свои активности, активности подчинённых и их подчинённых; сотрудников: { $users } (заблокировано: { $blocked })
check-sees-department = { $role }: видит свои активности и активности прямых подчинённых; сотрудников: { $users } (заблокировано: { $blocked })
check-sees-own = { $role }: видит только свои активности; сотрудников: { $users } (заблокировано: { $blocked })
check-sees-unknown = роль этого логина неизвестна; сотрудников: { $users } (заблокировано: { $blocked })
check-get = запросы GET доходят целиком
check-get-lost = тело запроса GET теряется по пути
check-get-lost-advice = Его отбрасывает прокси или межсетевой экран. Сама программа отправляет такие запросы методом POST. В своих программах тоже используйте POST.
check-get-failed = запрос GET с телом не проходит: { $error }
check-get-failed-advice = Его отклоняет прокси или межсетевой экран. Сама программа отправляет такие запросы методом POST. В своих программах тоже используйте POST.
check-file = { $file }: строк { $rows }, все читаются
check-file-unreadable = { $file }: не читаются строки — { $unreadable } из { $rows }
check-file-unreadable-advice = Причины покажет команда crm import { $file } --dry-run{ $profile }.
check-types = известны все, типов: { $count }
check-types-unknown = неизвестно { $unknown } из { $count }: { $names }
check-types-unknown-advice = Неизвестный тип сохраняется как есть, без цвета и фильтра. Исправьте файл или добавьте типы в CRM. В аккаунте есть: { $known }.
check-users = известны все, логинов: { $count }
check-users-unknown = неизвестно { $unknown } из { $count }: { $names }
check-users-unknown-advice = Активности с неизвестными логинами останутся без ответственного, и их не покажут общие списки, экспорт и отчёты. Исправьте логины; логины аккаунта покажет команда crm users{ $profile }.
check-shift-nothing = нет активности со временем для сравнения; параметр --write-to-this-crm добавит её
check-shifts-equal = { $login } видит то же время
check-shifts-differ = { $login } видит время со сдвигом { $hours } ч относительно первого логина
check-shifts-differ-advice = Задайте обоим сотрудникам одинаковый сдвиг времени в CRM или используйте для всех задач один логин.
check-shift = логин видит то время, которое записал
check-shift-differs = логин видит время со сдвигом { $hours } ч относительно записанного
check-shift-differs-advice = Задайте этому сотруднику в CRM сдвиг времени 0.
check-date-lost = CRM не сохранила дату
check-date-lost-advice = Проверьте часовой пояс аккаунта и настройки его базы данных.
check-sql-lenient = нестрогий: то, что не помещается, обрезается
check-sql-strict = строгий: то, что не помещается, отклоняется
check-sql-unknown = узнать не удалось: CRM не сохранила активности
check-write-refused = { $outcome }
check-write-refused-advice = Импорт завершится с той же ошибкой. Исправьте настройку, указанную в сообщении.
check-write-unknown = активность могла сохраниться: { $outcome }
check-write-unknown-advice = Найдите в CRM запись «{ $text }» и удалите её.
check-not-deleted = активность { $id } осталась в CRM: { $error }
check-not-deleted-advice = Удалите активность { $id } вручную.
check-token = приняты
check-projects = читаются
check-no-project = ответ читается; с этим токеном не видно ни одного проекта
check-project-unreadable = проект в ответе разобрать не удалось
check-project-unreadable-advice = Команда crm discover покажет структуру ответов без самих значений. Пришлите её вывод авторам программы.

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
waiting-after-failures = повтор после неудачных вызовов
waiting-for-response = ожидание ответа сервера
waiting-to-settle = пауза перед поиском записей, о которых сервер не ответил

## Импорт

count-stored = сохранено: { $count }
count-stored-now = сохранено сейчас: { $count }
count-stored-before = раньше: { $count }
count-to-send = будет отправлено: { $count }
count-refused = отклонено: { $count }
count-unreadable = не прочитано: { $count }
count-not-sent = не отправлено: { $count }
count-unknown = неизвестно, сохранено ли: { $count }
import-line = строка { $line }: { $text }
import-changed = сервер изменит активность: { $losses }
import-unlinked = нет ни клиента, ни контакта, ни сделки: активность не появится ни в чьей истории
import-without-owner = пользователя «{ $user }» в CRM нет: активность останется без ответственного, и её не покажут общие списки, экспорт и отчёты
import-unknown-type = типа активности «{ $type }» в аккаунте нет; имеющиеся типы покажет crm check с этим файлом
import-file = { $file }: { $text }
import-input = { $file }: { $info }; столбцы: { $columns }
import-column-skipped = { "  " }столбец «{ $column }» пропущен: { $reason }
import-columns-skipped = { "  " }… и ещё пропущено столбцов: { $count }
import-find-client-by = { "  " }столбец «{ $column }» — номер телефона, по которому ищется клиент
import-older-file = Прежний файл отклонённых строк сохранён под именем { $file }.
import-stored-twice = сохранена дважды, как { $id } и { $copy }: удалите одну из записей
import-summary = { $rows ->
    [one] { $rows } строка: { $counts }
    [few] { $rows } строки: { $counts }
   *[many] { $rows } строк: { $counts }
}
import-rejected-file = Строки, которые не импортированы, и причины – в файле { $file }. Исправьте их или там, или в исходном файле, но не в обоих, и импортируйте исправленный файл.
import-other-journal = Файл { $file } тоже импортировался. Строка, исправленная в обоих файлах одинаково, ещё раз не сохраняется, а исправленная по-разному была бы сохранена дважды.
import-with-warnings = Строк с предупреждениями: { $count }. С параметром --losses reject такие строки не отправляются.
import-preview-more = … и ещё строк: { $count }. Чтобы увидеть все в формате JSON, направьте вывод в файл.
import-adopt-needs-mark = для --adopt нужна метка каждой строки: укажите её столбец в --mark СТОЛБЕЦ
import-run-again = Запустите ту же команду позже: импорт продолжится.
import-run-when-fixed = Устраните причину и запустите ту же команду: импорт продолжится.
import-look-up = Прежде чем импортировать ещё раз, найдите в CRM активности, о которых неизвестно, сохранены ли они.

## Экспорт

export-stopped = Остановлено, записей получено: { $records }. Файл не изменён.
export-stopped-stream = Остановлено, записей получено: { $records }. Вывод неполный.
export-run-again = Запустите ту же команду позже: экспорт продолжится.
export-resumes-when-fixed = Устраните причину и запустите ту же команду: экспорт продолжится.
export-run-when-fixed = Файл не изменён. Устраните причину и запустите команду ещё раз.
export-old-file = Файл не изменён. Запустите команду ещё раз или добавьте --checkpoint, чтобы экспорт мог продолжиться.
export-other-spreadsheet = в таком формате таблицу записать нельзя: укажите имя файла .xlsx или .csv с параметром --excel
export-excel-needless = Параметр --excel нужен только для .csv: файл .xlsx и так для Excel.
export-excel-jsonl = для --excel нужен --format csv или xlsx
export-cannot-resume = для --checkpoint нужен файл: в стандартный вывод экспорт продолжить нельзя
export-spreadsheet-cannot-resume = экспорт в электронную таблицу продолжить нельзя: укажите файл .csv с параметром --excel или уберите --checkpoint
export-old-spreadsheet = Файл не изменён. Запустите команду ещё раз. Экспорт в электронную таблицу продолжить нельзя, а в файл .csv с --excel и --checkpoint — можно.
export-several-sheets = Записи занимают несколько листов ({ $count }): на лист помещается не больше 1 048 576 строк.
export-shortened = { $count ->
    [one] обрезан { $count } текст: в ячейку таблицы помещается не больше 32 767 символов
    [few] обрезано { $count } текста: в ячейку таблицы помещается не больше 32 767 символов
   *[many] обрезано { $count } текстов: в ячейку таблицы помещается не больше 32 767 символов
}
export-stopped-resumes = Остановлено, записей получено: { $records }. Запустите ту же команду: экспорт продолжится.

## Отчёт

report-bad-out = имя файла в --out должно оканчиваться на .html
report-written = Отчёт записан в { $file }.
report-title = Отчёт за { $from } – { $to }
report-total-activities = Активностей
report-total-a-day = В среднем в день
report-total-users = Активных сотрудников
report-total-clients = Клиентов
report-by-day = Активности по дням и типам
report-by-week = Активности по неделям и типам
report-by-month = Активности по месяцам и типам
report-by-user = Активности по сотрудникам
report-by-client = Активности по клиентам
report-by-hour = Активности по часам и дням недели
report-weekdays = пн вт ср чт пт сб вс
report-day = День
report-week = Неделя с
report-month = Месяц
report-user = Сотрудник
report-client = Клиент
report-count = Число
report-sum = Всего
report-balance = Разница
report-table = Таблица
report-no-type = (без типа)
report-no-owner = (без ответственного)
report-no-client = (без клиента)
report-other-types = { $count ->
    [one] ещё { $count } тип
    [few] ещё { $count } типа
   *[many] ещё { $count } типов
}
report-others = ещё { $count }
report-payments = Платежи по месяцам
report-income = Поступления
report-expense = Списания
report-currency = валюта { $currency }
report-no-currency = без валюты
report-assumed = Предположение: ответы solOS не документированы, поэтому смысл суммы, даты и валюты точно не известен.
report-nothing = Нет данных.
report-unreadable-payments = { $count ->
    [one] { $count } платёж без читаемой даты или суммы не вошёл в отчёт
    [few] { $count } платежа без читаемой даты или суммы не вошли в отчёт
   *[many] { $count } платежей без читаемой даты или суммы не вошли в отчёт
}

## Сотрудники, клиенты и контакты

find-nobody = Никого не найдено: { $sought }.
column-line = Строка
column-date = Дата
column-content = Содержание
column-type = Тип
column-deal-id = ID сделки
column-id = ID
column-name = Имя
column-login = Логин
column-active = Активен
column-extension = Внутренний номер
column-phone = Телефон
column-email = Эл. почта
column-owner = Ответственный
column-changed = Изменён
column-client-id = ID клиента
column-client = Клиент
column-contact-id = ID контакта
column-contact = Контакт
column-field = Поле
column-title = Название
column-color = Цвет
column-filter = Фильтр
column-outcome = Итог
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
sandbox-not-started = песочница не может занять адрес { $address }: { $error }. Любой свободный порт: --listen 127.0.0.1:0
sandbox-records = Активностей: { $count }, за { $first } – { $last }.
sandbox-no-records = Активностей пока нет. С параметром --records 200 песочница создаст их.
sandbox-keys =
    Песочница работает на { $url }. Остановить её: Ctrl-C.
    SalesMan CRM: --history-url { $url } --apikey { $apikey } --login { $login }
    solOS: --projects-url { $url } --token { $token } --secret { $secret }

## Обзор

tour-begin =
    Программа запускает песочницу — локальный сервер, который имитирует обе CRM. Наружу ничего не отправляется.
    Сначала будут выполнены все шестнадцать вызовов, затем — показано, ради чего создан проект.
tour-own-server = Вызовы идут на серверы, указанные в параметрах, остальные — в песочницу.
tour-chapter-history = SalesMan CRM, история, { $url }
tour-chapter-projects = solOS, проекты, { $url }
tour-no-write = (add, add.list и delete пропущены: для них нужен параметр --write-to-this-crm.)
tour-not-deleted = Активность { $id }, созданная во время обзора, осталась в CRM: { $error }. Удалите её вручную.
tour-more = … и ещё { $count }
tour-no-records = записей нет
tour-unreadable = не удалось разобрать: { $record }
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

    Сначала сохраните адрес и ключи: crm profile add main. Выбрать их: --profile main. Справка по каждой команде: --help.
