"""What connections and the platforms behind them answer, as ``tracker.web.messages`` has it."""

from __future__ import annotations

from tracker.web.i18n import msgid

CONNECTIONS = (
    msgid(
        "Nothing was imported. The platform has probably changed its interface; update "
        "this program, or import a report file meanwhile."
    ),
    msgid("%(platform)s sent an answer that cannot be read: %(what)s."),
    msgid("%(platform)s sent something that is no JSON, or only a part."),
    msgid("Choose the accounts that are imported first."),
    msgid("No account of the connection %(name)s is chosen."),
    msgid("Only a run that was stopped or has failed can go on."),
    msgid("Start a new one."),
    msgid("Put that right on the page of the connection."),
    msgid("Run it without days."),
    msgid("The connection %(name)s does not run: %(reason)s."),
    msgid("it has to be authorised again"),
    msgid("it is paused"),
    msgid("it was disconnected"),
    msgid("The platform keeps no earlier days, and today is not over."),
    msgid("%(platform)s is not asked for days: its files say which they hold."),
    msgid("%(first)s to %(last)s cannot be had: allowed are days from %(least)s to %(most)s."),
    msgid(
        "Authorise again, and agree on the platform's page. If it says so again, compare "
        "the application's id, secret and redirect address with those registered there."
    ),
    msgid("Open the connection and authorise it again."),
    msgid(
        "Remove this application's access in the platform's security settings, then "
        "authorise again."
    ),
    msgid("This answer of a platform fits no authorisation that you began, or it came too late."),
    msgid("%(platform)s gave access for a moment only, without a refresh token."),
    msgid("%(platform)s gave no access token (HTTP %(status)s)."),
    msgid("%(platform)s gave no access: %(reason)s."),
    msgid("no reason given"),
    msgid("%(platform)s has no page for authorising: enter its secrets instead."),
    msgid("Authorise in the browser, logged in."),
    msgid("The connection has to be authorised first."),
    msgid("Connect the account again, and see that the application may read reports."),
    msgid("Enter the user name (账户名) in the settings of the account."),
    msgid("%(platform)s addresses accounts by user name, and %(account)s has none."),
    msgid("%(platform)s answered without an access token."),
    msgid("%(platform)s asks for fewer requests: %(words)s."),
    msgid("%(platform)s could not make the report: %(words)s."),
    msgid("%(platform)s could not make the report."),
    msgid("%(platform)s does not take the request (HTTP %(status)s)."),
    msgid("%(platform)s does not take the request: %(words)s."),
    msgid("%(platform)s has no report of %(what)s."),
    msgid("%(platform)s's report of %(day)s changed while it was read, every time."),
    msgid("Enter the currency in the settings of the account."),
    msgid("%(platform)s does not say in which currency the account %(account)s is kept."),
    msgid("Nothing can be connected as %(value)s."),
    msgid("The connection has no account %(account)s."),
    msgid("List them: tracker connection accounts."),
    msgid("No run %(run)s."),
    msgid("Runs are kept for 400 days."),
    msgid("No connection %(connection)s."),
    msgid("List them: tracker connection list."),
    msgid("Connect it anew."),
    msgid("The connection was disconnected."),
    msgid("The number of %(what)s is %(value)s; allowed are %(least)s to %(most)s."),
    msgid("The time %(value)s is none."),
    msgid("Write it as HH:MM."),
    msgid("The site does not exist."),
    msgid("No tenant %(tenant)s or no site %(site)s."),
    msgid("Enter it in the settings of the connection."),
    msgid("The connection to %(platform)s has no %(what)s."),
    msgid("Ask for later days."),
    msgid("Choose the accounts below it instead."),
    msgid("It has ten digits, such as 123-456-7890."),
    msgid(
        "%(platform)s tells the keyword of a click for %(days)s days; %(day)s is before %(first)s."
    ),
    msgid("%(platform)s: %(account)s is a manager account, which spends nothing itself."),
    msgid("%(platform)s: %(account)s is no account number."),
    msgid("%(platform)s asks for a pause: the account's reports took too much of its quota."),
    msgid("%(platform)s asks for fewer requests."),
    msgid("%(platform)s gave an unexpected answer (HTTP %(status)s)."),
    msgid("%(platform)s has a problem of its own (HTTP %(status)s)."),
    msgid("%(platform)s has a problem of its own: %(words)s."),
    msgid("The connection's log-in is being renewed by another process for long."),
    msgid("The connection to %(platform)s broke off (%(kind)s)."),
    msgid("%(platform)s asks for fewer requests (HTTP 429)."),
    msgid("%(platform)s cannot be reached."),
    msgid("%(platform)s did not answer in time."),
    msgid("%(platform)s sent a report of more than %(size)s MiB; ask for fewer days."),
    msgid("%(platform)s sent an answer of more than %(size)s MiB."),
    msgid("An account of %(platform)s needs the field %(value)s."),
    msgid("%(platform)s needs the field %(value)s."),
    msgid("Fill in every required field."),
    msgid("It stands in the platform's own pages."),
    msgid("Give it access in Microsoft Advertising, and check account and customer id."),
    msgid("%(platform)s gave no report (HTTP %(status)s)."),
    msgid("%(platform)s has not made the report in time; asked again later."),
    msgid("%(platform)s's report could not be downloaded before its address expired."),
    msgid("%(platform)s: the log-in may not see this account: %(words)s."),
    msgid("%(platform)s sent a damaged report."),
    msgid("%(platform)s sent a report that is no ZIP, or only a part (%(kind)s)."),
    msgid("An ad account has one currency: check its number."),
    msgid(
        "The %(platform)s account %(account)s is kept in %(known)s so far, and the "
        "platform says %(currency)s. Nothing was imported."
    ),
    msgid(
        "Check user name and password and enter them again. It is not tried again before "
        "that: five wrong log-ins would lock the account until tomorrow."
    ),
    msgid("Copy it again from the API page of the account."),
    msgid("%(platform)s does not make the report: %(words)s."),
    msgid("%(platform)s gave no answer to the log-in that can be read."),
    msgid("%(platform)s has not made the report of this day yet."),
    msgid("%(platform)s refused the log-in: %(words)s."),
    msgid("%(platform)s reports a day when it is over; %(day)s is not."),
    msgid("%(platform)s's report of %(day)s does not have the rows that it should have."),
    msgid("%(platform)s: the API secret has %(count)s characters; it has 32."),
    msgid("%(platform)s sent an answer that is no list, or only a part of one."),
    msgid("%(platform)s sent an answer with too long a text in it."),
    msgid("Check the application's client id and secret in the settings."),
    msgid("Connect the account again."),
    msgid("%(platform)s does not accept the client id, secret or scope (%(code)s)."),
    msgid(
        "%(platform)s no longer accepts this connection: its authorisation was revoked or"
        " has expired (%(code)s)."
    ),
    msgid("%(platform)s refused this connection's log-in before; it is not tried again by itself."),
    msgid("The import failed unexpectedly (%(kind)s)."),
    msgid("The log of the server says why."),
    msgid("Given up after %(count)s attempts; the next run tries again."),
    msgid("%(platform)s has no more units for this hour: %(words)s."),
    msgid("%(platform)s reports name no currency, and none is known of %(account)s."),
    msgid("%(platform)s sent a report with too long a line."),
    msgid("%(platform)s sent an empty report."),
    msgid("%(platform)s sent only a part of a report."),
    msgid("The day %(day)s was left as it is: a total that covers several days stands for it."),
    msgid("The stored secret of %(owner)s does not open with the encryption key in use."),
    msgid(
        "Put back the key that it was sealed with (TRACKER_ENCRYPTION_KEY, or "
        "%(file)s from the backup), or connect again."
    ),
)
