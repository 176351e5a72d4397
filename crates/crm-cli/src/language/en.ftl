# The texts of the program in English. ru.ftl has the same names and the same variables; a test compares them.

language-code = en
error = error: { $text }

## Help

command = Import, export and reports for SalesMan CRM and solOS
    .after =
        Start with "crm profile add main" and "crm check --profile main".

        Addresses and keys come from the options, then from the environment, then from the profile that --profile
        or CRM_PROFILE names. The variables are CRM_HISTORY_URL, CRM_APIKEY, CRM_LOGIN, CRM_PROJECTS_URL, CRM_TOKEN,
        CRM_SECRET, CRM_PROXY and CRM_CA_FILE. Each of them can also end in _FILE and name a file that
        contains the value, such as CRM_APIKEY_FILE.

        Keys in options are visible in the process list and in the shell history. Use a profile or a variable instead.

        Exit codes (the first that applies): 130 or 143: ended by a signal; 64: the arguments are wrong; 77: the server
        refused the key; 1: a person must look; 75: run it again later; 65: some input was refused or cannot be decoded;
        0: everything is done; 141: the program that reads the output ended.
command-import = Import activities from a file into SalesMan CRM, each exactly once
    .after =
        Columns are recognized by their names: "Date", "Time", "Text", "Type", "Login" (of the owner), "Client ID",
        "Contact ID", "Deal ID" and similar ones. Only the text is required, but an activity without a client, a contact
        or a deal appears in no history. --map assigns other columns. --dry-run shows what was detected, and sends nothing.

        With the journal, an interrupted import can resume: run the same command again. Stored rows are never sent twice.
        Rows that cannot be imported are written to the rejected file with their reasons. Fix them there and import that
        file, or fix them in the original and import it again. Do not do both.

        If files overlap, such as the calls of each day with the evening before, use --mark COLUMN --adopt, where the column
        contains the ID of the call. Then each call is stored once, even if it is in several files.
command-export = Export activities or projects to a file
command-export-history = Export the activities of SalesMan CRM, and say whether the export is complete
    .after =
        With --checkpoint, an interrupted export can resume: run the same command again. Activities with the date
        0000-00-00 are exported if no first day is given.
command-export-projects = Export the projects of solOS, and say whether the export is complete
command-report = Write a page about activities and payments, with charts and tables
    .after =
        The fields of payments are assumed, because solOS documents no responses. Payments without a date or an
        amount are counted but left out of the report, and so are payments of deleted projects.
command-find = Find who has a telephone number or an email address: clients, contacts, users
    .after =
        The most certain match is first. A match is exact if both numbers have country and area code and are equal. A
        number is found however it is written. A number of at most four digits is an internal number, and finds users. If
        nothing is found, a message says so, and the exit code is 0.
command-users = List the users of SalesMan CRM, including blocked ones
    .after = With --json each line is a user.
command-clients = List the clients of a SalesMan CRM that the login sees, and say whether that is everything
    .after = With --json each line is a client, with all of its fields. Clients in the trash are among them.
command-profile = Add, change, list, show or remove profiles: files with the address and the keys of an account
    .after =
        A profile is a TOML file that only its owner can read. --profile NAME or CRM_PROFILE=NAME selects it for any
        command. A name with a slash is the path of a file.

        The sections and their settings: [history] has url, login, apikey and time_zone. [projects] has url, token and
        secret. The section [network] has proxy and ca_file. [mirror] has target. The section [outbox] has store and token.
        Values are quoted: login = "boss@example.ru". A key is in the file itself (apikey), in a separate file
        (apikey_file), or in the output of a command (apikey_command). The section [defaults] sets the defaults of the
        options check-types, check-users, chunk, concurrency, losses, patience, per-second and timeout.
command-profile-add = Write a new profile. On a terminal, the command asks for the values that no option sets
    .after =
        Keys in options are visible in the process list. Without a terminal, pass keys in the environment
        (CRM_APIKEY), as a file (--apikey-file) or as a command (--apikey-command).
command-profile-set = Change a profile: set what the options give. On a terminal it asks for what the profile lacks
    .after =
        The rest stays. To add a solOS: crm profile set main --projects-url https://acme.solos.pro. Comments in the file are
        lost.
