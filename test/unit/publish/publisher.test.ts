import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Catalogue } from '../../../src/catalogue/catalogue.js';
import type { SourceState } from '../../../src/catalogue/source-state.js';
import type { ServiceKey, ServiceState } from '../../../src/discovery/source.js';
import { SignalboxError } from '../../../src/errors.js';
import { DEFAULT_GROUP } from '../../../src/groups/default-group.js';
import { GroupFanOut } from '../../../src/groups/group-fan-out.js';
import type { Instance } from '../../../src/model/instance.js';
import { decode } from '../../../src/protobuf/messages.js';
import { Plan } from '../../../src/publish/plan.js';
import { Publisher } from '../../../src/publish/publisher.js';
import { toGroup } from '../../../src/publish/target.js';
import { SnapshotCache } from '../../../src/snapshot/cache.js';
import { referredNames } from '../../../src/snapshot/resource.js';
import type { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { configOf } from '../../support/configuration.js';
import { instanceAt, stateOf } from '../../support/instances.js';
import { ScriptedSource } from '../../support/scripted-source.js';

const LISTENERS = [{ name: 'http', address: '0.0.0.0:10000' }];
let life: AbortController;
let catalogue: Catalogue;
let cache: SnapshotCache;
let publisher: Publisher;
/** The services that were built, in turn. */
let built: string[];
/** Milliseconds that it takes to build a service. */
let cost: number;

beforeEach(() => {
  vi.useFakeTimers();
  life = new AbortController();
  built = [];
  cost = 0;
});
afterEach(() => {
  life.abort();
  vi.useRealTimers();
});

/** Puts publisher and sources together as the composition root does: the publisher first. */
function start(options: object, ...sources: readonly ScriptedSource[]): readonly SourceState[] {
  const logger = pino({ enabled: false });
  const config = configOf({ listeners: LISTENERS, ...options });
  const plan = new (class extends Plan {
    override service(...args: Parameters<Plan['service']>) {
      built.push(args[0]);
      if (cost > 0) vi.advanceTimersByTime(cost);
      return super.service(...args);
    }
  })(config);
  catalogue = new Catalogue({ logger });
  cache = new SnapshotCache();
  const groups = new GroupFanOut(config.groups, (group) => toGroup(cache, group));
  publisher = new Publisher(catalogue, plan, groups, { delay: 10, maxDelay: 1_000, logger }, life.signal);
  catalogue.onChange((names) => publisher.changed(names));
  const rules = { serviceTemplate: '{service}', skipped: () => false };
  const sinks = catalogue.setSources(sources.map((source) => ({ source, rules })));
  publisher.changed(new Set());
  return sources.flatMap((source) => sinks.get(source) ?? []);
}
function startOne(options: object = {}, aliases: Record<string, ServiceKey> = {}): SourceState {
  const [sink] = start(options, new ScriptedSource('kv', 'one', aliases));
  if (sink === undefined) throw new Error('no sink');
  return sink;
}
const snapshot = (): Snapshot => {
  const current = cache.getSnapshot(DEFAULT_GROUP);
  if (current === undefined) throw new Error('nothing is published');
  return current;
};
const clusters = () => [...snapshot().set(TYPE_URL.cluster).names()].sort();
const assignments = () => [...snapshot().set(TYPE_URL.endpoints).names()].sort();
const routed = () => {
  const found = snapshot().set(TYPE_URL.route).get('http');
  return found && referredNames(found, TYPE_URL.cluster);
};
/** The ports of a service's load assignment. */
function ports(name: string) {
  const resource = snapshot().set(TYPE_URL.endpoints).get(name);
  if (resource === undefined) return undefined;
  const { endpoints = [] } = decode('envoy.config.endpoint.v3.ClusterLoadAssignment', resource.body);
  return endpoints.flatMap(({ lb_endpoints = [] }) =>
    lb_endpoints.map(({ endpoint }) => endpoint?.address?.socket_address?.port_value),
  );
}
function tell(sink: SourceState, services: Readonly<Record<string, readonly string[] | undefined>>): void {
  for (const [service, addresses] of Object.entries(services))
    sink.set({ service }, addresses && stateOf(...addresses));
  sink.synced();
}
const settle = () => vi.advanceTimersByTime(5_000);

test('nothing is published before every source has answered', () => {
  const [kv, file] = start({}, new ScriptedSource('kv'), new ScriptedSource('file'));
  if (kv === undefined || file === undefined) throw new Error('no sinks');
  tell(kv, { web: ['10.0.0.1:80'] });
  file.failed(new SignalboxError('registry_unreachable', 'down'));
  settle();
  expect(publisher.started).toBe(false);
  expect(cache.getSnapshot(DEFAULT_GROUP)).toBeUndefined();
  tell(file, {});
  expect(publisher.started).toBe(true);
  expect(clusters()).toEqual(['web']);
});

test('when the grace is over the others are published', () => {
  const [kv] = start({}, new ScriptedSource('kv'), new ScriptedSource('silent'));
  if (kv === undefined) throw new Error('no sink');
  tell(kv, { web: ['10.0.0.1:80'] });
  catalogue.leaveOutUnanswered();
  expect(clusters()).toEqual(['web']);
});

test('without a registry everything is published at once', () => {
  start({ routes: [{ match: { prefix: '/' }, service_name: 'web' }] });
  expect(publisher.started).toBe(true);
  expect(clusters()).toEqual(['web']);
  expect([...snapshot().set(TYPE_URL.listener).names()]).toEqual(['http']);
  expect(routed()).toEqual(['web']);
});

test('a change builds the services that changed and no other; what is equal stays the same resource', () => {
  const sink = startOne();
  tell(sink, { web: ['10.0.0.1:80'], api: ['10.0.0.2:80'], db: ['10.0.0.3:80'] });
  const before = snapshot();
  built = [];
  tell(sink, { web: ['10.0.0.1:81'], db: ['10.0.0.3:80'] });
  expect(ports('web')).toEqual([81]);
  expect(built).toEqual(['web']);
  const after = snapshot();
  expect(after.set(TYPE_URL.endpoints).differencesFrom(before.set(TYPE_URL.endpoints))).toEqual(['web']);
  expect(after.set(TYPE_URL.cluster)).toBe(before.set(TYPE_URL.cluster));
  expect(after.set(TYPE_URL.route)).toBe(before.set(TYPE_URL.route));
});

test('an answer without a change publishes nothing', () => {
  const sink = startOne();
  tell(sink, { web: ['10.0.0.1:80'] });
  const before = snapshot();
  built = [];
  tell(sink, { web: ['10.0.0.1:80'] });
  settle();
  expect(built).toEqual([]);
  expect(snapshot()).toBe(before);
});

test('many changes in a row are published together', () => {
  const sink = startOne();
  tell(sink, {});
  for (let port = 1; port <= 50; port += 1) tell(sink, { web: [`10.0.0.1:${port}`] });
  expect(ports('web')).toEqual([1]);
  built = [];
  settle();
  expect(ports('web')).toEqual([50]);
  expect(built).toEqual(['web']);
});

test('what takes long to build is built in turns and published as one; what changes meanwhile comes after it', () => {
  const sink = startOne();
  const all = (port: number) =>
    Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [name, [`10.0.0.1:${port}`]]));
  tell(sink, all(1));
  const before = snapshot();
  built = [];
  cost = 6;
  tell(sink, all(2));
  expect(built).toEqual(['a', 'b']);
  expect(snapshot()).toBe(before);
  tell(sink, { a: ['10.0.0.1:3'] });
  const seen: unknown[] = [];
  cache.watch(() => seen.push(Object.keys(all(0)).map((name) => ports(name)?.[0])), life.signal);
  settle();
  expect(seen).toEqual([
    [2, 2, 2, 2, 2],
    [3, 2, 2, 2, 2],
  ]);
});

