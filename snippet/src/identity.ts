/**
 * Who the visitor is, and whether that may be remembered.
 *
 * One storage key holds it: `<visitor id>.<last seen, ms, base 36>`, or a single character: `0`
 * the visitor refused, `-` the visitor opted out.
 */

import { options, randomHex, read, write } from "./page";

const KEY = "tracker.id";
export const QUEUE = "tracker.queue";

/** 400 days in milliseconds, since the last event. */
const MEMORY = 3456e7;

const mode = options.consent;
const required =
  mode === "required" ||
  // The region is read off the clock's zone: it needs no request, and errs towards asking.
  (mode === "region" &&
    /^(Eur|Atl|Arc)|Nicos|Ceuta/.test(Intl.DateTimeFormat().resolvedOptions().timeZone));

const stored = read(KEY);

/** Nothing at all is sent. */
export let stopped =
  stored === "-" ||
  ("dnt" in options &&
    ((navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl ||
      navigator.doNotTrack === "1"));

/** Ids and unsent events may be stored. */
export let granted = mode !== "never" && (stored ? !!stored[1] : !required);

/** The visitor id for an event of now, refreshed; none where it may not, or cannot, be stored. */
export const visitor = (now: number): string | undefined => {
  if (!granted) return;
  const found = /^([\da-f]{16})\.(\w+)$/.exec(read(KEY) || "") || [];
  // NOTE: without a record the difference is not a number, and the comparison is false.
  const id = now - parseInt(found[2], 36) < MEMORY ? found[1] : randomHex(8);
  write(KEY, `${id}.${now.toString(36)}`);
  return read(KEY) && id;
};

/** The visitor's answer; true when it changes what may be stored. */
export const answer = (yes: boolean): boolean => {
  const before = granted;
  granted = yes && mode !== "never";
  if (!granted && !stopped) {
    write(KEY, required ? "" : "0");
    write(QUEUE, "");
  }
  return before !== granted;
};

/** Stop sending for good on this browser, or take that back. */
export const optOut = (out: boolean): void => {
  stopped = out;
  write(KEY, out ? "-" : "");
  write(QUEUE, "");
};
