/** The standard file: `window.tracker` and everything that runs by itself. */

import { attend } from "./auto";
import { forget } from "./delivery";
import { answer, optOut } from "./identity";
import { guarded, options } from "./page";
import { record } from "./record";
import { watch } from "./views";

interface Details {
  value?: unknown;
  currency?: unknown;
  props?: unknown;
}

interface Tracker {
  (name: string, details?: unknown): void;
  /** Calls made before the script had loaded. */
  q?: ArrayLike<unknown>[];
  [call: string]: unknown;
}

/** What is no event: `tracker.consent(true)`, or `tracker("consent", true)` before the load. */
const calls: Record<string, (given?: unknown) => void> = {
  identify: (contact) => record("identify", contact),
  consent: (yes) => {
    if (answer(!!yes)) record("consent", { granted: !!yes });
  },
  optOut: (out) => {
    forget();
    optOut(out !== false);
  },
};

const tracker = guarded((name: string, given?: unknown) => {
  // NOTE: an own key, or an event named "constructor" would be taken for a call.
  if (Object.keys(calls).includes(name)) calls[name](given);
  else {
    const details: Details = given || {};
    record(name, details.props, details.value, details.currency);
  }
}) as Tracker;

const start = (): void => {
  const page = window as unknown as { tracker?: Tracker };
  const before = page.tracker || tracker;
  // The tag is on the page twice: the first one counts.
  if (before.optOut) return;
  for (const name in calls) tracker[name] = (given: unknown) => tracker(name, given);
  page.tracker = tracker;
  // First of all, because the visitor's consent may be among them.
  for (const call of before.q || []) tracker(...(Array.from(call) as [string]));
  attend();
  watch();
};

if (options.site) start();
