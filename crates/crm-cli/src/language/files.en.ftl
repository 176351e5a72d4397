# The English texts about input files: what was detected, and why a file or a row cannot be used.

## What was detected

table-text = encoding { $encoding }, delimiter "{ $delimiter }"
table-sheet = sheet "{ $sheet }"
table-sheet-of-several = sheet "{ $sheet }"; sheets without a usable header are skipped: { $others }
table-column = { $column } → { $field }
passed-over-unnamed = a column without a name
passed-over-unknown = unknown name; assign it with --map "{ $column }=FIELD" if it is needed
passed-over-read-only = the CRM fills it in
passed-over-another = another column is used for { $field }
passed-over-chosen = skipped as requested
passed-over-preset = the preset uses it for the text, or does not need it
passed-over-rejected = a note of an earlier import

## Files

role-input = the input
role-journal = the journal
role-found-clients = the file of found clients
role-rejected = the rejected file
role-output = the output
role-checkpoint = the checkpoint
same-file = { $path } is both { $first } and { $second }, or is at a path where one of them is written; use different files
input-not-found = there is no such file; check the path
input-no-permission = this user may not read the file; change its permissions
input-is-a-folder = this is a folder; name a file in it
input-io = the file cannot be read: { $error }
input-unknown-encoding = there is no encoding "{ $name }"; use utf-8, utf-16le, windows-1251, cp866, koi8-r or mac-cyrillic
input-not-a-table = this is not a table but { $what }; export it as CSV or XLSX
input-spreadsheet = the spreadsheet cannot be read, because it is damaged or protected by a password: { $error }; save it again as XLSX or CSV
input-no-such-sheet = there is no sheet "{ $name }"; the sheets are: { $sheets }
input-several-sheets = several sheets have a header: { $sheets }; choose one with --sheet

## Headers

header-empty = the file is empty: it has no header and no rows
header-missing = there is no header: line { $line } contains values ({ $cells }); put the names of the columns into the first line, such as datum, content, clid
header-line-separator = the header (line { $line }) contains Unicode line separators, so rows became part of it; end each line with a line feed
header-no-content = no column of the header (line { $line }) is the text of the activities; the columns are: { $names }; name one "content" or assign it with --map COLUMN=content
header-duplicate = several columns match the field { $field }: { $columns }; rename all but one, or choose one with --map COLUMN={ $field }
header-no-such-column = there is no column "{ $column }"; the columns are: { $names }
header-chosen-twice = there are several columns "{ $column }"; rename all but one
header-several-targets = the column "{ $column }" is assigned to several fields; assign it to one
map-no-equals = "{ $text }" is not COLUMN=FIELD
map-unknown-field = there is no field "{ $field }"; the fields are: { $known }; "-" skips the column

## Rows

row-open-quote = a quote opens a field on this line and is not closed; close it, or remove the quote
row-inside-open-quote = this line may belong to the field whose quote opens on line { $line } and is not closed
row-long-field = a field spans { $lines } lines, but the limit is 50; shorten it, or close the quote earlier
row-text-after-quote = there is text after the closing quote of field { $field }; double the quotes inside the text
row-long-line = the line is longer than 1 MiB
row-too-few-fields = fields in the row: { $found }, in the header: { $expected }; add the missing ones
row-too-many-fields = fields in the row: { $found }, in the header: { $expected }; quote the text that contains the delimiter
row-half-written = the last line is incomplete; the next run reads it, when its end has been written
row-undecodable = "{ $column }" has characters that are invalid in this encoding; choose the right encoding with --encoding, or correct the text
row-no-content = the text of the activity is missing
row-error-cell = "{ $column }" contains the error { $value } of a formula; correct the formula or enter the value
row-date-unreadable = "{ $column }": the date "{ $value }" has an unknown format; use 2025-03-31 14:05 or 31.03.2025 14:05, or set the format with --date-format
row-date-missing = "{ $column }": the date is missing; enter it
row-date-zero = "{ $column }": "{ $value }" is a zero date; enter the date
row-date-no-such-time = "{ $column }": there is no such day or time: "{ $value }"
row-date-ambiguous = "{ $column }": "{ $value }" can be day and month or month and day; set the format, such as --date-format %d/%m/%Y
row-date-out-of-range = "{ $column }": the CRM cannot store a date before 1970 or after 2038: "{ $value }"
row-date-time-only = "{ $column }": "{ $value }" is a time without a date
row-date-zone-needed = "{ $column }": "{ $value }" has an offset from UTC, but the time zone of the account is not known; set it with --time-zone
row-date-looks-unix = "{ $column }": "{ $value }" looks like Unix time; if it is, use --date-format unix
row-date-looks-serial = "{ $column }": "{ $value }" looks like the day number of a spreadsheet; if it is, use --date-format excel
row-date-two-times = "{ $column }": the date and the time column have different times: "{ $value }"
row-id-not-a-number = "{ $column }": "{ $value }" is not an ID; an ID is a whole number such as 1781
row-id-phone = "{ $column }": "{ $value }" is a phone number, not an ID
row-id-rounded = "{ $column }": the spreadsheet has rounded the ID "{ $value }"; enter all its digits
row-id-not-whole = "{ $column }": "{ $value }" is not a whole number
row-id-leading-zero = "{ $column }": "{ $value }" begins with 0, so it is not an ID of this CRM
row-id-negative = "{ $column }": "{ $value }" is negative
row-id-zero = "{ $column }": there is no contact 0: "{ $value }"
row-login = "{ $column }": "{ $value }" is not a login, because a login has no spaces
row-client-no-number = "{ $column }": there is no telephone number with which to find the client; enter the client's ID, or add --unknown-client
row-client-nobody = "{ $column }": nobody in the CRM has the number "{ $value }"; add it to its client, enter the client's ID, or add --unknown-client
row-client-several = "{ $column }": several clients have the number "{ $value }"; enter the ID of the right one
row-client-not-exact = "{ $column }": only the end of a number in the CRM matches "{ $value }"; add country and area code, or enter the client's ID
row-client-undecodable = "{ $column }": the client with the number "{ $value }" cannot be found: { $error }
row-mark = "{ $column }": the mark "{ $value }" cannot be used: { $fault }
