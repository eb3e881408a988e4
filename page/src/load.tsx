import { useState } from 'preact/hooks';
import type { Load } from './answers.js';
import { useAnswer } from './live.js';
import { Table, Trouble } from './parts.js';

/** What proxies report of the services that have traffic. */
export function LoadList() {
  const [sort, setSort] = useState('errors');
  const { data, error } = useAnswer<Load>(`/load?sort=${sort}`, [], 5_000);
  return (
    <section aria-labelledby="title">
      <h1 id="title">Load</h1>
      <div class="tools">
        <label>
          Sort by{' '}
          <select value={sort} onChange={(event) => setSort(event.currentTarget.value)}>
            {['errors', 'requests', 'latency'].map((order) => (
              <option key={order}>{order}</option>
            ))}
          </select>
        </label>
      </div>
      <Trouble error={error} loading={data === undefined} />
      {data?.services.length === 0 && <p class="muted">No proxy has reported any traffic yet.</p>}
      {data !== undefined && data.services.length > 0 && (
        <Table
          label="Load"
          head={['Service', 'Requests/s', 'Errors', 'Latency', 'Total', 'Instances']}
          rows={data.services.map(({ service, last_1m, total, instances }) => [
            <a key="service" href={`#/services/${encodeURIComponent(service)}`}>
              {service}
            </a>,
            last_1m?.requests_per_second ?? '',
            last_1m?.error_share == null ? '' : `${(last_1m.error_share * 100).toFixed(1)} %`,
            last_1m?.latency_ms == null ? '' : `${last_1m.latency_ms} ms`,
            total.requests,
            instances,
          ])}
        />
      )}
    </section>
  );
}
