// Runs a script of an ad account in Node with what the platform gives it: `node … SCRIPT WORLD`.
// The world is JSON: rows of each query or day. Requests are really sent, one after the other.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import vm from "node:vm";
import { gzipSync } from "node:zlib";

const [, , script, worldFile] = process.argv;
const world = JSON.parse(readFileSync(worldFile, "utf8"));
const log = [];

function iterator(rows) {
  let at = 0;
  return { hasNext: () => at < rows.length, next: () => rows[at++] };
}

function fetchNow(url, options) {
  const headers = { ...options.headers, "Content-Type": options.contentType };
  const arguments_ = ["-sS", "-X", "POST", "-w", "\n%{http_code}", "--data-binary", "@-"];
  for (const [name, value] of Object.entries(headers)) arguments_.push("-H", `${name}: ${value}`);
  const input = Buffer.from(options.payload);
  const out = execFileSync("curl", [...arguments_, url], { input, maxBuffer: 1 << 26 }).toString();
  const cut = out.lastIndexOf("\n");
  return {
    getResponseCode: () => Number(out.slice(cut + 1)),
    getContentText: () => out.slice(0, cut),
  };
}

const stats = (row) => ({
  getImpressions: () => row.impressions,
  getClicks: () => row.clicks,
  getCost: () => row.cost,
  getConversions: () => row.conversions,
});
const named = (id, name) => ({ getId: () => id, getName: () => name });

function keyword(row) {
  return {
    getStats: () => stats(row),
    getAdGroup: () => named(row.groupId, row.group),
    getCampaign: () => named(row.campaignId, row.campaign),
    getText: () => row.text,
    getId: () => row.id,
    getMatchType: () => row.match,
  };
}

const account = {
  getTimeZone: () => "Asia/Shanghai",
  getCustomerId: () => "123-456-7890",
  getAccountId: () => 5501,
  getCurrencyCode: () => "CNY",
  getStatsFor: (from) => stats(world.totals[from] ?? world.none),
};

const AdsApp = {
  currentAccount: () => account,
  search(query) {
    const day = /'(\d{4}-\d\d-\d\d)'/.exec(query)[1];
    const view = / FROM (\w+)/.exec(query)[1];
    return iterator(world[view]?.[day] ?? []);
  },
  keywords() {
    const selector = {
      forDateRange: (from) => Object.assign(selector, { from }),
      withCondition: () => selector,
      get: () => iterator((world.keywords[selector.from] ?? []).map(keyword)),
    };
    return selector;
  },
};

const Utilities = {
  formatDate(date, _zone, pattern) {
    const local = new Date(date.getTime() + 8 * 36e5);
    return pattern === "u" ? String(local.getUTCDay() || 7) : local.toISOString().slice(0, 10);
  },
  newBlob: (text) => ({ text }),
  gzip: (blob) => ({ getBytes: () => gzipSync(blob.text) }),
  sleep: () => {},
};

class Clock extends Date {
  constructor(...given) {
    super(...(given.length ? given : [world.now]));
  }
}

const room = {
  AdsApp,
  Utilities,
  Date: Clock,
  Logger: { log: (line) => log.push(line) },
  UrlFetchApp: { fetch: fetchNow },
};
vm.createContext(room);
let error = "";
try {
  vm.runInContext(`${readFileSync(script, "utf8")}\nmain();`, room);
} catch (problem) {
  error = problem.message;
}
console.log(JSON.stringify({ log, error }));
