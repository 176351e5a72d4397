# The texts of the program in English. ru.ftl has the same names and the same variables; a test compares them.

language-code = en
error = error: { $text }

## Help

command = Import, export and reports for SalesMan CRM and solOS
    .after =
        Addresses and keys are taken from the options, else from the environment: CRM_HISTORY_URL, CRM_APIKEY,
        CRM_LOGIN, CRM_PROJECTS_URL, CRM_TOKEN, CRM_SECRET. Each of them can name a file instead, with _FILE at the
        end: CRM_APIKEY_FILE. Keys in options are visible in the list of processes and in the history of the shell.

        Exit codes, the first that applies: 130 or 143 after a signal; 64 the arguments are wrong; 77 the server
        refused the key; 1 a person must look; 75 run it again later; 65 some input was refused or cannot be read;
        0 everything is done; 141 the reader of the output ended.
command-import = Import activities from a file into a SalesMan CRM, each exactly once
    .after =
        The journal lets an interrupted import resume: run the same command again. What is stored is never sent twice.
        Rows that cannot be imported are written to the rejected file with their reasons. Fix them there and import that
        file, or fix them in the original and import it again. Do not do both.

        Files that overlap, such as the calls of each day with the evening before: --mark COLUMN --adopt, where the column
        holds the ID of the call. Each call is then stored once, in whichever files it is.
command-export = Export activities or projects to a file
command-export-history = Export the activities of a SalesMan CRM, and say whether that is everything
    .after =
        With --checkpoint an interrupted export resumes: run the same command again. Activities with the date
        0000-00-00 are exported if no first day is given.
command-export-projects = Export the projects of a solOS, and say whether that is everything
command-report = Draw activities by day and payments by month
    .after =
        The fields of payments are assumed, because solOS documents no responses. Payments without a date or an
        amount are counted and left out, and so are those of deleted projects.
command-find = Find who has a telephone number or an email address: clients, contacts, users
    .after =
        The most certain match is first. It is exact if both numbers have country and area code and are equal. A number is
        found however it is written. A number of at most four digits is an internal number, and finds users. If nobody has
        it, a message says so, and the exit code is 0.
command-users = List the users of a SalesMan CRM, the blocked ones too
    .after = With --json each line is a user.
command-clients = List the clients of a SalesMan CRM that the login sees, and say whether that is everything
    .after = With --json each line is a client, with all of its fields. Clients in the trash are among them.
command-discover = Show the shape of what an account returns, without any value
    .after = It only reads. The report can be attached to a public bug report.
command-tour = Show what this program does, without an account and without a network
    .after =
        The tour runs against a sandbox in this process. It calls another server only if an option names it, and
        writes to that server only with --write-to-this-crm.
command-sandbox = Run a local server that behaves like both CRMs
command-completions = Write completions for a shell
command-man = Write the manual page

help-usage = Usage:
help-commands = Commands
help-command-name = COMMAND
help-options = Options
help-options-name = OPTIONS
help-options-of-all = Options of all commands
help-arguments = Arguments
help-default = { " " }[default: { $value }]
help-possible-values = { " " }[values: { $values }]

option-lang = Language of the messages (default: that of the locale)
    .value = LANGUAGE
option-quiet = Show problems only
option-json = Write a summary as JSON to the standard output
option-help = Show the help
option-version = Show the version
option-history_url = Address of the SalesMan CRM, such as https://crm.example.ru
    .value = URL
option-apikey = API key of the SalesMan CRM; better in CRM_APIKEY
    .value = KEY
option-login = Login of the current user
    .value = LOGIN
option-projects_url = Address of the solOS, such as https://acme.solos.pro
    .value = URL
option-token = Token of the solOS account; better in CRM_TOKEN
    .value = TOKEN
option-secret = Secret of the solOS account; better in CRM_SECRET
    .value = SECRET
option-allow_insecure_http = Allow http:// to another machine, although everyone on the way can read the key
option-file = The file to import; - is the standard input
    .value = FILE
option-journal = File that lets the import resume (default: FILE.journal)
    .value = FILE
