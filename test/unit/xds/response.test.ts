import { expect, test } from 'vitest';
import { makeResource } from '../../../src/snapshot/resource.js';
import { ResourceSet } from '../../../src/snapshot/resource-set.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { NameSet, NameTable } from '../../../src/xds/name-set.js';
import { ResponseFactory, type ResponseRequest } from '../../../src/xds/response.js';
import { beat, leastTtl } from '../../../src/xds/stream-heartbeat.js';
import { Subscription } from '../../../src/xds/subscription.js';
import { carriesTtl } from '../../../src/xds/ttl.js';
import { Machine } from './machine.js';

const make = (name: string, content: string, ttl?: number, type: string = TYPE_URL.cluster) =>
  makeResource(type, name, Buffer.from(content), [], ttl);
const setOf = (...resources: readonly ReturnType<typeof make>[]) =>
  ResourceSet.EMPTY.with(new Map(resources.map((resource) => [resource.name, resource])));
const table = new NameTable();

test('streams in the same place share one response', () => {
  const factory = new ResponseFactory('test');
  const target = setOf(make('a', '1'), make('b', '1'));
  const request = (...names: readonly string[]): ResponseRequest => ({
    typeUrl: TYPE_URL.endpoints,
    subscription: Subscription.of(false, table.of(names)),
    held: ResourceSet.EMPTY,
    target,
    owed: table.of(names),
    mustAnswer: false,
    mark: '',
  });
  const first = factory.response('sotw', request('a', 'b'));
  expect(first?.response.resources.map(({ name }) => name)).toEqual(['a', 'b']);
  expect(factory.response('sotw', request('b', 'a'))).toBe(first);
  expect(factory.response('delta', request('a', 'b'))).not.toBe(first);
  expect(factory.response('sotw', request('a'))).not.toBe(first);
  expect(factory.response('sotw', { ...request('a', 'b'), mark: '+' })?.response.version).toBe(
    `${first?.response.version}+`,
  );
});

test('what was published earlier keeps no responses in memory', () => {
  const factory = new ResponseFactory('test');
  const everything = Subscription.of(true, NameSet.EMPTY);
  const large = makeResource(TYPE_URL.cluster, 'large', Buffer.alloc(2 ** 20));
  const states = Array.from({ length: 50 }, (_, change) => setOf(large, make('small', String(change))));
  const responseTowards = (target: ResourceSet) =>
    factory.response('sotw', {
      ...{ typeUrl: TYPE_URL.cluster, subscription: everything, held: ResourceSet.EMPTY, target },
      ...{ owed: NameSet.EMPTY, mustAnswer: false, mark: '' },
    });
  const made = states.map(responseTowards);
  const kept = states.toReversed().filter((state) => made.includes(responseTowards(state)));
  expect(kept.length).toBeGreaterThan(2);
  expect(kept.length).toBeLessThan(33);
  expect(kept).toContain(states.at(-1));
});

test('where there is nothing to say, nothing is said unless an answer is due', () => {
  const factory = new ResponseFactory('test');
  const held = setOf(make('a', '1'));
  const subscription = Subscription.of(true, NameSet.EMPTY);
  const request = {
    typeUrl: TYPE_URL.cluster,
    subscription,
    held,
    target: held,
    owed: NameSet.EMPTY,
    mark: '',
  };
  for (const variant of ['sotw', 'delta'] as const) {
    expect(factory.response(variant, { ...request, mustAnswer: false })).toBeUndefined();
    expect(factory.response(variant, { ...request, mustAnswer: true })).toBeDefined();
  }
});

test('a set knows its shortest TTL, and forgets it with the resource', () => {
  const set = setOf(make('a', '1', 3_000), make('b', '1', 2_000), make('c', '1'));
  expect(set.leastTtl).toBe(2_000);
  expect(set.with(new Map([['b', undefined]])).leastTtl).toBe(3_000);
  expect(set.with(new Map([['a', make('a', '1')]])).leastTtl).toBe(2_000);
  expect(setOf(make('c', '1')).leastTtl).toBeUndefined();
});