command-profile-list = List the profiles
command-profile-show = Show a profile without its keys
command-profile-remove = Remove a profile. Its keys are lost if they are not stored elsewhere
command-check = Check address, TLS, proxy, keys, clock and more, and say what to fix
    .after =
        ✓ means passed, ✗ failed, – not checked. The exit code is 0 if there is no ✗.

        With a file, its activity types and users are compared with those of the account. Nothing is written to the CRM,
        except with --write-to-this-crm: then two activities without a client are added and deleted again.
command-discover = Show the shape of the responses for an account, without any values
    .after = The command only reads. You can attach its report to a public bug report.
command-tour = Show what this program does, without an account and without a network
    .after =
        The tour runs against a sandbox in this process. It calls another server only if an option names it, and
        writes to that server only with --write-to-this-crm.
command-sandbox = Run a local server that behaves like both CRMs
    .after =
        Practise an outage: the next activity is stored and its answer is lost, then everything works again:
        curl -X PUT http://127.0.0.1:8787/_sandbox/faults -d '{"{"}"operation":"writes","fault":"close_after_commit"{"}"}'
        curl -X PUT http://127.0.0.1:8787/_sandbox/faults -d '[]'
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
option-check-file = A file to import: its activity types and users are compared with those of the account
    .value = FILE
option-second_login = Second login of the same account; shows whether both logins read the same times
    .value = LOGIN
option-check-write_to_this_crm = Also add two activities and delete them again, to determine the clock shift and the SQL mode
option-chosen-profile = Use the address and the keys of this profile
    .value = NAME
option-profile-name = Name of the profile, or the path of its file
    .value = NAME
option-apikey_file = File that contains the API key
    .value = FILE
option-apikey_command = Shell command whose first line of output is the API key
    .value = COMMAND
option-token_file = File that contains the token
    .value = FILE
option-token_command = Shell command whose first line of output is the token
    .value = COMMAND
option-secret_file = File that contains the secret
    .value = FILE
option-secret_command = Shell command whose first line of output is the secret
    .value = COMMAND
option-profile-time-zone = Time zone of the account, such as Europe/Moscow
    .value = ZONE
option-proxy = Proxy for https, such as http://proxy.example.ru:3128; none connects directly (default: HTTPS_PROXY)
    .value = URL
option-ca_file = File with certificates (PEM) of a private CA to trust
    .value = FILE
option-history_url = Address of SalesMan CRM, such as https://crm.example.ru
    .value = URL
option-apikey = API key of the SalesMan CRM. An option is visible in the list of processes, so better set CRM_APIKEY
    .value = KEY
option-login = Login of the current user
    .value = LOGIN
option-projects_url = Address of solOS, such as https://acme.solos.pro
    .value = URL
option-token = Token of the solOS account. An option is visible in the list of processes, so better set CRM_TOKEN
    .value = TOKEN
option-secret = Secret of the solOS account. An option is visible in the list of processes, so better set CRM_SECRET
    .value = SECRET
option-allow_insecure_http = Allow http:// to another machine, although anyone on the network path can read the key
option-file = The file to import; - is the standard input
    .value = FILE
option-journal = File with which the import can resume (default: FILE.journal)
    .value = FILE
option-rejected = File for rows that cannot be imported, with reasons (default: FILE.rejected.csv)
    .value = FILE
option-chunk = Maximum number of activities per call
    .value = N
option-import-concurrency = Maximum number of concurrent calls
    .value = N
option-export-concurrency = Maximum number of concurrent calls; more than 2 are not faster
    .value = N
option-settle = How many seconds the server may keep working on a call that got no response
    .value = SECONDS
option-timeout = Maximum duration of a call in seconds
    .value = SECONDS
option-patience = How many seconds the import continues while the server stores nothing
    .value = SECONDS
option-per_second = Maximum number of calls per second
    .value = N
option-losses = What to do with an activity that the server would change, or whose login or type --check-users or --check-types does not find: do not send it (reject), warn, or look for no changes (allow)
    .value = POLICY
