# Тексты о файлах по-русски: что распознано и почему файл или строку нельзя использовать.

## Что распознано

table-text = кодировка { $encoding }, разделитель «{ $delimiter }»
table-sheet = лист «{ $sheet }»
table-sheet-of-several = лист «{ $sheet }»; листы без подходящего заголовка пропущены: { $others }
table-column = { $column } → { $field }
passed-over-unnamed = столбец без имени
passed-over-unknown = имя неизвестно; если столбец нужен, укажите --map "{ $column }=ПОЛЕ"
passed-over-read-only = заполняет сама CRM
passed-over-another = поле { $field } берётся из другого столбца
passed-over-chosen = пропущен, как указано
passed-over-preset = из него составлен текст или он не нужен
passed-over-rejected = пометка прошлого импорта

## Файлы

role-input = исходный файл
role-journal = журнал
role-found-clients = файл с найденными клиентами
role-rejected = файл отклонённых строк
role-output = файл экспорта
role-checkpoint = контрольная точка
same-file = { $path } указан дважды: это и { $first }, и { $second } (или место, куда записывается один из них); укажите разные файлы
input-not-found = такого файла нет; проверьте путь
input-no-permission = нет прав на чтение файла; измените права
input-is-a-folder = это папка; укажите файл в ней
input-io = не удалось прочитать файл: { $error }
input-unknown-encoding = кодировки «{ $name }» нет; укажите utf-8, utf-16le, windows-1251, cp866, koi8-r или mac-cyrillic
input-not-a-table = это не таблица, а { $what }; сохраните её как CSV или XLSX
input-spreadsheet = таблица не читается, она повреждена или защищена паролем: { $error }; сохраните её заново как XLSX или CSV
input-no-such-sheet = листа «{ $name }» нет; есть листы: { $sheets }
input-several-sheets = заголовок есть на нескольких листах: { $sheets }; выберите лист параметром --sheet

## Заголовок

header-empty = файл пуст: в нём нет ни заголовка, ни строк
header-missing = в файле нет заголовка: в строке { $line } — значения ({ $cells }); добавьте первой строкой имена столбцов, например datum, content, clid
header-line-separator = в заголовке (строка { $line }) есть разделители строк Юникода, поэтому в него попали строки данных; используйте обычные переводы строк
header-no-content = в заголовке (строка { $line }) нет столбца с текстом активности; столбцы: { $names }; назовите нужный «content» или укажите --map СТОЛБЕЦ=content
header-duplicate = на поле { $field } претендуют несколько столбцов: { $columns }; переименуйте лишние или выберите один: --map СТОЛБЕЦ={ $field }
header-no-such-column = столбца «{ $column }» нет; столбцы: { $names }
header-chosen-twice = столбцов «{ $column }» несколько; переименуйте лишние
header-several-targets = столбец «{ $column }» указан для нескольких полей; оставьте одно
map-no-equals = «{ $text }» — ожидается СТОЛБЕЦ=ПОЛЕ
map-unknown-field = поля «{ $field }» нет; поля: { $known }; знак «-» пропускает столбец

## Строки

row-open-quote = в этой строке открыта и не закрыта кавычка; закройте её или удалите
row-inside-open-quote = возможно, строка — часть поля, кавычка которого открыта в строке { $line } и не закрыта
row-long-field = поле занимает строк: { $lines }, а читается не больше 50; сократите его или закройте кавычку раньше
row-text-after-quote = после закрывающей кавычки поля { $field } есть текст; удвойте кавычки внутри текста
row-long-line = строка длиннее 1 МиБ
row-too-few-fields = полей в строке: { $found }, в заголовке: { $expected }; добавьте недостающие
row-too-many-fields = полей в строке: { $found }, в заголовке: { $expected }; заключите в кавычки текст, в котором есть разделитель
row-half-written = последняя строка записана не полностью; она будет прочитана при следующем запуске, когда появится её конец
row-undecodable = «{ $column }»: часть символов в этой кодировке испорчена; укажите верную кодировку параметром --encoding или исправьте текст
row-no-content = нет текста активности
row-error-cell = «{ $column }»: в ячейке ошибка формулы { $value }; исправьте формулу или впишите значение
row-date-unreadable = «{ $column }»: формат даты «{ $value }» не распознан; запишите её как 2025-03-31 14:05 или 31.03.2025 14:05 либо укажите --date-format
row-date-missing = «{ $column }»: нет даты; впишите её
row-date-zero = «{ $column }»: «{ $value }» — нулевая дата; впишите настоящую
row-date-no-such-time = «{ $column }»: такого дня или времени нет: «{ $value }»
row-date-ambiguous = «{ $column }»: в «{ $value }» неясно, где день, а где месяц; укажите формат даты, например --date-format %d/%m/%Y
row-date-out-of-range = «{ $column }»: CRM не хранит даты до 1970 и после 2038 года: «{ $value }»
row-date-time-only = «{ $column }»: «{ $value }» — это время без даты
row-date-zone-needed = «{ $column }»: «{ $value }» — момент времени, а часовой пояс аккаунта неизвестен; укажите его в --time-zone
row-date-looks-unix = «{ $column }»: «{ $value }» похоже на время Unix; если это так, укажите --date-format unix
row-date-looks-serial = «{ $column }»: «{ $value }» похоже на дату Excel в виде числа; если это так, укажите --date-format excel
row-date-two-times = «{ $column }»: время в дате и в столбце времени разное: «{ $value }»
row-id-not-a-number = «{ $column }»: «{ $value }» — не ID; ID — это целое число, например 1781
row-id-phone = «{ $column }»: «{ $value }» — номер телефона, а не ID
row-id-rounded = «{ $column }»: Excel округлил ID «{ $value }»; впишите все цифры
row-id-not-whole = «{ $column }»: «{ $value }» — не целое число
row-id-leading-zero = «{ $column }»: «{ $value }» начинается с нуля: это, скорее всего, код из другой системы
row-id-negative = «{ $column }»: «{ $value }» — отрицательное число
row-id-zero = «{ $column }»: контакта с ID 0 не бывает: «{ $value }»
row-login = «{ $column }»: «{ $value }» — не логин: в логине нет пробелов
row-client-no-number = «{ $column }»: нет номера телефона, по которому искать клиента; впишите ID клиента или укажите --unknown-client
row-client-nobody = «{ $column }»: номера «{ $value }» в CRM ни у кого нет; добавьте его клиенту, впишите ID клиента или укажите --unknown-client
row-client-several = «{ $column }»: номер «{ $value }» есть у нескольких клиентов; впишите ID нужного
row-client-not-exact = «{ $column }»: номер «{ $value }» совпадает с номером в CRM только последними цифрами; допишите код страны и города или впишите ID клиента
row-client-undecodable = «{ $column }»: не удалось найти клиента с номером «{ $value }»: { $error }
row-mark = «{ $column }»: метку «{ $value }» использовать нельзя: { $fault }