test('what is being built when everything ends is not published', () => {
  const sink = startOne();
  tell(sink, {});
  const before = snapshot();
  cost = 20;
  tell(sink, { a: ['10.0.0.1:80'], b: ['10.0.0.1:80'] });
  life.abort();
  settle();
  expect(snapshot()).toBe(before);
});

test('a service that is gone goes with its load assignment, and comes back', () => {
  const sink = startOne();
  tell(sink, { web: ['10.0.0.1:80'], api: ['10.0.0.2:80'] });
  const { version } = snapshot();
  tell(sink, { web: undefined });
  expect([clusters(), assignments()]).toEqual([['api'], ['api']]);
  settle();
  tell(sink, { web: ['10.0.0.1:80'] });
  expect(clusters()).toEqual(['api', 'web']);
  expect(snapshot().version).toBe(version);
});

test('a service that a route names stays, and answers from the default', () => {
  const sink = startOne({
    routes: [{ match: { prefix: '/' }, service_name: 'web' }],
    default_service: { host: '127.0.0.1', port: 999 },
  });
  tell(sink, { web: ['10.0.0.1:80'] });
  expect(ports('web')).toEqual([80]);
  tell(sink, { web: [] });
  expect(ports('web')).toEqual([999]);
  settle();
  tell(sink, { web: undefined });
  expect(ports('web')).toEqual([999]);
});

