/** What the second file takes from the first, and from the same script tag. */

import type { Parts } from "../tracker";

export const tracker = window.tracker as unknown as {
  _: Parts;
  optOut: (out?: unknown) => void;
};

export const [view, record, notice] = tracker._;

/** The `data-*` attributes of the tag that asked for this file. */
export const options = (document.querySelector("script[data-extra]") as HTMLElement).dataset;

/** The same function, but an error of ours in it never reaches the page. */
export const guarded =
  <A extends unknown[]>(run: (...given: A) => void) =>
  (...given: A): void => {
    try {
      run(...given);
    } catch {}
  };

/** Listen in the capture phase. */
export const listen = (
  type: string,
  // biome-ignore lint/suspicious/noExplicitAny: one helper for every kind of event
  handle: (event: any) => void,
): void => document.addEventListener(type, guarded(handle), true);

/** The link that an event happened in. */
export const linkOf = (event: Event): HTMLAnchorElement | null =>
  (event.target as Element).closest("a[href]");

/** A stored text, or undefined where there is none, or where the browser keeps the storage closed. */
export const storedItem = (key: string): string | undefined => {
  try {
    return localStorage[key];
  } catch {}
};

/** The visitor id, where one is stored: then other things may be stored, too. */
export const storedVisitor = (): string | undefined =>
  (/^[\da-f]{16}/.exec(storedItem("tracker.id") || "") || [])[0];
