# The texts of `crm outbox` in English. outbox.ru.ftl has the same names and the same variables; a test compares them.

## Help

command-outbox = Keep activities in an outbox and store each of them once, whatever crashes
    .after =
        The store is sqlite:FILE for one machine, or postgres://USER@HOST/DATABASE for several. Set it with --store,
        CRM_OUTBOX_STORE or CRM_OUTBOX_STORE_FILE. A password in an option is visible in the process list.
command-outbox-put = Put activities; repeating a key changes nothing
    .after =
        The activity is durable when the command ends with 0. After any other exit code than 65, run it again. FILE contains
        JSON Lines with the vendor's field names and a key in each line:
        {"{"}"key":"call-1","datum":"2024-06-25 10:00:00","content":"incoming call","clid":1781{"}"}

        An activity without a time gets the time at which it is sent. Exit codes: 0: put; 65: the key belongs to another
        activity, or the activity cannot be sent; 75: the store cannot be reached or is busy.
command-outbox-run = Deliver the activities that were put
    .after =
        One process delivers at a time. Other running processes are on standby, and take over when it ends. With
        --until-empty, the exit code is 0 if everything is stored; 65 if something was refused; 1 if something is unknown,
        or held because the time zone is missing; 75 if something is left or held for another reason.
command-outbox-serve = Accept activities over HTTP from programs on this machine, and deliver them
    .after =
        POST /activities with the header Idempotency-Key and JSON with the vendor's names, or the fields of a form; GET
        /activities/KEY returns the status. "warnings" in an answer names what the CRM will change. /healthz and /metrics need no token. For other machines put a proxy with
        TLS in front of it.
command-outbox-status = Show where an activity stands, or count all of them
    .after =
        With --key, the exit code is 0 if the activity is stored; 65 if it is refused or not in the outbox; 1 if it is
        unknown, or held because the time zone is missing; 75 if it is not settled yet. Without --key, it is 1 if any
        activity is unknown or held because the time zone is missing; 75 if any is held for another reason.
command-outbox-list = List activities in the order in which they were put
    .after = With --json each line is an activity, with its content if that is still kept.
command-outbox-retry = Queue refused or held activities again
command-outbox-resolve = Decide about an activity that may be stored or not
command-outbox-reconcile = After restoring a backup, look up all unsettled activities before they are sent
    .after =
        Run it before the next delivery starts, with the time of the backup. Every activity that is queued, held or sent is
        then looked up in the CRM, and is sent only if it is missing there. If nothing was stored before that time, pass the
        ID of a record that was in the CRM with --above.
command-outbox-purge = Remove old activities with their keys
    .after = Stored and refused activities are removed. A removed key counts as new.

option-store = The outbox: sqlite:FILE or postgres://USER@HOST/DATABASE; prefer CRM_OUTBOX_STORE
    .value = URL
option-outbox-file = JSON Lines instead of the options; - is the standard input
    .value = FILE
option-key = Idempotency key, such as the ID of the call; 1 to 255 bytes
    .value = KEY
option-content = Text of the activity
    .value = TEXT
option-at = When it took place: 2024-06-25 10:00:00 in the account's local time, or 2024-06-25T10:00:00+03:00
    .value = TIME
option-type = Activity type of the account
    .value = TITLE
option-user = Login of the owner (default: the current user)
    .value = LOGIN
option-client = ID of the client
    .value = ID
option-contact = ID of a contact; repeatable
    .value = ID
option-deal = ID of the deal
    .value = ID
option-activity-mark = A mark at the end of the text, with which the activity is found again
    .value = MARK
option-until_empty = End when nothing is left to do, or when the server stores nothing for longer than --patience
option-observe-listen = Serve /healthz and /metrics on this address: 127.0.0.1:PORT or unix:FILE
    .value = ADDRESS
option-intake-listen = Where to listen: 127.0.0.1:PORT or unix:FILE; port 0 is a free port
    .value = ADDRESS
