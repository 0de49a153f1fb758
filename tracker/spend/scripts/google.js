/**
 * Sends the keyword cost of this Google Ads account to the tracker, once a day.
 *
 * Google Ads > Tools > Bulk actions > Scripts > + : paste, authorise, preview, then Frequency: Daily.
 * In a manager account, make one script in each account below it. Nothing is changed in the account.
 */
const ENDPOINT = "@ENDPOINT@";
const TOKEN = "@TOKEN@";
/** Days up to yesterday that are sent each day, and on Sundays: platforms correct their numbers. */
const DAYS = 7;
const SUNDAY_DAYS = 35;
/** Set this to true for one run to consent to what the tracker asks about. */
const REPLACE = false;

/** Campaigns that spend without keywords, and the reason under which the tracker shows them. */
const KEYWORDLESS = {
  PERFORMANCE_MAX: "pmax",
  SHOPPING: "shopping",
  DEMAND_GEN: "demand_gen",
  VIDEO: "video",
};
const METRICS =
  "metrics.impressions, metrics.clicks, metrics.cost_micros, metrics.conversions, " +
  "metrics.conversions_value";
const ATTEMPTS = 5;

function main() {
  const account = AdsApp.currentAccount();
  const zone = account.getTimeZone();
  const failures = [];
  for (const day of trailingDays(zone)) {
    try {
      const answer = send({
        platform: "google",
        account: account.getCustomerId().replace(/-/g, ""),
        currency: account.getCurrencyCode(),
        replace: REPLACE,
        days: [{ day: day, total: totalOf(day), rows: rowsOf(day) }],
      });
      Logger.log(day + ": " + answer.rows + " rows, " + answer.cost + " " + answer.currency);
    } catch (error) {
      failures.push(day + ": " + error.message);
    }
  }
  if (failures.length) throw new Error("Not sent. " + failures.join(" | "));
}

/** The days to send, oldest first, as the account counts days. */
function trailingDays(zone) {
  const now = new Date().getTime();
  const sunday = Utilities.formatDate(new Date(now), zone, "u") === "7";
  const days = [];
  for (let back = sunday ? SUNDAY_DAYS : DAYS; back >= 1; back--) {
    days.push(Utilities.formatDate(new Date(now - back * 864e5), zone, "yyyy-MM-dd"));
  }
  return days.filter((day, at) => days.indexOf(day) === at);
}

function rowsOf(day) {
  const rows = [];
  const where = " WHERE segments.date = '" + day + "' AND metrics.impressions > 0";
  each(
    "SELECT campaign.id, campaign.name, ad_group.id, ad_group.name, " +
      "ad_group_criterion.criterion_id, ad_group_criterion.keyword.text, " +
      "ad_group_criterion.keyword.match_type, segments.device, " +
      METRICS +
      " FROM keyword_view" +
      where,
    (found) => {
      const criterion = found.adGroupCriterion || {};
      const keyword = criterion.keyword || {};
      rows.push(
        withFigures(found, {
          ad_group: found.adGroup.name,
          ad_group_id: String(found.adGroup.id),
          keyword: keyword.text || "",
          keyword_id: String(criterion.criterionId || ""),
          match_type: keyword.matchType || "",
          reason: keyword.text ? "" : "ai_max",
        }),
      );
    },
  );
  each(
    "SELECT campaign.id, campaign.name, campaign.advertising_channel_type, segments.device, " +
      METRICS +
      " FROM campaign" +
      where +
      " AND campaign.advertising_channel_type IN ('" +
      Object.keys(KEYWORDLESS).join("', '") +
      "')",
    (found) => {
      rows.push(withFigures(found, { reason: KEYWORDLESS[found.campaign.advertisingChannelType] }));
    },
  );
  return rows;
}

/** What the account spent on the day in all; what no row accounts for is shown as such. */
function totalOf(day) {
  const total = { impressions: 0, clicks: 0, cost: "0" };
  each("SELECT " + METRICS + " FROM customer WHERE segments.date = '" + day + "'", (found) => {
    total.impressions = Number(found.metrics.impressions || 0);
    total.clicks = Number(found.metrics.clicks || 0);
    total.cost = amount(found.metrics.costMicros);
  });
  return total;
}

function withFigures(found, row) {
  const metrics = found.metrics;
  row.campaign = found.campaign.name;
  row.campaign_id = String(found.campaign.id);
  row.device = found.segments.device || "";
  row.impressions = Number(metrics.impressions || 0);
  row.clicks = Number(metrics.clicks || 0);
  row.cost = amount(metrics.costMicros);
  row.conversions = decimal(metrics.conversions);
  row.value = decimal(metrics.conversionsValue);
  return row;
}

function each(query, use) {
  const found = AdsApp.search(query);
  while (found.hasNext()) use(found.next());
}

/** Millionths as exact text: 1230000 is 1.230000. */
function amount(micros) {
  const text = String(micros || 0);
  const digits = text.replace("-", "").padStart(7, "0");
  return (text[0] === "-" ? "-" : "") + digits.slice(0, -6) + "." + digits.slice(-6);
}

function decimal(number) {
  return Number(number || 0).toFixed(6);
}

/** Sends once more where that can help; what the tracker refuses is told as it says it. */
function send(body) {
  const payload = Utilities.gzip(Utilities.newBlob(JSON.stringify(body))).getBytes();
  let said = "";
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    let status = 0;
    try {
      const answer = UrlFetchApp.fetch(ENDPOINT, {
        method: "post",
        contentType: "application/json",
        headers: { Authorization: "Bearer " + TOKEN, "Content-Encoding": "gzip" },
        payload: payload,
        muteHttpExceptions: true,
      });
      status = answer.getResponseCode();
      said = answer.getContentText();
    } catch (error) {
      said = error.message;
    }
    if (status === 200) return JSON.parse(said);
    if (status >= 400 && status < 500 && status !== 429 && status !== 408) break;
    if (attempt < ATTEMPTS) Utilities.sleep(1000 * Math.pow(3, attempt));
  }
  throw new Error(said.slice(0, 500));
}