option-dry_run = Read and check everything, show what would be sent, and send nothing
option-retry_refused = Send activities again that the journal marks as refused, after the cause was fixed in the CRM
option-map = Use this column for this field (datum, time, content, tip, user, clid, pid, did); - as the field skips the column; repeatable
    .value = COLUMN=FIELD
option-map_preset = A known file format without a header
    .value = NAME
option-mark = Column with a unique mark for each row, such as the ID of the call; the mark is added to the text and finds the activity again
    .value = COLUMN
option-adopt = Look for the mark of each row in the CRM first, and send only rows that are not there; for overlapping files and after losing a journal
option-find_client_by = Column with telephone numbers; a row without client, contact and deal gets the client who has this number
    .value = COLUMN
option-unknown_client = ID of the client for rows whose number finds no client or several clients (default: such rows are refused)
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
option-excel = CSV for Excel: semicolons, readable column names, and no text that Excel runs as a formula
option-check_users = Look up each login first, because an activity with an unknown login has no owner
option-check_types = Read the activity types of the account first, and name the unknown ones
option-sole_writer = Declare that nobody else adds the same activities meanwhile, so that activities without a date can be recognized
option-from = First day, such as 2024-01-31 or 31.01.2024
    .value = DAY
option-to = Last day
    .value = DAY
option-texts = Which texts to fetch as they are stored, with one call each: none, those that the list changes, or all
    .value = TEXTS
option-deleted = Export the deleted projects instead
option-out = The file to write; - is the standard output
    .value = FILE
option-format = Format of the file (default: from its name, otherwise jsonl)
    .value = FORMAT
option-checkpoint = File with which the export can resume
    .value = FILE
option-report-out = The page to write, such as report.html
    .value = FILE
option-days = How many days back activities are listed
    .value = N
option-plan = Only show the planned calls
option-write_to_this_crm = Add three activities to the CRM of --history-url, and delete them again
option-listen = Where to listen; port 0 is a free port
    .value = ADDRESS:PORT
option-allow_other_machines = Allow an address that other machines can reach
option-records = Number of generated activities
    .value = N
option-projects = Number of projects
    .value = N
option-accounts = A JSON file with the accounts
    .value = FILE
option-sql_mode = How the database treats a value that does not fit: lenient, strict, strict-no-zero-date
    .value = MODE
option-zone = Time zone of the accounts, such as Europe/Moscow
    .value = ZONE
option-latency_ms = Delay of every response in milliseconds
    .value = N
option-seed = Seed of all random behaviour
    .value = N
option-man-out = Write the manual pages of all commands to this folder instead
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
usage-bad-value = the value { $value } of { $argument } is invalid
usage-valid-values = : use one of { $values }
usage-suggestion = ; did you mean { $suggestion }?
usage-too-many-values = { $argument } has one value too many: { $value }
usage-not-utf-8 = an argument is not UTF-8 text
usage-twice = { $argument } is given twice
usage-other = { $text }
usage-see-help = See --help.
no-such-day = there is no such day
expected-day = a day is written 2024-01-31 or 31.01.2024
expected-seconds = expected a whole number of seconds
expected-count = expected a whole number of at least 1
expected-delimiter = expected one ASCII character, or tab
expected-zone = expected the name of a time zone, such as Europe/Moscow
expected-date-format = expected auto, unix, excel, or a pattern such as %d/%m/%Y
expected-id = expected the ID of a client, such as 1781
expected-rate = expected a number greater than 0
days-reversed = --to is before --from

connection-missing = { $flag } is missing: give it, set { $variable }, or choose a profile with --profile
connection-missing-in-profile = { $flag } is missing: give it, set { $variable }, or write { $name } = "…" below [{ $section }] into the profile { $file }
connection-no-database = "{ $given }" is not the URL of a database: write sqlite:{ $given }, or postgres://USER@HOST/DATABASE
connection-profiles = { " " }(there are: { $names })
connection-other-address = { $flag } is missing: the profile is for another address than { $address }, so its keys are not sent there. Give the option, or set { $variable }
connection-bad-proxy = the address of the proxy cannot be used: write it as http://host:port, or none for a direct connection
connection-no-certificate = { $file } holds no certificate: it must be a PEM file with -----BEGIN CERTIFICATE-----
connection-none = no server is given: choose a profile with --profile, give --history-url or --projects-url, or set CRM_HISTORY_URL or CRM_PROJECTS_URL. "crm profile add main" writes a profile
connection-twice = both { $variable } and { $file-variable } are set: keep one of them
connection-file-not-read = the file { $file } of { $variable } cannot be read: { $error }

