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
  <A extends unknown[], R>(run: (...given: A) => R) =>
  (...given: A): R | undefined => {
    try {
      return run(...given);
    } catch {}
  };

/**
 * Listen in the capture phase, where the window sees the events of everything on the page; an error
 * of ours never reaches the page.
 */
export const listen = (
  type: string,
  // biome-ignore lint/suspicious/noExplicitAny: one helper for every kind of event
  handle: (event: any) => void,
): void => addEventListener(type, guarded(handle), true);

/** A stored text, or undefined where there is none, or where the browser keeps the storage closed. */
export const read = guarded((key: string): string | undefined => localStorage[key]);

/** Store a text; an empty one removes the key. A full or closed storage is no error. */
export const write = guarded((key: string, text: string) => {
  if (text) localStorage[key] = text;
  else delete localStorage[key];
});

/** That many random hexadecimal digits, in lower case. */
export const randomHex = (digits: number): string =>
  crypto
    .getRandomValues(new Uint8Array(digits))
    .reduce((text, byte) => text + (byte & 15).toString(16), "");
