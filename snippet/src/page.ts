/**
 * What every part needs of the page: the script's own tag, its options, guarded listeners, storage.
 *
 * NOTE: the standard file has a size budget (2,200 bytes gzip, held by a test). The modules are
 * bundled into one scope, so that splitting costs nothing, but every construct does: look at the
 * size that `npm run build` prints before and after a change.
 */

export const script = document.currentScript as HTMLScriptElement;

/** The `data-*` attributes of the tag. */
export const options = script.dataset;

/** Where events go: `data-api`, or /e on the host that serves this script. */
export const endpoint = options.api || new URL("/e", script.src);

/** The same function, but it returns undefined where it would have thrown. */
export const guarded =
  <A extends unknown[]>(run: (...given: A) => void) =>
  (...given: A): void => {
    try {
      run(...given);
    } catch {}
  };

/** Listen in the capture phase; an error of ours never reaches the page. */
export const listen = (
  target: EventTarget,
  type: string,
  // biome-ignore lint/suspicious/noExplicitAny: one helper for every kind of event
  handle: (event: any) => void,
): void => target.addEventListener(type, guarded(handle), true);

/** The page's storage; none where the browser keeps it closed. */
let storage: Storage | undefined;
guarded(() => {
  storage = localStorage;
})();

/** A stored text, or undefined where there is none. */
export const read = (key: string): string | undefined =>
  // biome-ignore lint/complexity/useOptionalChain: it would be written out longer for old browsers
  storage && storage[key];

/** Store a text; an empty one removes the key. A full or closed storage is no error. */
export const write = guarded((key: string, text: string) => {
  if (text) (storage as Storage)[key] = text;
  else delete (storage as Storage)[key];
});

/** That many random hexadecimal digits, in lower case. */
export const randomHex = (digits: number): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(digits)), (byte) =>
    (byte & 15).toString(16),
  ).join("");
