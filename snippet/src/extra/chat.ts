/** Ways to talk that are no plain links: WeChat numbers that are copied, and chat windows. */

import { linkOf, listen, notice } from "./core";

/** The buttons of 百度商桥, 53KF and 快商通 on the page, and the addresses of their windows. */
const BUTTONS =
  "#newBridge,#nb_icon_wrap,[id*='53kf'],[class*='53kf'],[id*='kuaishang'],[class*='kuaishang']";
const WINDOWS = /^https?:..[^/]*(qiao\.baidu|53kf|kuaishang)\./;

const opened = (url: string): void => notice("intent", { kind: "chat", url });

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
    // NOTE: the standard file knows the links to the other two.
    if (
      link
        ? /^https?:..[^/]*kuaishang\./.test(link.href)
        : (event.target as Element).closest(BUTTONS)
    )
      opened(link ? link.href : location.href);
  });
  const open = window.open;
  window.open = (...given) => {
    const url = `${given[0]}`;
    if (WINDOWS.test(url)) opened(url);
    return open.apply(window, given);
  };
};
