"""What imports of files answer, as ``tracker.web.messages`` has it."""

from __future__ import annotations

from tracker.web.i18n import msgid

#: What any file can answer: its bytes, its header, its cells.
FILES = (
    msgid("line %(line)s, column %(column)s: %(message)s"),
    msgid("line %(line)s: %(message)s"),
    msgid("and %(count)s more"),
    msgid("Nothing was imported."),
    msgid("Correct the file, or leave those rows out with --skip-bad-rows."),
    msgid("%(count)s cells or rows cannot be read; nothing was imported."),
    msgid("No row of the file can be read; nothing was imported."),
    msgid("Cannot read %(name)s: permission denied."),
    msgid("Cannot read %(name)s: %(reason)s."),
    msgid("Give the path of a downloaded file."),
    msgid("%(name)s has %(size)s MiB; the limit is %(limit)s MiB."),
    msgid("Download the report for a shorter period."),
    msgid("Download it again; it may have been cut off on the way."),
    msgid("%(name)s unpacks to more than 4 GiB."),
    msgid("%(name)s is damaged or half-written (%(what)s)."),
    msgid("The workbook inside %(name)s is larger than 256 MiB."),
    msgid("Unpack it first, or export csv."),
    msgid("%(name)s is empty."),
    msgid("Download the report again."),
    msgid("%(name)s must hold exactly one file, it holds %(count)s: %(names)s."),
    msgid("Unpack it and import its files one by one."),
    msgid("Save it as CSV UTF-8 and import that."),
    msgid("%(name)s holds NUL bytes: it is not a text file, or UTF-16 without a byte order mark."),
    msgid("%(name)s has a line longer than 1 MiB (line %(line)s): it is not a table."),
    msgid("Export csv, tsv or xlsx."),
    msgid("%(name)s ends in the middle of a character: it is half-written."),
    msgid("Download it again."),
    msgid("The text of %(name)s is not %(expected)s: %(where)s."),
    msgid("valid %(kind)s, as its byte order mark says"),
    msgid("UTF-8, UTF-16 or Chinese GBK/GB18030"),
    msgid("in line %(line)s (byte 0x%(byte)s)"),
    msgid("at its very end"),
    msgid("Export csv, tsv or xlsx again."),
    msgid("%(name)s changed while it was read."),
    msgid("Try again."),
    msgid("%(name)s ends inside a quoted cell (line %(line)s): it is half-written."),
    msgid("%(name)s ends inside a row (line %(line)s): it is half-written."),
    msgid("%(name)s is an old Excel file (.xls) or has a password."),
    msgid("Save it as .xlsx."),
    msgid("%(name)s is a web page, not a table: the log-in had perhaps expired."),
    msgid("Download the report again, as csv or xlsx."),
    msgid("%(name)s is a PDF."),
    msgid("Download the report as csv or xlsx."),
    msgid("%(name)s is not a readable xlsx workbook: damaged, half-written, or with a password."),
    msgid("The sheet %(name)s has more rows than Excel allows."),
    msgid("%(name)s has too much text for a workbook."),
    msgid("Export csv instead."),
    msgid("Several sheets hold a table: %(names)s."),
    msgid("Keep one sheet in the workbook, or import one file for each."),
    msgid("Two columns could be the %(field)s: %(columns)s."),
    msgid("Choose one with --map %(field)s=%(column)s."),
    msgid("Unknown field %(fields)s in the mapping."),
    msgid("The mapping gives no column for %(fields)s."),
    msgid("Write field=column."),
    msgid("The file has: %(columns)s."),
    msgid("The row has %(count)s cells, the header has %(wanted)s."),
    msgid("%(name)s has a header (line %(line)s) but no rows."),
    msgid("Check the period and the filters of the export, and download it again."),
    msgid("%(cell)s is not a day such as 2026-09-01."),
    msgid("The file writes days both month first and day first: %(one)s, %(other)s."),
    msgid("There is no day %(cell)s."),
    msgid("%(cell)s may be day/month or month/day, and no other date in the file tells which."),
    msgid("Write days as 2026-10-06, or download a range that includes a day after the 12th."),
    msgid("%(cell)s names no month."),
    msgid("%(cell)s has no hour of a 12-hour clock."),
    msgid("%(cell)s is no time of day."),
    msgid("%(cell)s has no time-zone offset."),
    msgid("The id %(cell)s has lost its last digits: the file was saved again by Excel."),
    msgid("Import the file as it was downloaded."),
    msgid("%(cell)s is not a number."),
    msgid("%(cell)s is not a whole number of at least 0."),
    msgid("The file mixes decimal points and decimal commas (%(one)s and %(other)s)."),
    msgid("%(cell)s could be thousands or decimals; nothing in the file tells which."),
    msgid("%(cell)s is not written like the file's other numbers %(style)s."),
    msgid("%(cell)s is too large a number."),
    msgid("%(cell)s is too large."),
    msgid("%(cell)s is not an id."),
    msgid("There is no column %(column)s for the field %(field)s."),
    msgid("There are %(count)s columns %(column)s; the field %(field)s needs one."),
    msgid("comma"),
    msgid("tab"),
    msgid("semicolon"),
    msgid("%(name)s is not a %(delimiter)s-separated table (%(what)s)."),
)