function streaming(variant: 'sotw' | 'delta'): Machine {
  const machine = new Machine(variant);
  machine.ask('CDS');
  machine.ask('EDS', { names: ['a', 'c'] });
  const put = [
    ...[make('a', '1', 2_000), make('b', '1', 3_000), make('c', '1')],
    ...[make('a', '1', 1_000, TYPE_URL.endpoints), make('other', '1', 500, TYPE_URL.endpoints)],
  ];
  for (const resource of put) {
    machine.snapshot = machine.snapshot.with(
      new Map([[resource.typeUrl, new Map([[resource.name, resource]])]]),
    );
  }
  machine.pump();
  return machine;
}

test('heartbeats name what was sent with a TTL and is subscribed to', () => {
  const machine = streaming('delta');
  const { response, message, state } = {
    message: undefined,
    ...beat(machine.state, 'delta', TYPE_URL.cluster, machine.snapshot, machine.shared),
  };
  expect(response?.resources.map(({ name }) => name).sort()).toEqual(['a', 'b']);
  expect(machine.nonces).not.toContain(message?.nonce);
  expect(state.types.get(TYPE_URL.cluster)).toMatchObject({
    nonce: message?.nonce,
    outstanding: machine.type('CDS')?.outstanding,
  });
  const assignments = beat(machine.state, 'delta', TYPE_URL.endpoints, machine.snapshot, machine.shared);
  expect(assignments.response?.resources.map(({ name }) => name)).toEqual(['a']);
  expect(
    beat(machine.state, 'delta', TYPE_URL.listener, machine.snapshot, machine.shared).response,
  ).toBeUndefined();
});

test('a rejected resource gets no heartbeat, which would be an update without content to the proxy', () => {
  const machine = streaming('delta');
  machine.ask('CDS', { error: 'a: no' });
  const { response } = beat(machine.state, 'delta', TYPE_URL.cluster, machine.snapshot, machine.shared);
  expect(response?.resources.map(({ name }) => name)).toEqual(['b']);
});

test('in SotW a heartbeat of clusters is the full state, and load assignments have none', () => {
  const machine = streaming('sotw');
  const { version } = machine.type('CDS') ?? {};
  const { response, message } = {
    message: undefined,
    ...beat(machine.state, 'sotw', TYPE_URL.cluster, machine.snapshot, machine.shared),
  };
  expect(response?.version).toBe(version);
  expect(response?.resources.map(({ name, body }) => `${name}=${Buffer.from(body)}`).sort()).toEqual([
    'a=1',
    'b=1',
    'c=1',
  ]);
  expect(message?.body.length).toBeGreaterThan(
    [...(machine.type('CDS')?.held.values() ?? [])].reduce((sum, { any }) => sum + any.length, 0),
  );
  expect(
    beat(machine.state, 'sotw', TYPE_URL.endpoints, machine.snapshot, machine.shared).response,
  ).toBeUndefined();
  expect(leastTtl(machine.state, 'sotw')).toBe(2_000);
  expect(leastTtl(machine.state, 'delta')).toBe(500);
});

test('a full-state heartbeat repeats what was accepted of a resource whose newer version was rejected', () => {
  const machine = streaming('sotw');
  machine.ask('CDS');
  machine.snapshot = machine.snapshot.with(
    new Map([[TYPE_URL.cluster, new Map([['b', make('b', '2', 3_000)]])]]),
  );
  machine.pump();
  machine.ask('CDS', { error: 'b: no' });
  const { response } = beat(machine.state, 'sotw', TYPE_URL.cluster, machine.snapshot, machine.shared);
  expect(response?.resources.map(({ name, body }) => `${name}=${Buffer.from(body)}`).sort()).toEqual([
    'a=1',
    'b=1',
    'c=1',
  ]);
});

test('SotW sends no TTL of what an Envoy cannot renew, or crashes of', () => {
  const { endpoints, route, secret, extensionConfig, scopedRoute, cluster, listener, runtime } = TYPE_URL;
  for (const typeUrl of [endpoints, route, secret, extensionConfig, scopedRoute])
    expect([typeUrl, carriesTtl('sotw', typeUrl), carriesTtl('delta', typeUrl)]).toEqual([
      typeUrl,
      false,
      true,
    ]);
  for (const typeUrl of [cluster, listener, runtime]) expect(carriesTtl('sotw', typeUrl)).toBe(true);
});
