# Тексты команд `crm mirror` по-русски. Имена и переменные те же, что в mirror.en.ftl; их сравнивает тест.

## Справка

command-mirror = Копировать обе CRM в базу данных: только изменения, с удалениями и журналом изменений
    .after =
        TARGET — это sqlite:ФАЙЛ или postgres://ПОЛЬЗОВАТЕЛЬ@ХОСТ/БАЗА. Его можно задать и в переменной CRM_MIRROR_TARGET
        или в разделе [mirror] профиля. Пароль в аргументе виден в списке процессов.

        Запускайте одну и ту же команду каждую ночь. Состав копии зависит от указанных серверов: из SalesMan CRM —
        активности, сотрудники, клиенты и контакты; из solOS — проекты с этапами, событиями, чек-листами, товарами и
        платежами. Запуск можно прервать в любой момент, следующий продолжит работу. Запись удаляется из копии, только
        если точно известно, что она удалена в CRM.

        Коды завершения: 0 — копия полная; 75 — запустите ещё раз, прочитанное сохранено; 77 — сервер не принял ключ; 64 —
        параметр неверен или не подходит к копии, например указан другой логин; 1 — нужно вмешательство человека, например
        сразу пропало слишком много записей.
command-mirror-status = Показать последние запуски
    .after =
        Код завершения — как у последнего запуска. Если SalesMan CRM и solOS копируются разными запусками, из последних
        запусков каждой CRM выбирается худший. 0 — копия полная; 75 — запустите ещё раз или у запуска нет конца: он ещё идёт
        или прерван; 1 — нужно вмешательство человека, в том числе если сервер не принял ключ. Запуск без конца относится к
        обеим CRM. Учитываются последние 1000 запусков.
command-mirror-changes = Вывести список изменений в CRM: записи до и после
    .after =
        Для бухгалтерии после закрытия месяца: crm mirror changes sqlite:crm.db --since 2024-07-01 --table payments. С
        параметром --json каждая строка — изменение. Указано время, когда изменение обнаружено при запуске, а не когда оно внесено.
command-mirror-forget = Удалить запись из копии вместе со всем, что о ней есть в журнале изменений
    .after =
        Для случаев, когда человек просит удалить свои данные. Сначала удалите запись в CRM: то, что в ней осталось, снова
        попадёт в копию. Для клиента или контакта удаляются также его имя из других записей и удалённые активности о нём.
command-tap = Вывести содержимое копии в виде сообщений протокола Singer для Meltano и других конвейеров данных
    .after =
        crm tap --store sqlite:crm.db --state state.json | target-postgres --config postgres.json >> states.jsonl
        tail -n 1 states.jsonl > state.json

        В --config указывают файл JSON с ключом store, как это делают конвейеры. Без --catalog выводятся все потоки. Способ
        репликации задаётся в каталоге: LOG_BASED (по умолчанию: каждая строка один раз, затем изменения, удаления — в
        _sdc_deleted_at) или FULL_TABLE.

option-mirror-target = Копия: sqlite:ФАЙЛ или postgres://ПОЛЬЗОВАТЕЛЬ@ХОСТ/БАЗА; или задайте CRM_MIRROR_TARGET
    .value = TARGET
option-mode = quick читает новое и недавние дни, full — всё, auto — всё, если последний полный запуск был больше недели назад
    .value = РЕЖИМ
option-window = За сколько прошедших дней быстрый запуск перечитывает активности, чтобы найти правки; будущие читаются всегда
    .value = ДНИ
option-rotation = За сколько дней этапы, события, чек-листы, товары и платежи каждого проекта перечитываются хотя бы раз
    .value = ДНИ
option-columns = Копировать это поле проектов ещё и в отдельный столбец, например contract_date:date; можно указать несколько раз. Виды: text, integer, decimal, time, date, boolean, json
    .value = ПОЛЕ:ВИД
option-keep_changes = Сколько дней хранить журнал изменений
    .value = ДНИ
option-soft_deletes = Оставлять строки удалённых записей, отмечая время удаления в deleted_at
option-allow_deletes = Разрешить удалить сразу больше 5 % строк таблицы (и больше 20 строк)
option-new_view = Перевести копию на другой логин, сервер или токен
option-until = Время суток, например 07:00, после которого запуск останавливается, как только это безопасно; следующий продолжит
    .value = ЧЧ:ММ
option-machine-time-zone = Часовой пояс дат и времени в параметрах, например Europe/Moscow (по умолчанию — из CRM_TIME_ZONE или профиля, иначе пояс этого компьютера)
    .value = ПОЯС
option-runs-limit = Наибольшее число запусков
    .value = N