#: What a spend report can answer.
SPEND = (
    msgid("The cost is missing."),
    msgid("The day is missing."),
    msgid("The row has clicks, but its cost is %(cell)s."),
    msgid("%(day)s is outside the file's period %(first)s to %(last)s."),
    msgid(
        "%(cell)s is another period than %(first)s to %(last)s; a report by week or month "
        "cannot be imported."
    ),
    msgid("The file's period %(text)s may be day/month or month/day."),
    msgid("Download the report with the day column, or a range past the 12th."),
    msgid("The file's period cannot be read. %(message)s"),
    msgid("The file's period is not a range of days: %(text)s."),
    msgid("Download it with one number format."),
    msgid("%(name)s has totals but no rows."),
    msgid("Check the report's period and filters, and download it again."),
    msgid("This is a search-term report: its cost covers only the terms that the platform shows."),
    msgid("The report has no cost column; it has: %(columns)s."),
    msgid("Or name the column: --map cost=…"),
    msgid("The report has no column for %(fields)s; it has: %(columns)s."),
    msgid("Or name the columns that there are: --map cost=…"),
    msgid("This is a report by %(level)s: it has no keyword column (%(columns)s)."),
    msgid(
        "To import it without keywords, as unallocated spend of its campaigns, say so: --map "
        "campaign=%(column)s"
    ),
    msgid("%(name)s has no header of a keyword report that is known."),
    msgid("Its likeliest header is line %(line)s: %(columns)s."),
    msgid("No line of %(name)s holds the columns %(columns)s."),
    msgid("Known: %(layouts)s."),
    msgid(
        "For any other table name its columns: --map "
        "day=…,campaign=…,ad_group=…,keyword=…,impressions=…,clicks=…,cost=…"
    ),
    msgid(
        "In Google Ads open Campaigns › Audiences, keywords and content › Search keywords, "
        "then Segment › Time › Day (细分 › 时间 › 天), and download again."
    ),
    msgid(
        "In Microsoft Advertising open Reports › Performance › Keyword, set Unit of time "
        "(时间单位) to Day, and download again."
    ),
    msgid(
        "In 百度营销 open 数据报告 › 关键词报告, set 时间单位 to 分日, and download again (the "
        "page grid itself has no days)."
    ),
    msgid("In 360点睛 open 报告 › 关键词报告, set the time unit to 分日, and download again."),
    msgid("In 搜狗推广 open 数据报告 › 关键词报告, set 时间单位 to 分日, and download again."),
    msgid("In 神马推广 open 数据报告 › 关键词报告, set 时间单位 to 分日, and download again."),
    msgid("In Yandex Direct open the report wizard, group by day, and download again."),
    msgid("Add the day column in the platform's report settings, and download again."),
    msgid("Download the Search keyword report (搜索关键字报告) with Impr., Clicks and Cost."),
    msgid("Download the Keyword performance report with Impressions, Clicks and Spend."),
    msgid("Download 关键词报告 with 推广计划, 推广单元, 关键词, 展现, 点击, 消费, by day."),
    msgid("Download 关键词报告 with 推广计划, 推广组, 关键词, 展示次数, 点击次数, 总费用, by day."),
    msgid("Download 关键词报告 with 推广计划, 推广组, 关键词, 消耗, 点击数, 展示数, by day."),
    msgid("Download 关键词报告 with 推广计划, 推广单元, 关键词, 消费, 点击, 展示, by day."),
    msgid("Download a report by criterion with Impressions, Clicks and Cost, by day."),
    msgid("Download the platform's keyword report with impressions, clicks and cost."),
    msgid("The report has no day column and does not name its period."),
    msgid(
        "The report has no day column and covers %(first)s to %(last)s; its cost cannot be "
        "given to days."
    ),
    msgid(
        "Or import it with --period-total: as one total, seen only in reports that contain "
        "the whole period."
    ),
    msgid("The report's period has %(days)s days; at most %(most)s are allowed."),
    msgid("%(platform)s is no platform from which visits are recognised; check --platform."),
    msgid("%(platform)s is no platform from which visits are recognised; check the platform."),
    msgid("The columns are those that were chosen for this layout before."),
    msgid("account: the number or name of the ad account is missing."),
    msgid('If that is right, send it with "replace": true.'),
    msgid("The file does not say which platform it comes from."),
    msgid("Name it with --platform, one of: %(platforms)s."),
    msgid("%(platform)s is not the name of a platform."),
    msgid("Known: %(platforms)s."),
    msgid("A row has more impressions, clicks or cost than can be stored."),
    msgid("The sum of equal rows is larger than can be stored."),
    msgid("The temporary file of the import cannot be written (%(reason)s)."),
    msgid("Free space in the directory for temporary files, then import again."),
    msgid("Another import changed the same days meanwhile; nothing of this one was imported."),
    msgid("Import the file again."),
    msgid("The total in line %(line)s (%(label)s) says %(figures)s."),
    msgid("%(field)s %(said)s, its rows %(have)s"),
    msgid("Rows are missing; nothing was imported."),
    msgid(
        "Download the whole report again, or import only the campaigns that it has with --partial."
    ),
    msgid(
        "The file has rows of several ad accounts (%(accounts)s), so --account %(account)s "
        "cannot hold for all of them."
    ),
    msgid("Leave --account out, and each row goes to its own account."),
    msgid(
        "The file names its ad account %(written)s; it is stored as %(account)s, as --account says."
    ),
    msgid(
        "The file does not name its ad account, and there are accounts at %(platform)s "
        "already: %(accounts)s."
    ),
    msgid("Say which one it is, such as --account %(account)s, or give a new name."),
    msgid(
        "The file does not name its ad account, and the company has accounts at %(platform)s "
        "already."
    ),
    msgid("Name the file's account with --account."),
    msgid(
        "The %(platform)s account %(account)s belongs to another site of this company, not to "
        "%(site)s (%(key)s)."
    ),
    msgid("Import the file for that site, or name another account with --account."),
    msgid("The file is in %(written)s, not in %(currency)s as --currency says."),
    msgid("Leave --currency out."),
    msgid("The %(platform)s account %(account)s is kept in %(stored)s, the file is in %(said)s."),
    msgid("An ad account has one currency: name another account with --account."),
    msgid(
        "The %(platform)s account %(account)s is kept in %(stored)s so far, and the platform says "
        "%(said)s."
    ),
    msgid("An ad account has one currency: check its number."),
    msgid("The account %(account)s has rows in %(one)s and in %(other)s."),
    msgid("An ad account has one currency; split the file, or name it with --currency."),
    msgid(
        "The costs are marked %(mark)s, but the currency of the account %(account)s is "
        "%(currency)s."
    ),
    msgid("Name the currency with --currency, or another account with --account."),
    msgid("The column %(column)s is in %(mark)s."),
    msgid("Give it in the currency's own unit, such as 元."),
    msgid("The file names no currency; its cost is taken as %(currency)s, the site's."),
    msgid("If that is wrong, import it again with --currency."),
    msgid(
        "If that is right, import it with --replace; to leave campaigns that the file does "
        "not have as they are, with --partial."
    ),
    msgid(
        "The file covers only a part of the day, and %(days)s already holds spend of "
        "%(part)s, from which that part cannot be told: both together would count it twice."
    ),
    msgid("Import a report of the whole day, or put this file in place of what stands."),
    msgid(
        "Spend of %(days)s (%(part)s) stands already and shares days with this file: both "
        "together would count it twice."
    ),
    msgid("all devices, networks and campaigns"),
    msgid(
        "%(days)s came from a better source (%(source)s): it has ids and corrections that this "
        "one lacks."
    ),
    msgid("It would lower cost by more than %(share)s (%(currency)s): %(falls)s."),
    msgid("It would remove %(gone)s: %(names)s."),
    msgid("%(count)s campaign"),
    msgid("%(count)s campaigns"),
    msgid("(no campaign)"),
)

