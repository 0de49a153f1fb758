/**
 * At least once: an event stays queued until the server has answered for it.
 *
 * One request is under way at a time; what happens meanwhile goes together in the next one. On
 * failure the queue waits, longer each time, and is stored where that is allowed, so that the next
 * page sends the same events with the same ids. Events that another tab has stored stay.
 */

import { granted, QUEUE, stopped } from "./identity";
import { endpoint, listen, read, write } from "./page";

/** One event as it is sent; the fields are explained in README.md. */
export interface Wire {
  v: 1;
  s?: string;
  i: string;
  n: string;
  o: number;
  /** When the request under way was sent; 0 while the event waits for one. */
  t: number;
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
/** Most events that wait. */
const QUEUED = 200;
/** In characters: below 64 KiB even at three bytes each. */
const LONGEST = 2e4;
/** A request without an answer counts as an answer that asks for another attempt. */
const FAILED = 599;

/** The ids that this page answers for, in one text: other stored events belong to other tabs. */
let mine = (granted && read(QUEUE)) || "[]";
let queue: Wire[] = JSON.parse(mine);
let failures = 0;
/** While a request is under way, and between a failure and the next attempt. */
let busy: boolean | undefined;
let size = AT_ONCE;

const ground = (events: Wire[]): void =>
  events.forEach((event) => {
    event.t = 0;
  });

ground(queue);

/** Store what is not delivered; nothing is touched where nothing was or is to be stored. */
export const save = (): void => {
  if (!granted) return;
  const kept = (JSON.parse(read(QUEUE) || "[]") as Wire[])
    .filter((event) => !mine.includes(event.i))
    // Sent at the very end of a page, where no answer can be seen: it would go twice every time.
    .concat(queue.filter((event) => !event.t || event.n !== "engagement"));
  write(QUEUE, kept[0] ? JSON.stringify(kept) : "");
};

/** Queue an event. Throws, before anything is queued, where it cannot be written as JSON. */
export const enqueue = (event: Wire): void => {
  const text = JSON.stringify(event);
  if (text.length < LONGEST) {
    mine += event.i;
    // A copy: the page may go on to change the props that it gave us.
    queue = queue.concat(JSON.parse(text)).slice(-QUEUED);
    flush();
  }
};

/** Send what is queued; `leaving` waits for nothing, because there may be no later. */
export const flush = (leaving?: boolean): void => {
  const now = Date.now();
  queue = queue.filter((event) => !stopped && now - event.o < WEEK);
  const part = queue.filter((event) => !event.t).slice(0, size);
  if (!part[0] || (busy && !leaving)) return;
  busy = true;
  part.forEach((event) => {
    event.t = now;
    event.a++;
  });
  send(JSON.stringify(part), (status) => {
    const again = status === 429 || status > 499;
    // After any failure one by one: what is too large or refused shall take no other with it.
    size = status < 400 ? AT_ONCE : 1;
    ground(part);
    if (!again && (status < 400 || !part[1]))
      queue = queue.filter((event) => !part.includes(event));
    save();
    if (again) setTimeout(resume, 2 ** Math.min(++failures, 8) * 1e3 * (Math.random() + 1));
    else {
      failures = 0;
      resume();
    }
  });
};

/** One request; reports its status. */
const send = (body: string, done: (status: number) => void): void => {
  if ("keepalive" in Request.prototype)
    fetch(endpoint, { method: "POST", body, keepalive: true }).then(
      (answer) => done(answer.status),
      () => {
        // A page's content policy may allow images only. Contacts never go into an address.
        const image = new Image();
        image.onload = () => done(202);
        image.onerror = () => done(FAILED);
        image.src = /"identify"/.test(body)
          ? "data:,"
          : `${endpoint}?d=${encodeURIComponent(body)}`;
      },
    );
  else done(navigator.sendBeacon(endpoint, body) ? 202 : FAILED);
};

const resume = (): void => {
  busy = false;
  flush();
};

listen(window, "online", resume);
