import type { Proxies, ProxyRow } from './answers.js';
import { useAnswer } from './live.js';
import { Badge, Table, Time, Trouble } from './parts.js';

const TYPES = ['CDS', 'EDS', 'LDS', 'RDS', 'SDS'];

/** The connected proxies with where they are with each type, and what they refuse. */
export function ProxyList() {
  const { data, error } = useAnswer<Proxies>('/proxies', ['proxies', 'snapshot']);
  const proxies = data?.proxies ?? [];
  const refusals = proxies.flatMap(({ node, types }) =>
    Object.entries(types).flatMap(([type, { rejected }]) =>
      rejected.map(({ resource, message }) => [node.id, `${type} ${resource}`, message]),
    ),
  );
  return (
    <section aria-labelledby="title">
      <h1 id="title">Proxies</h1>
      <Trouble error={error} loading={data === undefined} />
      {data !== undefined && (
        <p class="muted">
          {proxies.length} streams, {refusals.length} refusals
        </p>
      )}
      {refusals.length > 0 && (
        <>
          <h2>Refused</h2>
          <Table label="Refused" head={['Proxy', 'Resource', 'What it says']} rows={refusals} />
        </>
      )}
      {proxies.length > 0 && (
        <Table
          label="Proxies"
          head={['Node', 'Peer', 'Connected', ...TYPES]}
          rows={proxies.map((proxy) => [
            <span key="node">
              {proxy.node.id} <span class="muted">{proxy.variant}</span>
            </span>,
            proxy.peer,
            <Time key="since" at={proxy.connected_since} />,
            ...TYPES.map((type) => stateOf(proxy, type)),
          ])}
        />
      )}
    </section>
  );
}

function stateOf({ types }: ProxyRow, type: string) {
  const state = types[type];
  if (state === undefined) return <span class="muted">–</span>;
  return (
    <Badge kind={state.status.toLowerCase()}>
      <span title={`sent ${state.version_sent}, acknowledged ${state.version_acknowledged}`}>
        {state.status.toLowerCase().replace('_', ' ')}
      </span>
    </Badge>
  );
}
