/** Time series: one uPlot per <div class="plot" data-chart="…">, redrawn when width or theme change. */
import uPlot from "uplot";

interface Trend {
  locale: string;
  days: string[];
  cost: (number | null)[];
  revenue: (number | null)[];
  conversions: (number | null)[];
  labels: { day: string; cost: string; revenue: string; conversions: string };
}

const HEIGHT = 230;
const DAY = 86400;
/** Conversions take the lower third, so that the lines of money stay in sight. */
const COUNT_ROOM = 3;
const plots = new Map<HTMLElement, uPlot>();

function colour(element: HTMLElement, name: string): string {
  // The variables are light-dark() expressions: only a real property gives the computed colour.
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  element.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function epochSeconds(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) / 1000;
}

type Range = [number, number];

/** Ranges of money and of conversions with their zeros at one height: refunds can make revenue
 * of a day negative, and the bars of conversions stand on the same line as it. */
function ranges(trend: Trend): { money: Range; count: Range } {
  const amounts = [...trend.cost, ...trend.revenue].filter((one) => one != null);
  const low = Math.min(0, ...amounts);
  // Where nothing is above zero, room is left for the bars.
  const high = Math.max(0, -low / COUNT_ROOM, ...amounts) || 1;
  const most = Math.max(0, ...trend.conversions.filter((one) => one != null)) || 1 / COUNT_ROOM;
  const room = most * COUNT_ROOM;
  return { money: [low * 1.08, high * 1.08], count: [(low / high) * room, room] };
}

/** The series over every day between the first and the last: a day without facts is a gap, no
 * line from one side of it to the other. */
function series(trend: Trend): uPlot.AlignedData {
  const place = new Map(trend.days.map((day, index) => [epochSeconds(day), index]));
  const first = Math.min(...place.keys());
  const count = place.size ? Math.round((Math.max(...place.keys()) - first) / DAY) + 1 : 0;
  const days = Array.from({ length: count }, (_, index) => first + index * DAY);
  const values = (list: (number | null)[]) => days.map((day) => list[place.get(day) ?? -1] ?? null);
  return [days, values(trend.conversions), values(trend.cost), values(trend.revenue)];
}

function options(element: HTMLElement, trend: Trend): uPlot.Options {
  const number = new Intl.NumberFormat(trend.locale, { maximumFractionDigits: 2 });
  const compact = new Intl.NumberFormat(trend.locale, { notation: "compact" });
  const dayName = new Intl.DateTimeFormat(trend.locale, {
    timeZone: "UTC",
    month: "short",
    day: "numeric",
  });
  const show = (value: number | null): string => (value == null ? "–" : number.format(value));
  const text = colour(element, "--muted");
  const axis = {
    stroke: text,
    grid: { stroke: colour(element, "--line"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  };
  const amounts = (_: uPlot, ticks: number[]): string[] => ticks.map((n) => compact.format(n));
  const { money, count } = ranges(trend);
  const bars = uPlot.paths.bars?.({ size: [0.55, 18] });
  return {
    width: element.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"),
    cursor: { y: false, drag: { x: false, y: false } },
    scales: {
      // Half a day at either end: the bars of the first and the last day are whole.
      x: { time: true, range: (_, first, last) => [first - DAY / 2, last + DAY / 2] },
      money: { range: () => money },
      count: { range: () => count },
    },
    series: [
      {
        label: trend.labels.day,
        value: (_, seconds) => (seconds == null ? "–" : dayName.format(new Date(seconds * 1e3))),
      },
      {
        label: trend.labels.conversions,
        scale: "count",
        stroke: colour(element, "--chart-conversions"),
        fill: colour(element, "--chart-conversions"),
        ...(bars ? { paths: bars } : {}),
        points: { show: false },
        value: (_, value) => show(value),
      },
      {
        label: trend.labels.cost,
        scale: "money",
        stroke: colour(element, "--chart-cost"),
        width: 2,
        points: { show: trend.days.length < 3 },
        value: (_, value) => show(value),
      },
      {
        label: trend.labels.revenue,
        scale: "money",
        stroke: colour(element, "--chart-revenue"),
        width: 2,
        dash: [6, 3],
        points: { show: trend.days.length < 3 },
        value: (_, value) => show(value),
      },
    ],
    axes: [
      {
        ...axis,
        size: 28,
        // A date in Chinese is this wide, with a gap to the next.
        space: 72,
        values: (_, ticks) => ticks.map((seconds) => dayName.format(new Date(seconds * 1e3))),
        incrs: [1, 2, 7, 14, 28, 91, 182, 365].map((days) => days * DAY),
      },
      { ...axis, scale: "money", size: 56, values: amounts },
      { ...axis, scale: "count", side: 1, size: 44, grid: { show: false }, values: amounts },
    ],
  };
}

function draw(element: HTMLElement): void {
  const trend = JSON.parse(element.dataset.chart ?? "null") as Trend | null;
  plots.get(element)?.destroy();
  plots.delete(element);
  if (!trend || element.clientWidth === 0) return;
  plots.set(element, new uPlot(options(element, trend), series(trend), element));
}

/** Draw every chart of the document, and forget those that are gone. */
export function drawCharts(): void {
  for (const [element, plot] of plots) {
    if (!element.isConnected) {
      plot.destroy();
      plots.delete(element);
    }
  }
  for (const element of document.querySelectorAll<HTMLElement>(".plot[data-chart]")) {
    if (!plots.has(element)) draw(element);
  }
}

/** Keep the charts as wide as their place and in the colours of the theme. */
export function followLayout(): void {
  let pending = 0;
  const fit = () => {
    for (const [element, plot] of plots) {
      plot.setSize({ width: element.clientWidth, height: HEIGHT });
    }
  };
  addEventListener("resize", () => {
    cancelAnimationFrame(pending);
    pending = requestAnimationFrame(fit);
  });
  // Paper is not as wide as the window, and is drawn at once.
  matchMedia("print").addEventListener("change", fit);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const element of [...plots.keys()]) draw(element);
  });
}
