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
  const bars = uPlot.paths.bars?.({ size: [0.55, 18] });
  return {
    width: element.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "Etc/UTC"),
    cursor: { y: false, drag: { x: false, y: false } },
    scales: {
      x: { time: true },
      money: { range: (_, __, high) => [0, high > 0 ? high * 1.08 : 1] },
      count: { range: (_, __, high) => [0, high > 0 ? high * 3 : 1] },
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
        incrs: [1, 2, 7, 14, 28, 91, 182, 365].map((days) => days * 86400),
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
  const data: uPlot.AlignedData = [
    trend.days.map(epochSeconds),
    trend.conversions,
    trend.cost,
    trend.revenue,
  ];
  plots.set(element, new uPlot(options(element, trend), data, element));
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
  addEventListener("resize", () => {
    cancelAnimationFrame(pending);
    pending = requestAnimationFrame(() => {
      for (const [element, plot] of plots) {
        plot.setSize({ width: element.clientWidth, height: HEIGHT });
      }
    });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const element of [...plots.keys()]) draw(element);
  });
}
