import { h } from 'preact';
import type { Latency } from './answers.js';
import { useAnswer } from './live.js';
import { Table, Trouble } from './parts.js';

type Observation = Latency['observations'][number];

/** Units of the drawing; on a small screen it is smaller, so that texts and dots are not. */
const SIZES = { wide: { width: 800, height: 260 }, narrow: { width: 400, height: 240 } } as const;
const NARROW = '(max-width: 640px)';
/** Seconds; the axis is logarithmic. */
const TICKS = [0.001, 0.01, 0.1, 1, 10, 100];

/** How long the last changes took from the registry to the last proxy's acknowledgement. */
export function LatencyChart() {
  const { data, error } = useAnswer<Latency>('/latency', ['snapshot', 'proxies'], 5_000);
  const observations = data?.observations ?? [];
  const registries = [...new Set(observations.map(({ registry }) => registry))].sort();
  return (
    <section aria-labelledby="title">
      <h1 id="title">Registry to ACK</h1>
      <p class="muted">
        From a registry's change to the last proxy's acknowledgement of it, the last {observations.length}{' '}
        changes.
      </p>
      <Trouble error={error} loading={data === undefined} />
      {observations.length > 0 && <Chart observations={observations} registries={registries} />}
      {data !== undefined && (
        <Table
          label="Latency by registry"
          head={['Registry', 'Changes', 'Median', '99 %', 'Longest']}
          rows={registries.map((registry, index) => {
            const own = observations.filter((one) => one.registry === registry).map(({ seconds }) => seconds);
            const sorted = own.sort((a, b) => a - b);
            const at = (share: number) => milliseconds(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
            return [
              <span key="name">
                <i class={`dot series-${index % 6}`} /> {registry}
              </span>,
              sorted.length,
              at(0.5),
              at(0.99),
              at(1),
            ];
          })}
        />
      )}
    </section>
  );
}

function Chart({
  observations,
  registries,
}: {
  observations: readonly Observation[];
  registries: readonly string[];
}) {
  const { width, height } = matchMedia(NARROW).matches ? SIZES.narrow : SIZES.wide;
  const times = observations.map(({ at }) => Date.parse(at));
  const from = Math.min(...times);
  const span = Math.max(1_000, Math.max(...times) - from);
  const low = Math.log10(0.001);
  const y = (seconds: number) =>
    height - 30 - ((Math.log10(Math.min(100, Math.max(0.001, seconds))) - low) / 5) * (height - 45);
  // Children without keys: two may be alike.
  const dotOf = ({ at, registry, seconds }: Observation) => (
    <circle
      class={`series-${registries.indexOf(registry) % 6}`}
      cx={78 + ((Date.parse(at) - from) / span) * (width - 90)}
      cy={y(seconds)}
      r="4"
    >
      <title>{`${registry}: ${milliseconds(seconds)}`}</title>
    </circle>
  );
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label="Latency of changes over time"
    >
      {TICKS.map((seconds) => (
        <g key={seconds}>
          <line x1="70" x2={width} y1={y(seconds)} y2={y(seconds)} />
          <text x="62" y={y(seconds) + 5} text-anchor="end">
            {milliseconds(seconds)}
          </text>
        </g>
      ))}
      <text x="70" y={height - 4}>
        {new Date(from).toLocaleTimeString()}
      </text>
      <text x={width - 6} y={height - 4} text-anchor="end">
        {new Date(from + span).toLocaleTimeString()}
      </text>
      {h('g', null, ...observations.map(dotOf))}
    </svg>
  );
}

function milliseconds(seconds: number): string {
  return seconds >= 1 ? `${Math.round(seconds * 10) / 10} s` : `${Math.round(seconds * 10_000) / 10} ms`;
}