option-no_delivery = Only take activities; another process delivers them
option-outbox-token = Token that clients send, at least 16 characters; better in CRM_OUTBOX_TOKEN. A socket of Unix needs none
    .value = TOKEN
option-max_body = Maximum size of a request in bytes
    .value = N
option-max_queue = Maximum number of unsettled activities; further ones are refused with 503
    .value = N
option-fallback_client = ID of the client for activities without client, contact and deal
    .value = ID
option-outbox-patience = How many seconds to continue while the server stores nothing; then the delivery pauses
    .value = SECONDS
option-lease = PostgreSQL: how many seconds until another process takes over after a crash, at least 2 × --timeout + 30
    .value = SECONDS
option-keep_contents_for = How many days the contents of stored activities are kept
    .value = DAYS
option-status-key = Idempotency key
    .value = KEY
option-state = Only those in this state: queued, held, sending, stored, refused, unknown
    .value = STATE
option-after = Only those after this position
    .value = N
option-limit = Maximum number of activities
    .value = N
option-retry-key = Idempotency key; repeatable
    .value = KEY
option-resolve-key = Idempotency key
    .value = KEY
option-stored_as = It is stored, with this ID
    .value = ID
option-not_stored = It is not stored, and is sent again
option-drop = It is not sent again, for this reason
    .value = REASON
option-since = Time of the backup, such as 2024-06-25T10:00:00+03:00; without an offset, the time of this machine
    .value = TIME
option-above = ID of the newest record that certainly was in the CRM at the time of the backup; 0 if there was none
    .value = ID
option-older_than = Only activities that were settled more than this many days ago
    .value = DAYS

## Faults of the arguments

expected-time = expected a time such as 2024-06-25 10:00:00 or 2024-06-25T10:00:00+03:00
expected-days = expected a whole number of days
expected-state = expected queued, held, sending, stored, refused or unknown
expected-address = expected an address such as 127.0.0.1:8788, or unix:FILE
expected-loopback = expected an address of this machine alone, such as 127.0.0.1:8788; for other machines, use a proxy with TLS

## Messages

outbox-absent = there is no outbox in { $file }
outbox-no-key = the key { $key } is not in the outbox
outbox-status = { $key }: { $status }
outbox-queued = queued
outbox-held = held
outbox-sending = sending
outbox-stored = stored
outbox-refused = refused
outbox-unknown = unknown
outbox-oldest = oldest that is not settled: { $seconds } s
outbox-conflict = the key { $key } belongs to another activity, which differs in { $fields }: use another key, or put the same activity
outbox-conflict-unknown = the key { $key } belongs to another activity: use another key, or put the same activity
outbox-put-summary = { $put } put, { $refused } refused, { $rest } not put
outbox-run-summary = { $stored } stored, { $refused } refused, { $unknown } unknown, { $held } held, { $left } left
outbox-is-sender = This process delivers.
outbox-is-standby = Another process delivers. This one stands by.
outbox-problem = { $time } Not delivering: { $problem }
outbox-no-problem = { $time } Delivering again.
outbox-short-token = The token can be guessed: use at least { $count } random characters, such as those of "openssl rand -hex 16".
outbox-warning = { $key }: { $text }
outbox-listens = Listening on { $address }
outbox-not-listening = cannot listen on { $address }: { $error }
outbox-nothing-stored-before = nothing was stored before that time, so no list of the CRM proves what is missing. Pass the ID of a record that was in the CRM at that time: --above ID
outbox-reconciled = { $count ->
    [one] 1 activity will be looked up before it is sent
   *[other] { $count } activities will be looked up before they are sent
}
outbox-purged = { $count ->
    [one] 1 activity was removed
   *[other] { $count } activities were removed
}
column-position = Position
column-key = Key
column-status = Status
column-put-at = Put
column-settled-at = Settled
column-reason = Reason
