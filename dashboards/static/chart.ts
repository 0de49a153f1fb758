/** Time series: the panels of each <div class="plot" data-chart="…">, redrawn when width or theme
 * change. */
import uPlot from "uplot";

interface Trend {
  locale: string;
  /** Whether cost and revenue have a panel each, because one would lie flat beside the other. */
  apart: boolean;
  days: string[];
  cost: (number | null)[];
  revenue: (number | null)[];
  conversions: (number | null)[];
  labels: { day: string; cost: string; revenue: string; conversions: string };
}

const HEIGHT = 230;
/** Of the panels where there are two: revenue with conversions, and cost with the days below. */
const HALVES = [150, 140] as const;
const DAYS_SIZE = 28;
const COUNT_SIZE = 44;
const DAY = 86400;
/** Conversions take the lower third, so that the lines of money stay in sight. */
const COUNT_ROOM = 3;
const plots = new Map<HTMLElement, uPlot[]>();

type Money = "cost" | "revenue";

/** What is drawn on one scale of money, how high, and what stands around it. */
interface Panel {
  money: Money[];
  hasCount: boolean;
  hasDays: boolean;
  height: number;
}

function panels(trend: Trend): Panel[] {
  if (!trend.apart) {
    return [{ money: ["cost", "revenue"], hasCount: true, hasDays: true, height: HEIGHT }];
  }
  return [
    { money: ["revenue"], hasCount: true, hasDays: false, height: HALVES[0] },
    { money: ["cost"], hasCount: false, hasDays: true, height: HALVES[1] },
  ];
}

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
function ranges(trend: Trend, panel: Panel): { money: Range; count: Range } {
  const amounts = panel.money.flatMap((name) => trend[name]).filter((one) => one != null);
  const low = Math.min(0, ...amounts);
  // Where nothing is above zero, room is left for the bars.
  const high = Math.max(0, -low / COUNT_ROOM, ...amounts) || 1;
  const most = Math.max(0, ...trend.conversions.filter((one) => one != null)) || 1 / COUNT_ROOM;
  const room = most * COUNT_ROOM;
  return { money: [low * 1.08, high * 1.08], count: [(low / high) * room, room] };
}

/** The series over every day between the first and the last: a day without facts is a gap, no
 * line from one side of it to the other. */
function series(trend: Trend, panel: Panel): uPlot.AlignedData {
  const place = new Map(trend.days.map((day, index) => [epochSeconds(day), index]));
  const first = Math.min(...place.keys());
  const count = place.size ? Math.round((Math.max(...place.keys()) - first) / DAY) + 1 : 0;
  const days = Array.from({ length: count }, (_, index) => first + index * DAY);
  const values = (list: (number | null)[]) => days.map((day) => list[place.get(day) ?? -1] ?? null);
  const counts = panel.hasCount ? [values(trend.conversions)] : [];
  return [days, ...counts, ...panel.money.map((name) => values(trend[name]))];
}

function options(element: HTMLElement, trend: Trend, panel: Panel): uPlot.Options {
  const number = new Intl.NumberFormat(trend.locale, { maximumFractionDigits: 2 });
  const compact = new Intl.NumberFormat(trend.locale, { notation: "compact" });
  const dayName = new Intl.DateTimeFormat(trend.locale, {
    timeZone: "UTC",
    month: "short",
    day: "numeric",
  });
  // Without a day in hand the legend names the lines only.
  const show: uPlot.Series.Value = (_, value, __, day) =>
    day == null ? "" : value == null ? "–" : number.format(value);
  const text = colour(element, "--muted");
  const axis = {
    stroke: text,
    grid: { stroke: colour(element, "--line"), width: 1 },
    ticks: { show: false },
    font: "12px system-ui, sans-serif",
  };
  const amounts = (_: uPlot, ticks: number[]): string[] => ticks.map((n) => compact.format(n));
  const { money, count } = ranges(trend, panel);
  const bars = uPlot.paths.bars?.({ size: [0.55, 18] });
  const conversions: uPlot.Series = {
    label: trend.labels.conversions,
    scale: "count",
    stroke: colour(element, "--chart-conversions"),
    fill: colour(element, "--chart-conversions"),
    ...(bars ? { paths: bars } : {}),
    points: { show: false },
    value: show,
  };
  const line = (name: Money): uPlot.Series => ({
    label: trend.labels[name],
    scale: "money",
    stroke: colour(element, `--chart-${name}`),
    width: 2,
    ...(name === "revenue" ? { dash: [6, 3] } : {}),
    points: { show: trend.days.length < 3 },
    value: show,
  });
  const counts: uPlot.Axis = {
    ...axis,
    scale: "count",
    side: 1,
    size: COUNT_SIZE,
    grid: { show: false },
    values: amounts,
  };
  return {
    width: element.clientWidth,
    height: panel.height,
    // One day is at one place in all panels.
    padding: [null, panel.hasCount ? null : COUNT_SIZE, null, null],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"),
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: "day" } },
    scales: {
      // Half a day at either end: the bars of the first and the last day are whole.
      x: { time: true, range: (_, first, last) => [first - DAY / 2, last + DAY / 2] },
      money: { range: () => money },
      count: { range: () => count },
    },
    series: [
      {
        label: trend.labels.day,
        value: (_, seconds) => (seconds == null ? "" : dayName.format(new Date(seconds * 1e3))),
      },
      ...(panel.hasCount ? [conversions] : []),
      ...panel.money.map(line),
    ],
    axes: [
      {
        ...axis,
        size: panel.hasDays ? DAYS_SIZE : 0,
        // A date in Chinese is this wide, with a gap to the next.
        space: 72,
        values: (_, ticks) =>
          ticks.map((seconds) => (panel.hasDays ? dayName.format(new Date(seconds * 1e3)) : "")),
        incrs: [1, 2, 7, 14, 28, 91, 182, 365].map((days) => days * DAY),
      },
      { ...axis, scale: "money", size: 56, values: amounts },
      ...(panel.hasCount ? [counts] : []),
    ],
  };
}

function remove(element: HTMLElement): void {
  for (const plot of plots.get(element) ?? []) plot.destroy();
  plots.delete(element);
}

function draw(element: HTMLElement): void {
  const trend = JSON.parse(element.dataset.chart ?? "null") as Trend | null;
  remove(element);
  if (!trend || element.clientWidth === 0) return;
  const drawn = panels(trend).map(
    (panel) => new uPlot(options(element, trend, panel), series(trend, panel), element),
  );
  plots.set(element, drawn);
}

/** Draw every chart of the document, and forget those that are gone. */
export function drawCharts(): void {
  for (const element of [...plots.keys()]) {
    if (!element.isConnected) remove(element);
  }
  for (const element of document.querySelectorAll<HTMLElement>(".plot[data-chart]")) {
    if (!plots.has(element)) draw(element);
  }
}

/** Keep the charts as wide as their place and in the colours of the theme. */
export function followLayout(): void {
  let pending = 0;
  const fit = () => {
    for (const [element, drawn] of plots) {
      for (const plot of drawn) plot.setSize({ width: element.clientWidth, height: plot.height });
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
