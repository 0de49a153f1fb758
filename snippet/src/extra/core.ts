/** What the second file takes from the first, and from the same script tag. */

import type { Parts } from "../tracker";

const tracker = (window as unknown as { tracker: { _: Parts } }).tracker;

export const [view, record, notice] = tracker._;

/** The `data-*` attributes of the tag that asked for this file. */
export const options = (document.querySelector("script[data-extra]") as HTMLElement).dataset;

/** Listen in the capture phase; an error of ours never reaches the page. */
export const listen = (
  type: string,
  // biome-ignore lint/suspicious/noExplicitAny: one helper for every kind of event
  handle: (event: any) => void,
): void =>
  document.addEventListener(
    type,
    (event) => {
      try {
        handle(event);
      } catch {}
    },
    true,
  );

/** The link that an event happened in. */
export const linkOf = (event: Event): HTMLAnchorElement | null =>
  (event.target as Element).closest("a[href]");

/** The visitor id, where one is stored: then other things may be stored, too. */
export const storedVisitor = (): string | undefined => {
  try {
    return (/^[\da-f]{16}/.exec(localStorage["tracker.id"]) || [])[0];
  } catch {}
};
