/** Ways to talk that are no plain links: WeChat numbers that are copied, and chat windows. */

import { guarded, linkOf, listen, notice } from "./core";

/** What 百度商桥, 53KF and 快商通 put on the page, and the addresses of their windows. */
const WIDGETS =
  "#newBridge,[id^=nb_],[id*='53kf'],[class*='53kf'],[id*=kuaishang],[class*=kuaishang]";
const WINDOWS = /^https?:..[^/]*(qiao\.baidu|53kf|kuaishang)\./;
/** Buttons that send an invitation to talk away. */
const DECLINED = /close|cancel|later|min/i;

const opened = guarded((url: string): void => notice("intent", { kind: "chat", url }));

export const chat = (): void => {
  listen("copy", () => {
    const node = getSelection()?.anchorNode;
    const element = node instanceof Element ? node : node?.parentElement;
    // What stands beside the number says what it is.
    const around = element?.parentElement?.textContent || "";
    if (/微信|we-?chat|weixin/i.test(around.slice(0, 300))) notice("intent", { kind: "wechat" });
  });
  listen("click", (event: MouseEvent) => {
    const link = linkOf(event);
    const target = event.target as Element;
    // A widget's own buttons are often links that lead nowhere. Of the others, the standard file
    // knows those to the other two.
    if (link?.host && link.host !== location.host) {
      if (/^https?:..[^/]*kuaishang\./.test(link.href)) opened(link.href);
    } else if (target.closest(WIDGETS) && !DECLINED.test(`${target.id} ${target.className}`))
      opened(location.href);
  });
  // A click into a frame does not reach the page; that the page loses the focus to the frame does.
  let talked: Element | undefined;
  addEventListener("blur", () => {
    setTimeout(
      guarded(() => {
        const frame = document.activeElement as HTMLIFrameElement;
        if (frame === talked || frame?.tagName !== "IFRAME") return;
        if (!WINDOWS.test(frame.src) && !frame.closest(WIDGETS)) return;
        talked = frame;
        opened(frame.src || location.href);
      }),
    );
  });
  const open = window.open;
  window.open = (...given) => {
    const url = `${given[0]}`;
    if (WINDOWS.test(url)) opened(url);
    return open.apply(window, given);
  };
};
