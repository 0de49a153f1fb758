/**
 * Sends the keyword cost of this Microsoft Advertising account to the tracker, once a day.
 *
 * Microsoft Advertising > Tools > Scripts > Create script: paste, preview, then Frequency: Daily.
 * Nothing is changed in the account.
 */
var ENDPOINT = "@ENDPOINT@";
var TOKEN = "@TOKEN@";
/** Hours from UTC in which the account counts its days, such as 8 for Beijing, -8 for Los Angeles. */
var UTC_OFFSET = 8;
/** Days up to yesterday that are sent each day: the platform corrects its numbers. */
var DAYS = 7;
/** Set this to true for one run to consent to what the tracker asks about. */
var REPLACE = false;

var ATTEMPTS = 5;

function main() {
  var account = AdsApp.currentAccount();
  var failures = [];
  var days = trailingDays(new Date().getTime());
  for (var i = 0; i < days.length; i++) {
    try {
      var answer = send({
        platform: "microsoft",
        account: String(account.getAccountId()),
        currency: account.getCurrencyCode(),
        replace: REPLACE,
        days: [{ day: days[i], total: totalOf(account, days[i]), rows: rowsOf(days[i]) }],
      });
      Logger.log(days[i] + ": " + answer.rows + " rows, " + answer.cost + " " + answer.currency);
    } catch (error) {
      failures.push(days[i] + ": " + error.message);
    }
  }
  if (failures.length) throw new Error("Not sent. " + failures.join(" | "));
}

/** The days to send, oldest first, as the account counts days. */
function trailingDays(now) {
  var days = [];
  for (var back = DAYS; back >= 1; back--) {
    var local = new Date(now + UTC_OFFSET * 36e5 - back * 864e5);
    days.push(local.toISOString().slice(0, 10));
  }
  return days;
}

function rowsOf(day) {
  var rows = [];
  var date = day.replace(/-/g, "");
  var found = AdsApp.keywords()
    .forDateRange(date, date)
    .withCondition("Impressions > 0")
    .get();
  while (found.hasNext()) {
    var keyword = found.next();
    var group = keyword.getAdGroup();
    var campaign = keyword.getCampaign();
    var row = figures(keyword.getStats());
    row.campaign = campaign.getName();
    row.campaign_id = String(campaign.getId());
    row.ad_group = group.getName();
    row.ad_group_id = String(group.getId());
    row.keyword = keyword.getText();
    row.keyword_id = String(keyword.getId());
    row.match_type = keyword.getMatchType();
    rows.push(row);
  }
  return rows;
}

/** What the account spent on the day in all; what no row accounts for is shown as such. */
function totalOf(account, day) {
  var date = day.replace(/-/g, "");
  var total = figures(account.getStatsFor(date, date));
  return { impressions: total.impressions, clicks: total.clicks, cost: total.cost };
}

function figures(stats) {
  return {
    impressions: stats.getImpressions(),
    clicks: stats.getClicks(),
    cost: Number(stats.getCost() || 0).toFixed(6),
    conversions: Number(stats.getConversions() || 0).toFixed(6),
  };
}

/** Sends once more where that can help; what the tracker refuses is told as it says it. */
function send(body) {
  var said = "";
  for (var attempt = 1; attempt <= ATTEMPTS; attempt++) {
    var status = 0;
    try {
      var answer = UrlFetchApp.fetch(ENDPOINT, {
        method: "POST",
        contentType: "application/json",
        headers: { Authorization: "Bearer " + TOKEN },
        payload: JSON.stringify(body),
        muteHttpExceptions: true,
      });
      status = answer.getResponseCode();
      said = answer.getContentText();
    } catch (error) {
      said = error.message;
    }
    if (status === 200) return JSON.parse(said);
    if (status >= 400 && status < 500 && status !== 429 && status !== 408) break;
  }
  throw new Error(String(said).slice(0, 500));
}
