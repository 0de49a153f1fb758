/**
 * Who the visitor is, and whether that may be remembered.
 *
 * One storage key holds it: `<visitor id>.<last seen, ms>`, or a single character: `0`
 * the visitor refused, `-` the visitor opted out.
 */

import { options, randomHex, read, write } from "./page";
import { record } from "./record";

const KEY = "tracker.id";
export const QUEUE = "tracker.q";

/** 400 days in milliseconds, since the last event. */
const MEMORY = 3456e7;

const mode = options.consent;
const required =
  mode === "region"
    ? // Read off the clock's zone: it needs no request, and errs towards asking. UTC says nothing.
      /^(Eu|At|U)|Nic|[CR]eu|Ma[ry]|Guad|Cay/.test(Intl.DateTimeFormat().resolvedOptions().timeZone)
    : mode != null;

const stored = read(KEY);

/** Nothing at all is sent. */
export let stopped =
  stored === "-" ||
  ("dnt" in options &&
    ((navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl ||
      (navigator.doNotTrack as never) > 0));

/** Ids and unsent events may be stored. */
export let granted = mode !== "never" && (stored ? !!stored[1] : !required);

/** The visitor id for an event of now, refreshed; none where it may not, or cannot, be stored. */
export const visitor = (now: number): string | undefined => {
  if (!granted) return;
  const [found, seen] = (read(KEY) || "").split(".");
  // NOTE: without a record the difference is not a number, and the comparison is false.
  const id = now - (seen as never) < MEMORY ? found : randomHex(16);
  write(KEY, `${id}.${now}`);
  return read(KEY) && id;
};

/** The visitor's answer. A change is an event, so that the server can tie what was before to it. */
export const consent = (yes: unknown): void => {
  const before = granted;
  granted = yes === true && mode !== "never";
  if (!granted && !stopped) forget(required ? "" : "0");
  if (before !== granted) record("consent", { granted });
};

/** Stop sending for good on this browser, or take that back. */
export const optOut = (out?: unknown): void => {
  stopped = out !== false;
  forget(stopped ? "-" : "");
};

/** Put a mark, or nothing, in the place of the id, and remove unsent events. */
const forget = (mark: string): void => {
  write(KEY, mark);
  write(QUEUE, "");
};