#: What a file of offline conversions can answer.
CONVERSIONS = (
    msgid("Not a phone number: %(value)s."),
    msgid("Write it as +86 138 0013 8000."),
    msgid(
        "%(count)s rows name a campaign or keyword but no platform, and the site advertises "
        "on %(platforms)s: they are not joined by these names."
    ),
    msgid("Add a column Platform."),
    msgid("%(platform)s is no platform from which visits are recognised (lines %(names)s)."),
    msgid("Check the column Platform."),
    msgid("%(name)s has no header of offline conversions that is known."),
    msgid("Its first line with columns is: %(columns)s."),
    msgid("Name its columns: --map id=…,time=…,stage=…,value=…,email=…"),
    msgid("The file has no column for %(missing)s; it has: %(columns)s."),
    msgid("time or day"),
    msgid("stage or goal"),
    msgid("visitor, click id, visit code, landing URL, e-mail, phone or lead"),
    msgid("Name them with --map field=column; the fields are %(names)s."),
    msgid("Write all values with one decimal sign."),
    msgid("The %(field)s is missing."),
    msgid("Nothing leads back to a visit: no %(names)s."),
    msgid("The number is marked %(mark)s, but its currency is %(currency)s."),
    msgid("The reason is longer than 200 characters."),
    msgid("%(count)s conversions name a person who was erased; they stand without the person."),
    msgid("%(count)s conversions; 1 to %(most)s are allowed in one request."),
    msgid("Send them in portions; each is known by its id."),
    msgid("Conversion %(number)s (%(id)s): %(message)s"),
    msgid("The %(name)s is longer than %(most)s characters, or holds a NUL."),
    msgid("A conversion has no field %(name)s."),
    msgid("The field %(name)s has no path of 1 to 200 characters."),
    msgid("Write data.order.id, or =order for a constant."),
    msgid("The delivery cannot be read: %(reason)s."),
    msgid("Send JSON or a form in UTF-8."),
    msgid("Conversion %(number)s is no object."),
    msgid("Conversion %(number)s has nothing where %(names)s should be."),
    msgid("Correct the webhook's fields."),
    msgid("No lead %(value)s."),
    msgid("Look at the list of leads."),
    msgid("The lead has no stage %(value)s."),
    msgid("The number %(number)s is taken by the lead %(lead)s."),
    msgid("Move that lead on its page, or choose another number."),
    msgid("Load the page again."),
    msgid("The site has %(count)s webhooks already; remove one first."),
    msgid("No webhook %(value)s."),
    msgid("Look at the list of webhooks."),
    msgid("Not a stage: %(value)s."),
    msgid("Write key | role | name | other, names."),
    msgid("The time is missing."),
    msgid("The id stands in line %(line)s already; each row needs an id of its own."),
    msgid("The id is longer than 200 characters."),
)
