/**
 * What every part needs of the page: the script's own tag, its options, guarded listeners, storage.
 *
 * NOTE: the standard file has a size budget (2,200 bytes gzip, held by a test). The modules are
 * bundled into one scope, so that splitting costs nothing, but every construct does: look at the
 * size that `npm run build` prints before and after a change.
 */

export const script = (document.currentScript ||
  document.querySelector("script[data-site]")) as HTMLScriptElement;

/** The `data-*` attributes of the tag. */
export const options = script.dataset;

/** Where events go: `data-api`, or /e on the host that serves this script. */
export const endpoint = options.api || new URL("/e", script.src).href;

/** Listen in the capture phase; an error of ours never reaches the page. */
export const listen = (
  target: EventTarget,
  types: string,
  // biome-ignore lint/suspicious/noExplicitAny: one helper for every kind of event
  handle: (event: any) => void,
): void =>
  types.split(" ").forEach((type) => {
    target.addEventListener(type, guarded(handle), true);
  });

/** The same function, but it returns undefined where it would have thrown. */
export const guarded =
  <A extends unknown[]>(run: (...given: A) => void) =>
  (...given: A): void => {
    try {
      run(...given);
    } catch {}
  };

/** A stored text, or undefined where there is none or storage is closed to us. */
export const read = (key: string): string | undefined => {
  try {
    return localStorage[key];
  } catch {}
};

/** Store a text; an empty one removes the key. A full or closed storage is no error. */
export const write = (key: string, text: string): void => {
  try {
    if (text) localStorage[key] = text;
    else delete localStorage[key];
  } catch {}
};

/** Random bytes as lower-case hexadecimal. */
export const randomHex = (bytes: number): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) =>
    (byte + 256).toString(16).slice(1),
  ).join("");