## Profiles

profile-not-read = the profile { $file } cannot be read: { $error }. "crm profile list" shows the profiles
profile-not-toml = the profile { $file } is not valid TOML at line { $line }, column { $column }: { $error }. A setting is written as name = "value", once and in its section
profile-unknown-name = { $name } cannot be used in the profile { $file }: the name is unknown, or its value is not a quoted text. "crm profile --help" lists the sections and names
profile-readable = other users of this machine can read the keys in { $file }, or change the file: run chmod 600 { $file }
profile-key-not-read = { $name } in { $file } provides no key: { $error }
profile-command-too-long = the command did not end within { $seconds } s
profile-command-no-text = the command wrote no line of text
profile-bad-name = { $name } is not a valid name of a profile: use letters, digits, - and _
profile-no-folder = there is no folder for profiles, because neither XDG_CONFIG_HOME nor HOME is set: use the path of a file as the name
profile-none = There are no profiles. "crm profile add main" writes one.
profile-hidden = (set, not shown)
profile-not-removed = the profile { $file } cannot be removed: { $error }
profile-removed = The profile { $file } was removed.
profile-unknown = there is no profile { $name }: { $file } does not exist. "crm profile list" shows the profiles
profile-exists = the profile { $name } exists: { $file }. Change it with "crm profile set { $name }", or edit the file
profile-added = The profile was written to { $file }. Check it: crm check --profile { $name }
profile-nothing-given = no address is given: give --history-url or --projects-url, or set CRM_HISTORY_URL or CRM_PROJECTS_URL
profile-ask-again = A value is needed.
profile-ask-history-url = Address of SalesMan CRM, such as https://crm.example.ru (empty: none):
profile-ask-login = Login:
profile-ask-apikey = API key (not shown):
profile-ask-time-zone = Time zone of the account, such as Europe/Moscow. Only times with an offset from UTC need it (empty: none):
profile-ask-projects-url = Address of the solOS, such as https://acme.solos.pro (empty: none):
profile-ask-token = Token (not shown):
profile-ask-secret = Secret (not shown):
column-profile = Profile

## Check