option-changes-since = Первый день, например 2024-07-01 или 01.07.2024
    .value = ДЕНЬ
option-table = Только изменения этой таблицы, например payments
    .value = ТАБЛИЦА
option-changes-out = Файл, в который записать изменения; знак - означает стандартный вывод
    .value = ФАЙЛ
option-forget-what = Копия, таблица и ID, например sqlite:crm.db clients 1781. Копию можно задать в CRM_MIRROR_TARGET
    .value = TARGET ТАБЛИЦА ID
option-tap-store = Копия: sqlite:ФАЙЛ или postgres://ПОЛЬЗОВАТЕЛЬ@ХОСТ/БАЗА; или задайте CRM_MIRROR_TARGET
    .value = URL
option-tap-config = Файл JSON с ключом store
    .value = ФАЙЛ
option-discover = Вывести каталог: потоки и их столбцы
option-catalog = Каталог с выбранными потоками и столбцами (по умолчанию — все)
    .value = ФАЙЛ
option-tap-state = Последнее состояние, которое вывел приёмник (по умолчанию — с начала)
    .value = ФАЙЛ

## Ошибки в параметрах

expected-column = нужны поле и вид, например contract_date:date; виды: text, integer, decimal, time, date, boolean, json
expected-time-of-day = нужно время суток, например 07:00
expected-table = нужна таблица: activities, activity_types, users, clients, contacts, projects, project_steps, project_actions, checklists, goods или payments
expected-forget = нужны таблица и ID, например clients 1781

## Сообщения

mirror-absent = в { $file } копии нет: проверьте имя или сначала выполните crm mirror sqlite:{ $file }
mirror-busy = с этой копией уже работает другой запуск: дождитесь его завершения. После сбоя при работе с PostgreSQL ждать придётся до минуты
mirror-progress = { $table }: { $count }
mirror-shift = Часы этого логина сдвинулись на { $hours } ч. Время в копии осталось прежним.
mirror-run-complete = Запуск { $run }: копия полная.
mirror-run-stopped = Запуск { $run } остановлен раньше времени. Прочитанное сохранено, запустите ещё раз.
mirror-run-again = Копия неполная. Прочитанное сохранено, запустите ещё раз. { $error }
mirror-needs-person = Копия неполная, и повторный запуск этого не изменит. { $error }
mirror-too-many-missing = В CRM больше нет { $missing } из { $rows } строк таблицы { $table }, поэтому ни одна не удалена. Проверьте, видит ли их этот логин. Если записи действительно удалены, запустите один раз с параметром --allow-deletes.
mirror-complete = полная
mirror-not-complete = неполная
mirror-verdict-stopped = остановлен
mirror-verdict-run-again = запустите ещё раз
mirror-verdict-needs-person = нужно вмешательство человека
mirror-verdict-none = идёт или прерван
mirror-no-run = Ни один запуск ещё не завершён.
mirror-run-without-end = запуск { $run } не завершён: он ещё идёт или прерван. Если прерван, запустите ещё раз.
mirror-last-error = запуск { $run }: { $error }
mirror-changes = { $count ->
    [one] { $count } изменение
    [few] { $count } изменения
   *[many] { $count } изменений
}
mirror-change-insert = новая
mirror-change-update = изменена
mirror-change-delete = удалена
mirror-change-out-of-view = не видна
mirror-change-in-view = снова видна
mirror-nothing-to-forget = в копии нет ничего о записи { $id } таблицы { $table }
mirror-forgotten = { $table } { $id }: удалено или исправлено строк — { $count }
tap-done = { $count ->
    [one] Выведена { $count } запись.
    [few] Выведено { $count } записи.
   *[many] Выведено { $count } записей.
}
tap-sent-again = Все строки выведены снова: { $streams }. В журнале изменений уже нет нужного периода, изменились столбцы или состояние относится к другой копии. Удалённые за это время строки могли остаться в приёмнике: очистите его таблицы или выполните один раз с FULL_TABLE.
tap-not-activated = Старые строки не удалены: { $streams }. Последний запуск, который читал эти таблицы, прочитал их не полностью, или запуск ещё идёт. Дополните копию командой crm mirror и запустите tap снова.
column-table = Таблица
column-read = Прочитано
column-new = Новых
column-changed-rows = Изменено
column-deleted = Удалено
column-out-of-view = Не видно
column-verdict = Итог
column-run = Запуск
column-started-at = Начат (UTC)
column-ended-at = Завершён (UTC)
column-mode = Режим
column-seen-at = Замечено (UTC)
column-project-id = Проект
column-change = Изменение
column-what = Что