test('a known service without instances and without a default has no endpoints', () => {
  const sink = startOne();
  tell(sink, { web: ['10.0.0.1:80'] });
  tell(sink, { web: [] });
  expect(clusters()).toEqual(['web']);
  expect(ports('web')).toEqual([]);
});

describe('a service that loses its last instance', () => {
  const cluster = () => snapshot().set(TYPE_URL.cluster).get('web');
  const say = (sink: SourceState, state: ServiceState | undefined) => {
    sink.set({ service: 'web' }, state);
    sink.synced();
    vi.advanceTimersByTime(1_000);
  };
  const said = (...more: readonly Partial<Instance>[]) => ({
    instances: more.map((each, index) => instanceAt(`10.0.0.${index + 1}:80`, each)),
    filtered: [],
  });
  const ofMany: readonly Partial<Instance>[] = [
    { secure: true, policy: { http2: true, slowStartSeconds: 30 } },
    { secure: true, policy: { http2: true, slowStartSeconds: 10, maxFails: 3, failTimeoutSeconds: 7 } },
    { policy: { slowStartSeconds: 30, healthCheckPath: '/health' } },
  ];
  test.each<[string, readonly Partial<Instance>[]]>([
    ['TLS', [{ secure: true }]],
    ['TLS to some', [{ secure: true }, {}]],
    ['HTTP/2', [{ policy: { http2: true } }]],
    ['what most of many say', ofMany],
  ])('keeps its cluster as it was: %s', (_, instances) => {
    const sink = startOne({ routes: [{ match: { prefix: '/' }, service_name: 'web' }] });
    say(sink, said(...instances));
    const before = cluster();
    for (const none of [said(), undefined]) {
      say(sink, none);
      expect(ports('web')).toEqual([]);
      expect(cluster()?.version).toBe(before?.version);
    }
    say(sink, said({}));
    expect(cluster()?.version).not.toBe(before?.version);
    say(sink, said());
    expect(decode('envoy.config.cluster.v3.Cluster', cluster()?.body ?? Buffer.of())).not.toHaveProperty(
      'transport_socket',
    );
  });

  test('is spoken to as its default endpoint where it has one', () => {
    const sink = startOne({
      default_service: { host: '10.9.9.9', port: 1 },
      routes: [{ match: { prefix: '/' }, service_name: 'web' }],
    });
    say(sink, said({ secure: true }));
    say(sink, said());
    expect(ports('web')).toEqual([1]);
    expect(decode('envoy.config.cluster.v3.Cluster', cluster()?.body ?? Buffer.of())).not.toHaveProperty(
      'transport_socket',
    );
  });

  test('is forgotten with its cluster', () => {
    const sink = startOne({});
    say(sink, said({ secure: true }));
    say(sink, undefined);
    expect(clusters()).toEqual([]);
    say(sink, said());
    expect(decode('envoy.config.cluster.v3.Cluster', cluster()?.body ?? Buffer.of())).not.toHaveProperty(
      'transport_socket',
    );
  });
});

