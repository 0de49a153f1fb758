/** The standard file: `window.tracker` and everything that runs by itself. */

import { attend } from "./auto";
import { consent, optOut } from "./identity";
import { guarded, options, script } from "./page";
import { notice, record } from "./record";
import { view, watch } from "./views";

/** The name of the second file, filled in by the build. */
declare const EXTRA: string;

interface Details {
  value?: unknown;
  currency?: unknown;
  props?: unknown;
}

interface Tracker {
  (name: string, details?: unknown): void;
  /** Calls made before the script had loaded. */
  q?: ArrayLike<unknown>[];
  /** What the second file builds on. */
  _?: unknown;
  [call: string]: unknown;
}

/** What is no event: `tracker.consent(true)`, or `tracker("consent", true)` before the load. */
const calls: Record<string, (given?: unknown) => void> = {
  // An event named "constructor" is an event.
  __proto__: null as never,
  identify: (contact) => record("identify", contact),
  consent,
  optOut,
};

const tracker = guarded((name: string, given: Details = {}) => {
  if (calls[name]) calls[name](given);
  else record(name, given.props, given.value, given.currency);
}) as Tracker;

/** What the second file takes from this one, in this order. */
const parts = [view, record, notice] as const;
export type Parts = typeof parts;

const page = window as unknown as { tracker?: Tracker };
const before = page.tracker || tracker;

// Where the tag is on the page twice, the first one counts.
if (options.site && !before.optOut) {
  for (const name in calls) tracker[name] = (given: unknown) => tracker(name, given);
  tracker._ = parts;
  page.tracker = tracker;
  // First of all, because the visitor's consent may be among them.
  for (const call of before.q || []) tracker(...(call as unknown as [string]));
  attend();
  // The second file comes first: it knows the visit code, and the id a sibling domain hands over.
  if (options.extra) import(new URL(EXTRA, script.src) as never).catch(() => {}).then(watch);
  else watch();
}