check-needs-history = a file, --second-login and --write-to-this-crm need SalesMan CRM: choose a profile with --profile, or add --history-url
check-all-good = All checks passed.
check-some-bad = { $count ->
    [one] 1 check found something.
   *[other] { $count } checks found something.
}
check-arrow = { " " }What to do is behind →.
check-refused-key = Copy the key again from the CRM, without spaces, and compare the login with the list of users there. A wrong key and a wrong login look the same.
check-refused-token = Copy the token and the secret again from the settings of the solOS account, without spaces.
check-row-sources = Where values come from
check-row-address = Address
check-row-proxy = Proxy
check-row-tls = TLS
check-row-clock = Clock
check-row-key = Key and login
check-row-token = Token and secret
check-row-users = Who sees what
check-row-get = Reading
check-row-file = File
check-row-types = Activity types
check-row-file-users = Users in the file
check-row-second-login = Second login
check-row-shift = Clock shift
check-row-sql-mode = SQL mode
check-row-write = Writing
check-row-projects = Projects
check-sources = { $sources }
source-flag = the option { $name }
source-variable = the variable { $name }
source-profile = the profile { $name }
source-over-profile = the variable { $name } (overrides the profile)
source-this-profile = the profile
value-url = address
value-login = login
value-apikey = key
value-token = token
value-secret = secret
value-proxy = proxy
value-ca-file = certificates
check-timeout = no response in time
check-bad-address = { $error }
check-bad-address-advice = Write the address as https://crm.example.ru. With http://, anyone on the network path can read the keys; --allow-insecure-http allows it.
check-reached = reached
check-not-reached = not reached: { $error }
check-not-reached-advice = Check the address, the DNS and the firewall. If this network needs a proxy, set proxy in the profile.
check-no-proxy = none
check-proxy = { $proxy }
check-proxy-failed = no connection through { $proxy }: { $error }
check-proxy-failed-advice = Check the address of the proxy. "--proxy none" connects directly.
check-proxy-password = { $proxy } requires a login and a password
check-proxy-password-advice = Put them into the address: http://user:password@host:port in the profile, with mode 0600.
check-tls = the certificate is signed by { $authority }, valid until { $day }
check-tls-with-file = the certificate is signed by { $authority }, valid until { $day }; { $file } is trusted, too
check-tls-unknown = encrypted; the certificate cannot be displayed
check-no-tls = not encrypted, because the address begins with http://
check-tls-failed = no encrypted connection: { $error }
check-tls-failed-advice = If a private CA signed the certificate, set ca_file in the profile. If the server has no TLS, its address begins with http://.
check-tls-ends = the certificate of { $authority } expires on { $day }
check-tls-ends-advice = Ask the administrator of the server to renew it. Calls fail after that day.
check-clock = the same as the server's
check-no-date = the server sends no Date header
check-clock-ahead = this machine is { $seconds } s ahead of the server
check-clock-ahead-advice = Synchronize both clocks (NTP). Times that this machine writes into the CRM would be wrong.
check-clock-behind = this machine is { $seconds } s behind the server
check-clock-behind-advice = Synchronize both clocks (NTP). Times that this machine writes into the CRM would be wrong.
check-key = accepted, { $login }
check-sees-all = { $role }: sees the activities of all { $users } users ({ $blocked } blocked)
check-sees-division = { $role }: sees own activities, those of direct subordinates and theirs; { $users } users ({ $blocked } blocked)
check-sees-department = { $role }: sees own activities and those of direct subordinates; { $users } users ({ $blocked } blocked)
check-sees-own = { $role }: sees own activities only; { $users } users ({ $blocked } blocked)
check-sees-unknown = the role of this login is not known; { $users } users ({ $blocked } blocked)
check-get = GET requests arrive with their body
check-get-lost = the body of a GET request gets lost on the way
check-get-lost-advice = A proxy or firewall drops it. crm itself sends such reads as POST. In your own programs use POST, too.
check-get-failed = a GET with a body fails: { $error }
check-get-failed-advice = A proxy or firewall refuses it. crm itself sends such reads as POST. In your own programs use POST, too.
check-file = { $file }: { $rows } rows, all valid
check-file-unreadable = { $file }: { $unreadable } of { $rows } rows cannot be read
check-file-unreadable-advice = crm import { $file } --dry-run{ $profile } shows the reasons.
check-types = all { $count } are known
check-types-unknown = { $unknown } of { $count } are unknown: { $names }
check-types-unknown-advice = The CRM stores unknown types as they are, without a colour or filter. Correct the file, or add the types in the CRM. The account has: { $known }.
check-users = all { $count } are known
check-users-unknown = { $unknown } of { $count } are unknown: { $names }
check-users-unknown-advice = Activities of unknown users would have no owner, and no common list, export or report would show them. Correct the logins; "crm users{ $profile }" lists those of the account.
check-shift-nothing = there is no activity with a time to compare; use --write-to-this-crm to add one
check-shifts-equal = { $login } reads the same times
check-shifts-differ = { $login } reads times that differ by { $hours } h from those of the first login
check-shifts-differ-advice = Set the same time shift for both users in the CRM, or use one login for all jobs.
check-shift = this login reads the times that it writes
check-shift-differs = this login reads times that differ by { $hours } h from those that it writes
check-shift-differs-advice = Set the time shift of this user to 0 in the CRM.
check-date-lost = the CRM stored no date
check-date-lost-advice = Check the time zone of the account and the settings of its database.
check-sql-lenient = lenient: values that do not fit are cut
check-sql-strict = strict: values that do not fit are refused
check-sql-unknown = unknown, because the CRM stored neither activity
check-write-refused = { $outcome }
check-write-refused-advice = Imports would fail in the same way. Fix the setting that the text names.
check-write-unknown = an activity may be stored: { $outcome }
check-write-unknown-advice = Search for "{ $text }" in the CRM, and delete it.
check-not-deleted = activity { $id } is still in the CRM: { $error }
check-not-deleted-advice = Delete activity { $id } by hand.
check-token = accepted
check-projects = can be read
check-no-project = the response can be decoded; this token sees no project
check-project-unreadable = the project in the response cannot be decoded
check-project-unreadable-advice = "crm discover" writes the shape of the responses without any values. Send it to the authors.

