/** The standard file: `window.tracker` and everything that runs by itself. */

import { attend } from "./auto";
import { consent, optOut } from "./identity";
import { guarded, options, script } from "./page";
import { notice, record } from "./record";
import { view, watch } from "./views";

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
  identify: (contact) => {
    record("identify", contact);
  },
  consent,
  optOut,
};

const tracker = guarded((name: string, given: Details = {}) => {
  if (calls[name]) calls[name](given);
  else record(name, given.props, given.value, given.currency);
}) as Tracker;

/** What the second file takes from this one, in this order. */
export type Parts = [typeof view, typeof record, typeof notice];

declare global {
  interface Window {
    tracker?: Tracker;
  }
}

const before = window.tracker || tracker;

// Where the tag is on the page twice, the first one counts.
if (options.site && !before.optOut) {
  for (const name in calls) tracker[name] = (given: unknown) => tracker(name, given);
  window.tracker = tracker;
  tracker._ = [view, record, notice] satisfies Parts;
  // First of all, because the visitor's consent may be among them.
  for (const call of before.q || []) tracker(...(call as unknown as [string]));
  attend();
  // The second file comes first: it knows the visit code, and the id a sibling domain hands over.
  // Its name is this file's own with "-extra" after the "t", so that a version loads its like.
  if (options.extra) import(script.src.replace(/t([^/]*)$/, "t-extra$1")).then(watch, watch);
  else watch();
}
