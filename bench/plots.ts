/** Plots of a report as SVG, drawn by ECharts without a browser. Boundary: figures in, SVG text out. */
import * as echarts from 'echarts';
import { median, type Plot, type Section } from './harness.ts';

const WIDTH = 760;
const BAR_HEIGHT = 26;
const BARS_MARGIN = 110;

/** Every figure in readings a second, as bars; null where there is none. */
export function throughputSvg(sections: readonly Section[]): string | null {
  const bars = sections
    .flatMap(({ name, figures }) =>
      figures
        .filter(({ unit, values }) => unit === 'readings/s' && median(values) > 0)
        .map(({ what, values }) => ({ name: `${name}: ${what}`, value: Math.round(median(values)) })),
    )
    .toReversed();
  if (bars.length === 0) return null;
  return render(BARS_MARGIN + bars.length * BAR_HEIGHT, {
    title: { text: 'Readings a second' },
    grid: { left: 400, right: 80, top: 40, bottom: 40 },
    xAxis: { type: 'log', axisLabel: { formatter: short } },
    yAxis: {
      type: 'category',
      data: bars.map(({ name }) => name),
      axisLabel: { width: 380, overflow: 'truncate', fontSize: 11 },
    },
    series: [
      {
        type: 'bar',
        data: bars.map(({ value }) => value),
        label: { show: true, position: 'right', formatter: ({ value }) => short(Number(value)) },
      },
    ],
  });
}

export function linesSvg({ title, x, y, lines }: Plot): string {
  return render(380, {
    title: { text: title },
    legend: { bottom: 0 },
    grid: { left: 90, right: 40, top: 60, bottom: 80 },
    xAxis: { type: 'log', name: x, nameLocation: 'middle', nameGap: 28, axisLabel: { formatter: short } },
    yAxis: { type: 'log', name: y, axisLabel: { formatter: short } },
    series: lines.map(({ name, points }) => ({ type: 'line', name, data: points.map(([at, value]) => [at, value]) })),
  });
}

function render(height: number, option: echarts.EChartsOption): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({ ...option, animation: false, backgroundColor: '#ffffff' });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

function short(value: number): string {
  return Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }).format(value);
}
