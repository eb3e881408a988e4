import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ServiceRow, Services } from './answers.js';
import { useAnswer } from './live.js';
import { Trouble } from './parts.js';
import { VirtualList } from './virtual-list.js';

const COLUMNS = ['Service', 'Health', 'Weights', 'Registries'];

/** All services; the search keeps those whose name has every word in it. */
export function ServiceList() {
  const { data, error } = useAnswer<Services>('/services', ['snapshot', 'registry']);
  const [text, setText] = useState('');
  const [troubled, setTroubled] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const found = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return (data?.services ?? []).filter(
      (service) =>
        words.every((word) => service.name.toLowerCase().includes(word)) &&
        (!troubled || isTroubled(service)),
    );
  }, [data, text, troubled]);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      search.current?.focus();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
  return (
    <section aria-labelledby="title">
      <h1 id="title">Services</h1>
      <div class="tools">
        <input
          ref={search}
          type="search"
          placeholder="Search ( / )"
          aria-label="Search services"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') setText('');
            if (event.key === 'ArrowDown') document.querySelector<HTMLElement>('.list')?.focus();
          }}
        />
        <label>
          <input type="checkbox" checked={troubled} onChange={() => setTroubled(!troubled)} /> only troubled
        </label>
        <span role="status" class="muted">
          {data === undefined ? '' : `${found.length} of ${data.services.length}`}
        </span>
      </div>
      <Trouble error={error} loading={data === undefined} />
      {data !== undefined && (
        <VirtualList
          label="Services"
          columns={COLUMNS}
          items={found}
          keyOf={({ name }) => name}
          cells={cellsOf}
          open={({ name }) => {
            location.hash = `#/services/${encodeURIComponent(name)}`;
          }}
        />
      )}
    </section>
  );
}

function isTroubled({ filtered, failing, degraded, draining, served_from }: ServiceRow): boolean {
  return filtered + failing + degraded + draining > 0 || served_from !== 'instances';
}

function cellsOf(service: ServiceRow) {
  return [
    <a key="name" tabIndex={-1} href={`#/services/${encodeURIComponent(service.name)}`} title={service.name}>
      {service.name}
    </a>,
    <Health key="health" service={service} />,
    <span key="weight" class="muted">
      {weightText(service)}
    </span>,
    <span key="registries" class="muted">
      {service.registries.join(', ')}
    </span>,
  ];
}

function weightText({ weight }: ServiceRow): string {
  if (weight === null) return '';
  return weight.min === weight.max ? `weight ${weight.min}` : `weight ${weight.min}–${weight.max}`;
}

/** How many instances are fit, of limited use, leaving, and left out: as a bar and in words. */
export function Health({ service }: { service: ServiceRow }) {
  const { instances, filtered, failing, degraded, draining, served_from } = service;
  const parts = [
    ['ok', instances - degraded - draining],
    ['degraded', degraded],
    ['draining', draining],
    ['out', filtered],
  ] as const;
  const text = parts
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
  const fallback = { instances: '', default_service: 'default service', nothing: 'nothing to serve' }[
    served_from
  ];
  const words = [text, fallback, failing > 0 && 'query fails'].filter(Boolean).join(' · ');
  return (
    <span class="health">
      <span class="bar" role="img" aria-label={words}>
        {parts.map(([kind, count]) => count > 0 && <i key={kind} class={kind} style={{ flexGrow: count }} />)}
      </span>
      <span class={served_from === 'nothing' ? 'bad' : 'muted'}>{words}</span>
    </span>
  );
}