option-rejected = File for rows that cannot be imported, with reasons (default: FILE.rejected.csv)
    .value = FILE
option-chunk = Maximum number of activities per call
    .value = N
option-import-concurrency = Maximum number of concurrent calls
    .value = N
option-export-concurrency = Maximum number of concurrent calls; the servers gain nothing from more than 2
    .value = N
option-settle = How many seconds the server may keep working on a call that got no response
    .value = SECONDS
option-timeout = Maximum duration of a call in seconds
    .value = SECONDS
option-patience = How many seconds the import goes on while the server stores nothing
    .value = SECONDS
option-per_second = Maximum number of calls per second
    .value = N
option-losses = What to do with an activity that the server would change: do not send it, warn, or say nothing
    .value = POLICY
option-dry_run = Read and check everything, show what would be sent, and send nothing
option-retry_refused = Send again what the journal knows as refused, after the cause was fixed in the CRM
option-map = Take this column for this field (datum, time, content, tip, user, clid, pid, did); - as the field skips the column; repeatable
    .value = COLUMN=FIELD
option-map_preset = A known form of file without a header
    .value = NAME
option-mark = Column with a unique mark of each row, such as the ID of the call; it ends the text and finds the activity again
    .value = COLUMN
option-adopt = Look for the mark of each row in the CRM first, and send only what is not there; for files that overlap and for a lost journal
option-find_client_by = Column with telephone numbers: a row without client, contact and deal gets the client who has its number
    .value = COLUMN
option-unknown_client = ID of the client for rows whose number finds nobody or several clients (default: such rows are refused)
    .value = ID
option-phone = Telephone number, written in any way; or the internal number of a user, such as 101
    .value = NUMBER
option-email = Email address
    .value = ADDRESS
option-date_format = How dates are written: auto, unix, excel, or a pattern such as %d/%m/%Y %H:%M
    .value = FORMAT
option-time_zone = Time zone of the account, such as Europe/Moscow, for dates with an offset from UTC
    .value = ZONE
option-encoding = Encoding of a text file (default: detected)
    .value = ENCODING
option-delimiter = Delimiter of a text file: one character, or tab (default: detected)
    .value = CHARACTER
option-sheet = Sheet of a spreadsheet (default: the one with a usable header)
    .value = NAME
option-excel = CSV for Excel: semicolons, headings for people, nothing that Excel takes for a formula
option-check_users = Ask the server for each login first, because an activity with an unknown login has no owner
option-check_types = Ask the server for its activity types first, and name the unknown ones
option-sole_writer = Nobody else adds the same activities meanwhile, so one without a date can be recognized
option-from = First day, such as 2024-01-31 or 31.01.2024
    .value = DAY
option-to = Last day
    .value = DAY
option-texts = Which texts to fetch as they are stored, with one call each: none, those that the list changes, or all
    .value = TEXTS
option-deleted = Export the deleted projects instead
option-out = The file to write; - is the standard output
    .value = FILE
option-format = Format of the file (default: that of its name, else jsonl)
    .value = FORMAT
option-checkpoint = File that lets the export resume
    .value = FILE
option-report-out = The file to write: a page (report.html) or the picture alone (report.svg)
    .value = FILE
option-days = How many days back activities are listed
    .value = N
option-plan = Only show what would be called
option-write_to_this_crm = Add three activities to the CRM of --history-url, and delete them again
option-listen = Where to listen; port 0 is a free port
    .value = ADDRESS:PORT
option-allow_other_machines = Allow an address that other machines can reach
option-records = How many generated activities there are
    .value = N
option-projects = How many projects there are
    .value = N
option-accounts = A JSON file with the accounts
    .value = FILE
option-sql_mode = How the database treats a value that does not fit: lenient, strict, strict-no-zero-date
    .value = MODE
option-zone = Time zone of the accounts, such as Europe/Moscow
    .value = ZONE
option-latency_ms = Delay of every response in milliseconds
    .value = N
option-seed = Changes everything that happens by chance
    .value = N
option-man-out = Write the pages of all commands to this folder instead
    .value = FOLDER
option-shell = The shell
    .value = SHELL

