"""Messages that name options of commands, as pages say them in English.

The code that writes a message speaks to whoever runs a command. A page has fields and boxes where
a command has options; the Chinese catalogue names those from the first.
"""

from __future__ import annotations

ON_PAGES = {
    "Swap --from and --to.": "Swap the first and the last day.",
    "Give it with --domain.": "Enter it under Domains.",
    "Give --value or --event-value, not both.": "Choose a fixed value or the event's own.",
    "Give one of --path, --event, --form, --click, --download, or --seconds and --depth.": (
        "Choose what it is reached by."
    ),
    "Correct the file, or leave those rows out with --skip-bad-rows.": (
        "Correct the file, or choose 'Import the good rows and skip those with problems'."
    ),
    "Choose one with --map %(field)s=%(column)s.": (
        "Choose one under Columns: %(field)s=%(column)s."
    ),
    "Or name the column: --map cost=…": "Or name the column under Columns: cost=…",
    "Or name the columns that there are: --map cost=…": (
        "Or name the columns that there are under Columns: cost=…"
    ),
    "To import it without keywords, as unallocated spend of its campaigns, say so: --map "
    "campaign=%(column)s": (
        "To import it without keywords, as unallocated spend of its campaigns, say so under "
        "Columns: campaign=%(column)s"
    ),
    "For any other table name its columns: --map "
    "day=…,campaign=…,ad_group=…,keyword=…,impressions=…,clicks=…,cost=…": (
        "For any other table name its columns under Columns: "
        "day=…,campaign=…,ad_group=…,keyword=…,impressions=…,clicks=…,cost=…"
    ),
    "Or import it with --period-total: as one total, seen only in reports that contain the whole "
    "period.": (
        "Or choose 'The file has one total for the whole period, not days': it is seen only in "
        "reports that contain the whole period."
    ),
    "%(platform)s is no platform from which visits are recognised; check --platform.": (
        "%(platform)s is no platform from which visits are recognised; check Platform."
    ),
    "Name it with --platform, one of: %(platforms)s.": (
        "Choose it under Platform, one of: %(platforms)s."
    ),
    "Download the whole report again, or import only the campaigns that it has with --partial.": (
        "Download the whole report again, or choose 'Replace only the campaigns in the file'."
    ),
    "The file has rows of several ad accounts (%(accounts)s), so --account %(account)s cannot hold "
    "for all of them.": (
        "The file has rows of several ad accounts (%(accounts)s), so the account %(account)s "
        "cannot hold for all of them."
    ),
    "Leave --account out, and each row goes to its own account.": (
        "Leave Account empty, and each row goes to its own account."
    ),
    "The file names its ad account %(written)s; it is stored as %(account)s, as --account says.": (
        "The file names its ad account %(written)s; it is stored as %(account)s, as Account says."
    ),
    "Say which one it is, such as --account %(account)s, or give a new name.": (
        "Enter under Account which one it is, such as %(account)s, or a new name."
    ),
    "Name the file's account with --account.": "Enter the file's account under Account.",
    "Import the file for that site, or name another account with --account.": (
        "Import the file for that site, or enter another account."
    ),
    "The file is in %(written)s, not in %(currency)s as --currency says.": (
        "The file is in %(written)s, not in %(currency)s as Currency says."
    ),
    "Leave --currency out.": "Leave Currency empty.",
    "An ad account has one currency: name another account with --account.": (
        "An ad account has one currency: enter another account."
    ),
    "An ad account has one currency; split the file, or name it with --currency.": (
        "An ad account has one currency; split the file, or enter it under Currency."
    ),
    "Name the currency with --currency, or another account with --account.": (
        "Enter the currency, or another account."
    ),
    "If that is wrong, import it again with --currency.": (
        "If that is wrong, import it again with the right Currency."
    ),
    "If that is right, import it with --replace; to leave campaigns that the file does not have as "
    "they are, with --partial.": (
        "If that is right, choose 'Replace what is there, even where campaigns or cost "
        "disappear'; to leave campaigns that the file does not have as they are, 'Replace only "
        "the campaigns in the file'."
    ),
    "Name its columns: --map id=…,time=…,stage=…,value=…,email=…": (
        "Name its columns under Columns: id=…,time=…,stage=…,value=…,email=…"
    ),
    "Name them with --map field=column; the fields are %(names)s.": (
        "Name them under Columns as field=column; the fields are %(names)s."
    ),
    "List them: tracker connection accounts.": "They are listed on the page of the connection.",
    "List them: tracker connection list.": "Look at the page Connections.",
    "Columns are day, base, quote, rate and optionally until; or --map rate=…": (
        "Columns are day, base, quote, rate and optionally until."
    ),
    "List them: tracker spend held list.": "Look at the page Imports.",
}
