# The texts of `crm mirror` in English. mirror.ru.ftl has the same names and the same variables; a test compares them.

## Help

command-mirror = Copy both CRMs to a database, incrementally, with deletions and a change log
    .after =
        TARGET is sqlite:FILE or postgres://USER@HOST/DATABASE. You can also set it in CRM_MIRROR_TARGET or in a
        profile (section [mirror]). A password in an argument is visible in the process list.

        Run the same command every night. It copies from the servers that are set: activities, users, clients and contacts
        of SalesMan CRM; projects with their steps, actions, checklists, goods and payments of solOS. A run may be killed at
        any point, and the next one resumes. A record is deleted from the copy only when it is certain that the CRM has
        deleted it.

        Exit codes: 0: the copy is complete; 75: run it again, the records read so far are kept; 77: the server refused the
        key; 64: an option is wrong, or does not fit the copy, such as another login; 1: a person must look, for example
        because too many records are missing at once.
command-mirror-status = Show the latest runs
    .after =
        The exit code is that of the last run. If different runs copy SalesMan CRM and solOS, it is the worse one of the
        last run of each. 0: complete; 75: run it again, or a run has no end, because it is active or was killed; 1: a
        person must look, also if the server refused the key. A run without an end counts for both CRMs. It looks at the
        last 1000 runs.
command-mirror-changes = List what has changed in the CRM, with the records before and after
    .after =
        For accounting, after a month is closed: crm mirror changes sqlite:crm.db --since 2024-07-01 --table payments.
        With --json each line is a change. The times show when a run saw the change, not when it was made.
command-mirror-forget = Remove a record from the copy, with every entry of the change log about it
    .after =
        Use it when a person asks to be forgotten. Delete the record in the CRM first, because records that the CRM still
        lists are copied again. For a client or a contact, the command also removes the name from other records, and the
        deleted activities about it. Texts of activities that the CRM still has are not searched. The login and the name of
        a user stay in activities, clients and contacts, and in the change log about them.
command-tap = Write the contents of a copy as messages of the Singer protocol, for Meltano and other pipelines
    .after =
        crm tap --store sqlite:crm.db --state state.json | target-postgres --config postgres.json >> states.jsonl
        tail -n 1 states.jsonl > state.json

        --config names a JSON file with the key store, as pipelines write it. Without --catalog, every stream is written.
        The catalog sets how a stream is replicated: LOG_BASED (the default: every row once, then the changes, with
        deletions as _sdc_deleted_at) or FULL_TABLE.

option-mirror-target = The copy: sqlite:FILE or postgres://USER@HOST/DATABASE; or set CRM_MIRROR_TARGET
    .value = TARGET
option-mode = quick reads new records and a recent window, full reads everything, auto is full if the last full run is older than a week
    .value = MODE
option-window = How many past days of activities a quick run reads again to find edits; future days are always read
    .value = DAYS
option-rotation = Number of days within which the steps, actions, checklists, goods and payments of each project are read at least once
    .value = DAYS
option-columns = Also copy this field of projects into its own column, such as contract_date:date; repeatable. Kinds: text, integer, decimal, time, date, boolean, json
    .value = FIELD:KIND
option-keep_changes = How many days entries of the change log are kept
    .value = DAYS
option-soft_deletes = Keep the rows of deleted records, with the time in deleted_at
option-allow_deletes = Allow more than 5 % of a table (and more than 20 rows) to be removed at once
option-new_view = Switch the copy to another login, server or token
option-until = Time of day, such as 07:00, after which the run stops cleanly; the next run resumes
    .value = HH:MM
option-machine-time-zone = Time zone of the days and times in the options, such as Europe/Moscow (default: that of CRM_TIME_ZONE or the profile, otherwise of this machine)
    .value = ZONE
option-runs-limit = Maximum number of runs
    .value = N
option-changes-since = First day, such as 2024-07-01 or 01.07.2024
    .value = DAY
option-table = Only the changes of this table, such as payments
    .value = TABLE
option-changes-out = Write the changes to this file; - is the standard output
    .value = FILE
option-forget-what = The copy, the table and the ID, such as sqlite:crm.db clients 1781. The copy can also be set in CRM_MIRROR_TARGET
    .value = TARGET TABLE ID
option-tap-store = The copy: sqlite:FILE or postgres://USER@HOST/DATABASE; or set CRM_MIRROR_TARGET
    .value = URL
option-tap-config = A JSON file with the key store
    .value = FILE
option-discover = Write the catalog: the streams with their columns
option-catalog = The catalog with the selected streams and columns (default: all)
    .value = FILE
option-tap-state = The last state that the target has written (default: from the beginning)
    .value = FILE

## Faults of the arguments

expected-column = expected a field and a kind, such as contract_date:date; kinds: text, integer, decimal, time, date, boolean, json
expected-time-of-day = expected a time of day such as 07:00
expected-table = expected a table: activities, activity_types, users, clients, contacts, projects, project_steps, project_actions, checklists, goods or payments
expected-forget = expected a table and an ID, such as clients 1781

## Messages

mirror-absent = there is no copy in { $file }: check the name, or run crm mirror sqlite:{ $file } first
mirror-busy = another run of this copy is active: wait until it has ended. After a crash with PostgreSQL, this takes up to a minute
mirror-progress = { $table }: { $count }
mirror-shift = The clock of the login has moved by { $hours } h. The times in the copy stay as they were.
mirror-run-complete = Run { $run }: the copy is complete.
mirror-run-stopped = Run { $run } stopped before its end. The records read so far are kept. Run it again.
mirror-run-again = The copy is not complete. The records read so far are kept. Run it again. { $error }
mirror-needs-person = The copy is not complete, and another run does not help. { $error }
mirror-too-many-missing = The CRM no longer lists { $missing } of { $rows } rows of { $table }, so none was removed. Check that the login still sees them. If they are really deleted, run the command once with --allow-deletes.
mirror-complete = complete
mirror-not-complete = not complete
mirror-verdict-stopped = stopped
mirror-verdict-run-again = run it again
mirror-verdict-needs-person = a person must look
mirror-verdict-none = active or killed
mirror-no-run = No run has ended yet.
mirror-run-without-end = run { $run } has no end: it is active, or it was killed. If it was killed, run it again.
mirror-last-error = run { $run }: { $error }
mirror-changes = { $count ->
    [one] 1 change
   *[other] { $count } changes
}
mirror-change-insert = new
mirror-change-update = changed
mirror-change-delete = deleted
mirror-change-out-of-view = out of view
mirror-change-in-view = in view again
mirror-nothing-to-forget = the copy has nothing about { $id } in { $table }
mirror-forgotten = { $table } { $id }: { $count ->
    [one] 1 row or entry was removed.
   *[other] { $count } rows and entries were removed or rewritten.
}
tap-done = { $count ->
    [one] 1 record was written.
   *[other] { $count } records were written.
}
tap-sent-again = Every row was written again: { $streams }. The change log no longer reaches back to the state, the columns have changed, or the state is that of another copy. Rows that were deleted in the meantime may still be in the target: empty its tables, or run once with FULL_TABLE.
tap-not-activated = No old rows were removed: { $streams }. The last run that read these tables did not complete them, or a run is active. Complete them with crm mirror, then run the tap again.
column-table = Table
column-read = Read
column-new = New
column-changed-rows = Changed
column-deleted = Deleted
column-out-of-view = Out of view
column-verdict = Verdict
column-run = Run
column-started-at = Started (UTC)
column-ended-at = Ended (UTC)
column-mode = Mode
column-seen-at = Seen (UTC)
column-project-id = Project
column-change = Change
column-what = What