test('a host name takes the load assignment into the cluster, and the last one gone gives it back', () => {
  const sink = startOne();
  tell(sink, { web: ['10.0.0.1:80'] });
  const { version } = snapshot();
  tell(sink, { web: ['10.0.0.1:80', 'web.example:80'] });
  expect([clusters(), assignments()]).toEqual([['web'], []]);
  settle();
  tell(sink, { web: ['10.0.0.1:80'] });
  expect(assignments()).toEqual(['web']);
  expect(snapshot().version).toBe(version);
});

test('with auto_routes a new service is routed to in the same snapshot, and a change of endpoints builds no routes', () => {
  const sink = startOne({ auto_routes: true });
  tell(sink, { web: ['10.0.0.1:80'] });
  expect(routed()).toEqual(['web']);
  tell(sink, { api: ['10.0.0.1:80'] });
  expect(routed()).toEqual(['api', 'web']);
  settle();
  const routes = snapshot().set(TYPE_URL.route);
  tell(sink, { api: ['10.0.0.1:81'] });
  expect(snapshot().set(TYPE_URL.route)).toBe(routes);
  settle();
  tell(sink, { web: undefined });
  expect(routed()).toEqual(['api']);
});

test('a route by an alias follows what it stands for', () => {
  const alias = 'http://one/v1/kv/upstreams/web/';
  const routes = [{ match: { prefix: '/' }, service_name: alias }];
  const sink = startOne({ routes }, { [alias]: { service: 'web' } });
  tell(sink, { web: ['10.0.0.1:80'] });
  expect(ports(alias)).toEqual([80]);
  tell(sink, { web: ['10.0.0.1:81'] });
  expect([ports(alias), ports('web')]).toEqual([[81], [81]]);
  settle();
  tell(sink, { web: undefined });
  expect(ports(alias)).toEqual([]);
  expect(clusters()).toEqual([alias]);
});

test('everything built anew is the same snapshot where nothing differs', () => {
  const sink = startOne();
  tell(sink, { web: ['10.0.0.1:80'] });
  const before = snapshot();
  publisher.publishAll();
  expect(snapshot()).toBe(before);
});

test('after the abort nothing is published any more', () => {
  const sink = startOne();
  tell(sink, { web: ['10.0.0.1:80'] });
  const before = snapshot();
  tell(sink, { web: ['10.0.0.1:81'] });
  tell(sink, { web: ['10.0.0.1:82'] });
  expect(snapshot()).not.toBe(before);
  const last = snapshot();
  life.abort();
  tell(sink, { web: ['10.0.0.1:83'] });
  settle();
  expect(snapshot()).toBe(last);
});

test('the same data in another order is the same version', () => {
  const versions = [
    ['a', 'b', 'c'],
    ['c', 'a', 'b'],
  ].map((names) => {
    const sink = startOne({ auto_routes: true });
    tell(sink, {});
    for (const name of names)
      tell(sink, { [name]: ['10.0.0.2:80', '10.0.0.1:80'].slice(name === 'a' ? 1 : 0) });
    settle();
    tell(sink, { c: ['10.0.0.1:80', '10.0.0.2:80'] });
    settle();
    return snapshot().version;
  });
  expect(versions[0]).toBe(versions[1]);
});