## Everywhere

runtime-not-started = the program cannot start its threads: { $error }
signal-received = Stopping after the calls in flight. Press Ctrl-C again to stop at once.
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
count-stored-now = { $count } stored now
count-stored-before = { $count } stored before
count-to-send = { $count } would be sent
count-refused = { $count } refused
count-unreadable = { $count } unreadable
count-not-sent = { $count } not sent
count-unknown = { $count } unknown
import-line = line { $line }: { $text }
import-changed = the server changes it: { $losses }
import-unlinked = it has no client, contact or deal, so no history in the CRM shows it
import-without-owner = the CRM has no user "{ $user }": the activity gets no owner, and no common list, export or report shows it
import-unknown-type = the account has no activity type "{ $type }"; crm check with this file lists its types
import-file = { $file }: { $text }
import-input = { $file }: { $info }; columns: { $columns }
import-column-skipped = { "  " }the column "{ $column }" is skipped: { $reason }
import-columns-skipped = { "  " }… and { $count } further columns are skipped
import-find-client-by = { "  " }the column "{ $column }" holds the telephone number that finds the client
import-older-file = An older rejected file with other rows was kept as { $file }.
import-stored-twice = stored twice, as { $id } and { $copy }: delete one of them
import-summary = { $rows ->
    [one] 1 row: { $counts }
   *[other] { $rows } rows: { $counts }
}
import-rejected-file = The rows that were not imported are in { $file }, with their reasons. Fix them either there or in the original, not in both, and import that file.
import-other-journal = { $file } was imported, too. A row that was fixed in the same way in both files is not stored again. One that was fixed in another way would be.
import-with-warnings = With warnings: { $count }. With --losses reject, such rows are not sent.
import-preview-more = … and { $count } more. Redirect the output to a file to see all of them as JSON.
import-adopt-needs-mark = --adopt needs a mark for each row: choose its column with --mark COLUMN
import-run-again = Run the same command again later: it resumes.
import-run-when-fixed = Fix the cause, and run the same command again: it resumes.
import-look-up = Look up the activities that may be stored or not before you import them again.

## Export

export-stopped = Stopped after { $records } records. The file was not changed.
export-stopped-stream = Stopped after { $records } records. The output is not complete.
export-run-again = Run the same command again later: it resumes.
export-resumes-when-fixed = Fix the cause, and run the same command again: it resumes.
export-run-when-fixed = The file was not changed. Fix the cause, and run the command again.
export-old-file = The file was not changed. Run the command again, or add --checkpoint so that it can resume.
export-other-spreadsheet = this kind of spreadsheet cannot be written: give a name that ends with .xlsx, or .csv with --excel
export-excel-needless = --excel is for .csv: every .xlsx is for Excel.
export-excel-jsonl = --excel needs --format csv or xlsx
export-cannot-resume = --checkpoint needs a file: the standard output cannot resume
export-spreadsheet-cannot-resume = a spreadsheet cannot resume from a checkpoint: name the file .csv and add --excel, or omit --checkpoint
export-old-spreadsheet = The file was not changed. Run the command again. A spreadsheet cannot resume; a .csv file with --excel and --checkpoint can.
export-several-sheets = The records are on { $count } sheets, because a sheet holds at most 1,048,576 rows.
export-shortened = { $count ->
    [one] 1 text was cut, because a cell of a spreadsheet holds at most 32,767 characters
   *[other] { $count } texts were cut, because a cell of a spreadsheet holds at most 32,767 characters
}
export-stopped-resumes = Stopped after { $records } records. Run the same command again: it resumes.