## Faults of the arguments

usage-unknown-argument = the argument { $argument } is unknown
usage-missing-argument = the argument { $argument } is missing
usage-unknown-command = the command { $command } is unknown
usage-missing-command = the command is missing
usage-conflict = { $argument } cannot be used with { $other }
usage-missing-value = { $argument } needs a value
usage-bad-value = the value { $value } of { $argument } cannot be used
usage-valid-values = : use one of { $values }
usage-suggestion = ; did you mean { $suggestion }?
usage-other = { $text }
usage-see-help = See --help.
expected-day = a day is written 2024-01-31 or 31.01.2024
expected-seconds = expected a whole number of seconds
expected-count = expected a whole number of at least 1
expected-delimiter = expected one ASCII character, or tab
expected-zone = expected the name of a time zone, such as Europe/Moscow
expected-date-format = expected auto, unix, excel, or a pattern such as %d/%m/%Y
expected-id = expected the ID of a client, such as 1781
expected-rate = expected a number greater than 0
days-reversed = --to is before --from

connection-missing = { $flag } is missing: give it, or set { $variable }
connection-none = no server is given: give --history-url or --projects-url, or set CRM_HISTORY_URL or CRM_PROJECTS_URL
connection-twice = both { $variable } and { $file-variable } are set: keep one of them
connection-file-not-read = the file { $file } of { $variable } cannot be read: { $error }

## Everywhere

runtime-not-started = the program cannot start its threads: { $error }
signal-received = Stopping: calls in flight may end. Press Ctrl-C once more to end at once.
file-not-written = { $file } cannot be written: { $error }
file-not-read = { $file } cannot be read: { $error }
time-seconds = { $seconds } s
time-minutes = { $minutes } min
time-hours = { $hours } h
progress-of = { $done } of { $total }
progress-count = { $done }
progress-rate = , { $rate } per second
progress-left = , about { $time } left
progress-waiting = { " " }({ $reason })
waiting-for-rate = waiting, because the server limits the rate
waiting-after-failures = calls fail and are retried
waiting-for-response = waiting for the server
waiting-to-settle = waiting before calls without a response are looked up

## Import

count-stored = { $count } stored
count-to-send = { $count } would be sent
count-refused = { $count } refused
count-unreadable = { $count } unreadable
count-not-sent = { $count } not sent
count-unknown = { $count } stored or not
import-line = line { $line }: { $text }
import-changed = the server changes it: { $losses }
import-without-owner = it has no owner in the CRM, because its user is unknown
import-unknown-type = the account has no activity type of this name
import-file = { $file }: { $text }
import-input = { $file }: { $info }; columns: { $columns }
import-column-skipped = { "  " }the column "{ $column }" is skipped: { $reason }
import-columns-skipped = { "  " }… and { $count } further columns are skipped
import-find-client-by = { "  " }the column "{ $column }" is the telephone number that finds the client
import-older-file = An older rejected file with other rows was kept as { $file }.
import-stored-twice = stored twice, as { $id } and { $copy }: delete one of them
import-summary = { $rows ->
    [one] 1 row: { $counts }
   *[other] { $rows } rows: { $counts }
}
import-rejected-file = The rows that were not imported are in { $file }, with their reasons. Fix and import them.
import-adopt-needs-mark = --adopt needs a mark for each row: choose its column with --mark COLUMN
import-run-again = Run the same command again later: it resumes.
import-look-up = Look up the activities that may be stored or not before you import them again.

## Export

export-stopped = Stopped after { $records } records. The file was not changed.
export-stopped-stream = Stopped after { $records } records. The output is not complete.
export-run-again = Run the same command again later: it resumes.
export-old-file = The file was not changed. Run the command again, or add --checkpoint so that it can resume.
export-excel-jsonl = --excel needs --format csv or xlsx
export-cannot-resume = --checkpoint needs a file: the standard output cannot resume
export-spreadsheet-cannot-resume = a spreadsheet cannot resume from a checkpoint: name the file .csv and add --excel, or leave --checkpoint out
export-old-spreadsheet = The file was not changed. Run the command again. A spreadsheet cannot resume; a .csv file with --excel and --checkpoint can.
export-several-sheets = The records are on { $count } sheets, because a sheet holds at most 1,048,576 rows.
export-shortened = { $count ->
    [one] 1 text was cut, because a cell of a spreadsheet holds at most 32,767 characters
   *[other] { $count } texts were cut, because a cell of a spreadsheet holds at most 32,767 characters
}
export-stopped-resumes = Stopped after { $records } records. Run the same command again: it resumes.

