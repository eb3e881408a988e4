import type { Explanation, ServiceExplanation, ServiceLoad } from './answers.js';
import { useAnswer } from './live.js';
import { Badge, Table, Time, Trouble, Version } from './parts.js';
import { Health } from './services.js';

/** Statuses of a resource that a proxy does not have for certain, and has not rejected. */
const WAITING: ReadonlySet<string> = new Set(['STALE', 'NOT_SENT', 'UNKNOWN']);

/** One service: its instances, what is left out and why, who has it, and what has happened to it. */
export function ServiceDetail({ name }: { name: string }) {
  const path = `/explain?q=${encodeURIComponent(name)}`;
  const { data, error } = useAnswer<Explanation>(path, ['snapshot', 'registry', 'proxies', 'release']);
  const load = useAnswer<ServiceLoad>(`/load/${encodeURIComponent(name)}`, [], 5_000);
  const service = data?.services.find((one) => one.name === name);
  return (
    <section aria-labelledby="title">
      <p>
        <a href="#/services">← Services</a>
      </p>
      <h1 id="title" class="long">
        {name}
      </h1>
      <Trouble error={error} loading={data === undefined} />
      {service !== undefined && <Detail service={service} load={load.data} />}
    </section>
  );
}

function Detail({ service, load }: { service: ServiceExplanation; load: ServiceLoad | undefined }) {
  const { registries, routed, remarks, default_service, filtered, failing, held, release, history } = service;
  const counts = { instances: service.instances.length, filtered: filtered.length, failing: failing.length };
  const rates = new Map(load?.instances.map(({ address, last_1m }) => [address, last_1m]));
  return (
    <>
      <p>
        <Health service={{ ...service, ...counts }} />
      </p>
      <p class="muted">
        {registries.length > 0 ? `Known to ${registries.join(', ')}` : 'Known to no registry'},{' '}
        {routed ? 'named by a route' : 'named by no route'}
        {default_service !== undefined && `, answered by the default service ${default_service.join(', ')}`}.
      </p>
      {remarks.map((remark) => (
        <p key={remark}>{remark}</p>
      ))}
      {failing.map(({ registry, server, since, message }) => (
        <p key={`${registry} ${server}`} class="note long">
          {registry} cannot be read for this service since <Time at={since} />: {message}
        </p>
      ))}
      {held.map(({ registry, server, until, addresses }) => (
        <p key={server} class="note">
          {registry} has suddenly lost {addresses.join(', ')}; still served until <Time at={until} />, see{' '}
          <a href="#/registries">Registries</a>.
        </p>
      ))}
      {release.quarantined.map(({ type, version, served, node, message }) => (
        <p key={type} class="note">
          {type} version <Version version={version} /> is in quarantine: {node} says “{message}”.{' '}
          {served === null ? (
            'It is left out.'
          ) : (
            <>
              Version <Version version={served} /> is served.
            </>
          )}
        </p>
      ))}
      {release.pinned !== null && (
        <p class="note">Version {release.pinned} is pinned: nothing newer is served.</p>
      )}
      <h2>Instances</h2>
      <Table
        label="Instances"
        head={['Address', 'Weight', 'Health', 'Registry', 'Load', 'Remarks']}
        rows={service.instances.map((instance) => [
          <code key="address">{instance.address}</code>,
          instance.weight,
          String(instance.health ?? 'HEALTHY').toLowerCase(),
          `${instance.registry} ${instance.server}`,
          loadText(rates.get(instance.address)),
          instance.remarks?.join('; ') ?? '',
        ])}
      />
      {filtered.length > 0 && (
        <>
          <h2>Not served</h2>
          <Table
            label="Not served"
            head={['Address', 'Reason', 'Detail', 'Registry']}
            rows={filtered.map(({ address, reason, detail, registry, server }) => [
              <code key="address">{address}</code>,
              <Badge key="reason" kind="out">
                {reason}
              </Badge>,
              detail,
              `${registry} ${server}`,
            ])}
          />
        </>
      )}
      <h2>At the proxies</h2>
      <Table
        label="At the proxies"
        head={['Resource', 'Version', 'Acknowledged', 'Waiting', 'Refused']}
        rows={service.resources.map(({ type, name, version, proxies }) => [
          `${type} ${name}`,
          <Version key="version" version={version} />,
          proxies.filter(({ status }) => status === 'SYNCED').length,
          proxies.filter(({ status }) => WAITING.has(status)).length,
          proxies
            .flatMap(({ node, refused }) => (refused === undefined ? [] : `${node}: ${refused.message}`))
            .join('; '),
        ])}
      />
      <h2>History</h2>
      <Table
        label="History"
        head={['When', 'Version', 'What']}
        rows={history.map(({ at, version, changes }) => [
          <Time key="at" at={at} />,
          <Version key="version" version={version} />,
          changes
            .map(({ type, change, added = [], removed = [] }) =>
              [
                `${type} ${change}`,
                ...added.map((one) => `+${one}`),
                ...removed.map((one) => `−${one}`),
              ].join(' '),
            )
            .join(', '),
        ])}
      />
    </>
  );
}

function loadText(rates: ServiceLoad['last_1m'] | undefined): string {
  if (rates === undefined || rates === null) return '';
  const latency = rates.latency_ms === null ? '' : `, ${rates.latency_ms} ms`;
  return `${rates.requests_per_second}/s, ${((rates.error_share ?? 0) * 100).toFixed(1)} % errors${latency}`;
}
