/**
 * At least once: an event stays queued until the server has answered for it.
 *
 * One request is under way at a time; what happens meanwhile goes together in the next one. On
 * failure the queue waits, longer each time, and is stored where that is allowed, so that the next
 * page sends the same events with the same ids. Events that another tab has stored stay.
 */

import { granted, QUEUE } from "./identity";
import { endpoint, listen, read, write } from "./page";

/** One event as it is sent; the fields are explained in README.md. */
export interface Wire {
  v: 1;
  s?: string;
  i: string;
  n: string;
  o: number;
  t?: number;
  a: number;
  u?: string;
  k?: string;
  l: string;
  r: string;
  d: string;
  w: number[];
  g: string;
  p?: unknown;
  x?: unknown;
  c?: unknown;
  b?: 1;
}

const WEEK = 6048e5;
const AT_ONCE = 20;
/** Most events that wait in memory, and in storage. */
const QUEUED = 1e3;
const STORED = 200;
/** In characters: below 64 KiB even at three bytes each. */
const LONGEST = 2e4;

const stored = (): Wire[] => {
  try {
    return JSON.parse(read(QUEUE) as string);
  } catch {
    return [];
  }
};

let queue = granted ? stored() : [];
/** Ids that this page answers for: stored events with other ids belong to other tabs. */
const mine = new Set(queue.map((event) => event.i));
const flying = new Set<Wire>();
let failures = 0;
let paused = false;
let size = AT_ONCE;

/** Store what is not delivered; nothing is touched where nothing was or is to be stored. */
export const save = (): void => {
  if (!granted) return;
  const kept = stored()
    .filter((event) => !mine.has(event.i))
    // Sent at the very end of a page, where no answer can be seen: it would go twice every time.
    .concat(queue.filter((event) => !(flying.has(event) && event.n === "engagement")));
  if (kept[0] || read(QUEUE)) write(QUEUE, kept[0] ? JSON.stringify(kept.slice(-STORED)) : "");
};

export const forget = (): void => {
  queue = [];
};

/** Queue an event. Throws, before anything is queued, where it cannot be written as JSON. */
export const enqueue = (event: Wire): void => {
  const text = JSON.stringify(event);
  if (text.length < LONGEST) {
    mine.add(event.i);
    // A copy: the page may go on to change the props that it gave us.
    queue = queue.concat(JSON.parse(text)).slice(-QUEUED);
    flush();
  }
};

/** Send what is queued; `leaving` waits for nothing, because there may be no later. */
export const flush = (leaving?: boolean): void => {
  const now = Date.now();
  queue = queue.filter((event) => now - event.o < WEEK);
  const part = queue.filter((event) => !flying.has(event)).slice(0, size);
  if (!part[0] || (!leaving && (flying.size || paused))) return;
  part.forEach((event) => {
    event.t = now;
    event.a++;
    flying.add(event);
  });
  send(JSON.stringify(part), (status, wait) => {
    part.forEach((event) => {
      flying.delete(event);
    });
    // After any failure one by one: what is too large or refused shall take no other with it.
    size = status && status < 400 ? AT_ONCE : 1;
    if (!status || status === 429 || status > 499) {
      paused = true;
      setTimeout(
        resume,
        (wait && +wait * 1e3) || 2 ** Math.min(++failures, 8) * (500 + Math.random() * 1e3),
      );
    } else {
      failures = 0;
      if (status < 400 || !part[1]) queue = queue.filter((event) => !part.includes(event));
    }
    save();
    flush();
  });
};

/** One request; reports the status, 0 where there was no answer, and the seconds to wait. */
const send = (body: string, done: (status: number, wait?: string | null) => void): void => {
  if ("keepalive" in Request.prototype)
    fetch(endpoint, { method: "POST", body, keepalive: true }).then(
      (answer) => done(answer.status, answer.headers.get("retry-after")),
      () => {
        // A page's content policy may allow images only. Contacts never go into an address.
        const image = new Image();
        image.onload = () => done(202);
        image.onerror = () => done(0);
        image.src = /"identify"/.test(body)
          ? "data:,"
          : `${endpoint}?d=${encodeURIComponent(body)}`;
      },
    );
  else done(navigator.sendBeacon(endpoint, body) ? 202 : 0);
};

const resume = (): void => {
  paused = false;
  flush();
};

listen(window, "online", resume);