## Report

report-bad-out = --out must end with .html
report-written = The report was written to { $file }.
report-title = Report, { $from } to { $to }
report-total-activities = Activities
report-total-a-day = Daily average
report-total-users = Active users
report-total-clients = Clients
report-by-day = Activities by day and type
report-by-week = Activities by week and type
report-by-month = Activities by month and type
report-by-user = Activities by user
report-by-client = Activities by client
report-by-hour = Activities by hour and weekday
report-weekdays = Mon Tue Wed Thu Fri Sat Sun
report-day = Day
report-week = Week from
report-month = Month
report-user = User
report-client = Client
report-count = Number
report-sum = Total
report-balance = Balance
report-table = Table
report-no-type = (no type)
report-no-owner = (no owner)
report-no-client = (no client)
report-other-types = { $count ->
    [one] 1 other type
   *[other] { $count } other types
}
report-others = { $count ->
    [one] 1 other
   *[other] { $count } others
}
report-payments = Payments by month
report-income = Income
report-expense = Expense
report-currency = currency { $currency }
report-no-currency = without a currency
report-assumed = Assumed: solOS documents no responses, so the meaning of amount, date and currency is not certain.
report-nothing = Nothing to show.
report-unreadable-payments = { $count ->
    [one] 1 payment has no valid date or amount, and is left out
   *[other] { $count } payments have no valid date or amount, and are left out
}

## Users, clients and contacts

find-nobody = Nobody has { $sought }.
column-line = Line
column-date = Date
column-content = Text
column-type = Type
column-deal-id = Deal ID
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
column-title = Title
column-color = Color
column-filter = Filter
column-outcome = Outcome
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
discover-first-20-filter = the first 20; changes nothing
discover-first-action = the first action found
discover-of-three = for the first 3 projects

## Sandbox

sandbox-reachable = other machines can reach { $address }: add --allow-other-machines if this is intended
sandbox-not-started = the sandbox cannot listen on { $address }: { $error }. With --listen 127.0.0.1:0 it takes a free port
sandbox-records = Activities: { $count }, { $first } to { $last }.
sandbox-no-records = There are no activities yet. --records 200 begins with some.
sandbox-keys =
    The sandbox listens on { $url }. Ctrl-C ends it.
    SalesMan CRM: --history-url { $url } --apikey { $apikey } --login { $login }
    solOS: --projects-url { $url } --token { $token } --secret { $secret }

## Tour

tour-begin =
    This tour starts a sandbox, a local server that behaves like both CRMs. Nothing leaves this machine.
    First it makes the sixteen documented calls, and then it shows the purpose of this project.
tour-own-server = Calls go to the servers that the options name, and to the sandbox otherwise.
tour-chapter-history = SalesMan CRM, history, at { $url }
tour-chapter-projects = solOS, projects, at { $url }
tour-no-write = (add, add.list and delete are left out. They need --write-to-this-crm.)
tour-not-deleted = Activity { $id } of the tour is still there: { $error }. Delete it yourself.
tour-more = … { $count } more
tour-no-records = no records
tour-unreadable = cannot be decoded: { $record }
tour-calls = { $calls } calls, { $failed } failed
tour-chapter-lost-answers = Calls are logged while responses are lost, at { $url }
tour-lost-answers =
    { $calls } phone calls are logged, { $chunk } in each request. For every second request, the server stores the calls
    and then closes the connection without a response. A simple retry would log those calls twice.
tour-lost-answers-result =
    Requests with calls: { $requests }. Responses lost: { $lost }.
    The import reports { $reported } stored. The server has { $stored } records, { $different } of them distinct.
tour-chapter-export = An export says whether it is complete, at { $url }
tour-export = The server has { $records } activities. The export reads all of them and ends with its verdict:
tour-next =
    === Next

    Look at a file before you import it:   crm import calls.csv --dry-run
    Import it:                             crm import calls.csv
    Save the activities to a file:         crm export history --from 2024-01-01 --out history.csv --format csv
    Try your own program against both:     crm sandbox

    Save the address and the keys first: crm profile add main. Choose them with --profile main. Every command explains itself with --help.