describe('with a drain_time', () => {
  const options = {
    services: { web: { drain_time: '10s' } },
    routes: [{ match: { prefix: '/' }, service_name: 'web' }],
  };
  /** Ports and health of the load assignment, by priority. */
  const shown = () => {
    const resource = snapshot().set(TYPE_URL.endpoints).get('web');
    if (resource === undefined) throw new Error('web has no load assignment');
    const { endpoints = [] } = decode('envoy.config.endpoint.v3.ClusterLoadAssignment', resource.body);
    return endpoints.map(({ priority = 0, lb_endpoints = [] }) => [
      priority,
      lb_endpoints.map(
        ({ endpoint, health_status }) =>
          `${endpoint?.address?.socket_address?.port_value} ${health_status ?? 'UNKNOWN'}`,
      ),
    ]);
  };

  test('who goes stays as DRAINING behind the others for that time, and then is gone', () => {
    const sink = startOne(options);
    sink.set({ service: 'web' }, stateOf('10.0.0.1:1', '10.0.0.1:2', '10.0.0.1:3'));
    sink.synced();
    sink.set({ service: 'web' }, stateOf('10.0.0.1:1'));
    sink.synced();
    const leaving = [
      [0, ['1 UNKNOWN']],
      [1, ['2 DRAINING', '3 DRAINING']],
    ];
    expect(shown()).toEqual(leaving);
    vi.advanceTimersByTime(5_000);
    expect(shown()).toEqual(leaving);
    // Who comes back is served at once.
    sink.set({ service: 'web' }, stateOf('10.0.0.1:1', '10.0.0.1:3'));
    sink.synced();
    expect(shown()).toEqual([
      [0, ['1 UNKNOWN', '3 UNKNOWN']],
      [1, ['2 DRAINING']],
    ]);
    vi.advanceTimersByTime(5_100);
    expect(shown()).toEqual([[0, ['1 UNKNOWN', '3 UNKNOWN']]]);
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
  });

  test('the last one goes at once: alone it would be used', () => {
    const sink = startOne(options);
    sink.set({ service: 'web' }, stateOf('10.0.0.1:1'));
    sink.synced();
    sink.set({ service: 'web' }, stateOf());
    sink.synced();
    expect(shown()).toEqual([]);
  });

  test('a host name that goes leaves a cluster of addresses', () => {
    const sink = startOne(options);
    sink.set({ service: 'web' }, stateOf('10.0.0.1:1', 'web.example:2'));
    sink.synced();
    sink.set({ service: 'web' }, stateOf('10.0.0.1:1'));
    sink.synced();
    expect(shown()).toEqual([[0, ['1 UNKNOWN']]]);
  });
});

test('a subset that routes begin to name is a change of its service', () => {
  const sink = startOne();
  sink.set({ service: 'web' }, stateOf('10.0.0.1:1'));
  sink.set({ service: 'other' }, stateOf('10.0.0.1:1'));
  sink.synced();
  const route = { match: { prefix: '/' }, service_name: 'web', subset: { version: 'v1' } };
  const before = snapshot().set(TYPE_URL.cluster).get('other');
  publisher.replan(new Plan(configOf({ listeners: LISTENERS, routes: [route] })), []);
  vi.advanceTimersByTime(10);
  const web = snapshot().set(TYPE_URL.cluster).get('web');
  if (web === undefined) throw new Error('web has no cluster');
  const { lb_subset_config } = decode('envoy.config.cluster.v3.Cluster', web.body);
  expect(lb_subset_config?.subset_selectors).toMatchObject([{ keys: ['version'] }]);
  expect(snapshot().set(TYPE_URL.cluster).get('other')).toBe(before);
});

test('what consumers prove to be one by leaves the snapshot with the last route that asks', () => {
  const options = {
    listeners: LISTENERS,
    consumers: { alice: { api_keys: ['key-of-alice'] } },
    routes: [{ match: { prefix: '/' }, service_name: 'a', auth: { api_key: { header: 'x-api-key' } } }],
  };
  startOne(options).synced();
  vi.advanceTimersByTime(1_000);
  const filters = () => [...snapshot().set(TYPE_URL.extensionConfig).names()];
  expect(filters()).toContain('signalbox.api_key');
  const routes = [{ match: { prefix: '/' }, service_name: 'a' }];
  publisher.replan(new Plan(configOf({ ...options, routes })), []);
  vi.advanceTimersByTime(1_000);
  expect(filters()).toEqual([]);
});