## Report

report-bad-out = --out must end with .html or .svg
report-title = Report, { $from } to { $to }
report-no-type = (no type)
report-other-types = { $count ->
    [one] 1 other type
   *[other] { $count } other types
}
report-income = in
report-expense = out
report-currency = { $kind }, currency { $currency }
report-activities = { $count ->
    [one] 1 activity, { $from } to { $to }
   *[other] { $count } activities, { $from } to { $to }
}
report-payments = Payments, { $from } to { $to }
report-a-day = activities a day
report-a-month = a month
report-nothing = nothing to show
report-unreadable-payments = { $count ->
    [one] 1 payment has no date or amount that can be read, and is left out
   *[other] { $count } payments have no date or amount that can be read, and are left out
}

## Users, clients and contacts

find-nobody = Nobody has { $sought }.
column-id = ID
column-name = Name
column-login = Login
column-active = Active
column-extension = Internal number
column-phone = Telephone
column-email = Email
column-owner = Owner
column-changed = Changed
column-client-id = Client ID
column-client = Client
column-contact-id = Contact ID
column-contact = Contact
column-field = Field
column-value = Value
column-exact = Exact
word-yes = yes
word-no = no

## Discover

discover-plan = Calls to { $url }, all of them reads:
    { $calls }

discover-once = once
discover-one-page = one page of the given days
discover-first-of-page = the first activity of that page
discover-first-20 = the first 20
discover-first-20-filter = the first 20; it changes nothing
discover-first-action = the first action that was found
discover-of-three = for the first 3 projects

## Sandbox

sandbox-reachable = other machines can reach { $address }: add --allow-other-machines if this is intended
sandbox-not-started = the sandbox cannot listen on { $address }: { $error }
sandbox-keys =
    The sandbox listens on { $url }. Ctrl-C ends it.
    SalesMan CRM: --history-url { $url } --apikey { $apikey } --login { $login }
    solOS: --projects-url { $url } --token { $token } --secret { $secret }

## Tour

tour-begin =
    This tour starts a sandbox, a local server that behaves like both CRMs. Nothing leaves this machine.
    First it makes the sixteen calls, then it shows what the project is for.
tour-own-server = Calls go to the servers that the options name, and to the sandbox otherwise.
tour-chapter-history = SalesMan CRM, history, at { $url }
tour-chapter-projects = solOS, projects, at { $url }
tour-no-write = (add, add.list and delete are left out. They need --write-to-this-crm.)
tour-not-deleted = Activity { $id } of the tour is still there: { $error }. Delete it yourself.
tour-calls = { $calls } calls, { $failed } failed
tour-chapter-lost-answers = Calls are logged while answers are lost, at { $url }
tour-lost-answers =
    { $calls } phone calls are logged, { $chunk } in each request. The server stores every second request and then
    closes the connection without an answer. A simple retry would log those calls twice.
tour-lost-answers-result =
    Requests with calls: { $requests }. Answers lost: { $lost }.
    The import reports { $reported } stored. The server has { $stored } records, { $different } of them different.
tour-chapter-export = An export says whether it is complete, at { $url }
tour-export = The server holds { $records } activities. The export reads them all and ends with its verdict:
tour-next =
    === Next

    Look at a file before you import it:   crm import calls.csv --dry-run
    Import it:                             crm import calls.csv
    Keep a copy of what the CRM holds:     crm export history --from 2024-01-01 --out history.csv --format csv
    Try your own program against both:     crm sandbox

    Set CRM_HISTORY_URL, CRM_APIKEY and CRM_LOGIN first. Every command explains itself with --help.
