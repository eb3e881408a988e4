import { expect } from 'vitest';
import { makeResource } from '../../src/snapshot/resource.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { eventually } from '../peers/eventually.js';
import { cluster, endpoints, listener, named, namesOf, portsOf, routes, timeoutOf } from './resources.js';
import { rule } from './rule.js';
import { CDS, EDS, LDS, RDS, type ScriptedProxy } from './scripted-proxy.js';
import type { Received } from './wire.js';

rule('R30', async ({ proxy }) => {
  const client = proxy();
  await client.hold(CDS);
  await client.hold(EDS, 'a', 'b', 'c');
  await client.hold(LDS);
  await client.hold(RDS, 'http');
  await client.quiet();
  await client.end();
});

rule('R31', async ({ proxy }) => {
  const client = proxy();
  for (const [type, ...names] of [[CDS], [EDS, 'a'], [LDS], [RDS, 'http']] as const) {
    client.subscribe(type, ...names);
    client.nack(await client.next(type));
    await client.quiet();
  }
  await client.end();
});

rule('R32', async ({ proxy, lab }) => {
  const client = proxy();
  client.subscribe(EDS, 'a');
  client.nack(await client.next(EDS));
  await client.quiet();
  lab.put(endpoints('a', 7));
  client.nack(await client.next(EDS));
  await client.quiet();
  lab.put(endpoints('a', 8));
  expect(portsOf(await client.take(EDS), 'a')).toEqual([8]);
  await client.end();
});

rule('R33', async ({ proxy, lab }) => {
  const client = proxy();
  client.subscribe(CDS);
  client.nack(await client.next(CDS));
  await client.quiet();
  lab.put(cluster('a', 2_000));
  client.nack(await client.next(CDS));
  await client.quiet();
  lab.put(cluster('a', 3_000));
  expect(timeoutOf(await client.take(CDS), 'a')).toBe(3_000);
  await client.end();
});

rule('R34', async ({ proxy, lab }) => {
  const client = proxy();
  client.subscribe(CDS);
  client.nack(await client.next(CDS));
  await client.hold(EDS, 'a');
  await client.hold(LDS);
  lab.put(endpoints('a', 7));
  expect(portsOf(await client.take(EDS), 'a')).toEqual([7]);
  lab.put(listener('http', 10_001));
  expect(namesOf(await client.take(LDS))).toEqual(['http']);
  await client.end();
});

rule('R35', async ({ proxy, lab }) => {
  const [refusing, silent, good] = [proxy(), proxy(), proxy()];
  refusing.subscribe(EDS, 'a');
  refusing.nack(await refusing.next(EDS));
  silent.subscribe(EDS, 'a');
  await good.hold(EDS, 'a');
  await refusing.settled();
  lab.put(endpoints('a', 7));
  expect(portsOf(await good.take(EDS), 'a')).toEqual([7]);
  lab.put(endpoints('a', 8));
  expect(portsOf(await good.take(EDS), 'a')).toEqual([8]);
  await good.end();
});

rule('R36', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(EDS, 'a');
  lab.put(endpoints('a', 7, 8));
  expect(portsOf(await client.take(EDS), 'a')).toEqual([7, 8]);
  await client.end();
});

rule('R37', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(CDS);
  await client.hold(EDS, 'a', 'b', 'c');
  await client.hold(LDS);
  await client.hold(RDS, 'http');
  await client.quiet();
  lab.put(endpoints('a', 7));
  expect(portsOf(await client.take(EDS), 'a')).toEqual([7]);
  await client.end();
});

rule('R38', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(EDS, 'a');
  lab.put(endpoints('b', 7));
  lab.put(endpoints('new', 7));
  await client.end();
});

rule('R39', async ({ proxy, lab, sotw }) => {
  const client = proxy();
  await client.hold(CDS);
  lab.put(cluster('d'));
  expect(namesOf(await client.take(CDS))).toEqual(sotw ? ['a', 'b', 'c', 'd'] : ['d']);
  await client.end();
});

rule('R40', async ({ proxy, lab, sotw }) => {
  const client = proxy();
  await client.hold(CDS);
  lab.remove(cluster('b'));
  const { resources, removed } = await client.take(CDS);
  expect(namesOf({ resources })).toEqual(sotw ? ['a', 'c'] : []);
  expect(removed).toEqual(sotw ? [] : ['b']);
  await client.end();
});

rule('R41', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(EDS, 'a', 'b');
  lab.remove(cluster('b'), endpoints('b'));
  expect((await client.take(EDS)).removed).toEqual(['b']);
  await client.end();
});

rule('R42', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(EDS, 'a', 'b');
  lab.remove(cluster('b'), endpoints('b'));
  await client.take(EDS);
  lab.put(cluster('b'), endpoints('b', 1_002));
  expect(portsOf(await client.take(EDS), 'b')).toEqual([1_002]);
  await client.end();
});

rule('R43', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(CDS);
  await client.hold(EDS, 'a', 'b');
  lab.remove(cluster('b'), endpoints('b'));
  expect(namesOf(await client.take(CDS))).toEqual(['a', 'c']);
  lab.put(cluster('b'), endpoints('b', 1_002));
  expect(namesOf(await client.take(CDS))).toEqual(['a', 'b', 'c']);
  expect(portsOf(await client.take(EDS), 'b')).toEqual([1_002]);
  await client.end();
});

rule('R44', async ({ proxy, lab }) => {
  lab.put(endpoints('a', 1, 2, 3));
  const client = proxy();
  expect(portsOf(await client.hold(EDS, 'a'), 'a')).toEqual([1, 2, 3]);
  lab.put(endpoints('a', 1, 3));
  expect(portsOf(await client.take(EDS), 'a')).toEqual([1, 3]);
  await client.end();
});

rule('R45', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(EDS, 'a');
  lab.put(endpoints('a'));
  expect(portsOf(await client.take(EDS), 'a')).toEqual([]);
  await client.end();
});

rule('R47', async ({ proxy, lab, ads }) => {
  const client = proxy();
  await client.hold(CDS);
  await client.hold(EDS, 'a');
  for (let change = 1; change <= 60; change += 1) {
    lab.put(endpoints('a', change), cluster('b', 1_000 + change));
    if (change % 7 === 0) await client.settled();
  }
  await client.until(EDS, (response) => portsOf(response, 'a')[0] === 60);
  await client.until(CDS, (response) => timeoutOf(response, 'b') === 1_060);
  const nonces = client.log.map(({ nonce, typeUrl }) => (ads ? nonce : `${typeUrl} ${nonce}`));
  expect(new Set(nonces).size).toBe(nonces.length);
  await client.end();
});

rule('R48', async ({ proxy, sotw }) => {
  const client = proxy();
  for (const name of ['a', 'b', 'c']) client.subscribe(EDS, name);
  const got = new Set<string>();
  while (got.size < 3) for (const name of namesOf(await client.next(EDS))) got.add(name);
  expect([...got].sort()).toEqual(['a', 'b', 'c']);
  if (sotw) await client.settled();
  else await client.end();
});

rule('R49', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(CDS);
  await client.hold(EDS, 'a', 'b', 'c');
  lab.put(cluster('d'), endpoints('d', 7));
  const warming = await client.next(CDS);
  expect(namesOf(warming)).toContain('d');
  client.subscribe(EDS, 'd');
  expect(portsOf(await client.take(EDS), 'd')).toEqual([7]);
  client.ack(warming);
  await client.end();
});

rule('R50', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(CDS);
  lab.put(cluster('a', 2_000));
  const first = await client.next(CDS);
  expect(timeoutOf(first, 'a')).toBe(2_000);
  lab.put(cluster('a', 3_000));
  expect(timeoutOf(await client.take(CDS), 'a')).toBe(3_000);
  await client.end();
});

rule('R51', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(CDS);
  await client.hold(EDS, 'a', 'b', 'c');
  for (const timeout of [2_000, 3_000]) {
    lab.put(cluster('a', timeout));
    expect(timeoutOf(await client.next(CDS), 'a')).toBe(timeout);
    const assignments = await client.take(EDS);
    expect(namesOf(assignments)).toEqual(['a']);
    expect(portsOf(assignments, 'a')).toEqual([1_001]);
  }
  // A definition and its assignment changed at once: one answer, with the new endpoints.
  lab.put(cluster('b', 2_000), endpoints('b', 7));
  await client.take(CDS);
  expect(portsOf(await client.take(EDS), 'b')).toEqual([7]);
  await client.end();
});

rule('R52', async ({ proxy, lab, sotw }) => {
  const client = proxy();
  await client.hold(CDS);
  await client.hold(EDS, 'a', 'b', 'c');
  await client.hold(LDS);
  await client.hold(RDS, 'http');
  await client.quiet();
  const before = client.log.length;
  // Asked for or not: whether the proxy asks for the assignment of the new cluster must not matter for the order.
  lab.put(cluster('d'), endpoints('d', 7), routes('http', 'a', 'b', 'd'), listener('http2', 10_001));
  expect(namesOf(await client.take(CDS))).toEqual(sotw ? ['a', 'b', 'c', 'd'] : ['d']);
  expect(namesOf(await client.take(LDS))).toContain('http2');
  expect(namesOf(await client.take(RDS))).toEqual(['http']);
  const order = client.log.slice(before).map(({ typeUrl }) => typeUrl);
  expect(order).toEqual([CDS, LDS, RDS]);
  await client.end();
});

rule('R53', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(CDS);
  await client.hold(EDS, 'a', 'b', 'c');
  await client.hold(LDS);
  await client.hold(RDS, 'http');
  await client.quiet();
  const before = client.log.length;
  lab.put(cluster('d'), endpoints('d', 7), routes('http', 'a', 'b', 'd'), listener('http2', 10_001));
  await client.next(CDS);
  // As Envoy does: the ACK is withheld, the assignment of the new cluster is asked for.
  client.subscribe(EDS, 'd');
  expect(portsOf(await client.take(EDS), 'd')).toEqual([7]);
  await client.take(LDS);
  await client.take(RDS);
  const order = client.log.slice(before).map(({ typeUrl }) => typeUrl);
  expect(order).toEqual([CDS, EDS, LDS, RDS]);
  await client.end();
});

/** A proxy that has everything, with the number of responses that took. */
async function started(client: ScriptedProxy): Promise<number> {
  await client.hold(CDS);
  await client.hold(EDS, 'a', 'b', 'c');
  await client.hold(LDS);
  await client.hold(RDS, 'http');
  await client.quiet();
  return client.log.length;
}

rule('R59', async ({ proxy, lab }) => {
  const client = proxy();
  const before = await started(client);
  lab.put(cluster('d'), endpoints('d', 7), routes('http', 'a', 'd'), listener('http2', 10_001));
  await client.take(CDS);
  await client.quiet();
  client.subscribe(EDS, 'd');
  expect(portsOf(await client.take(EDS), 'd')).toEqual([7]);
  await client.take(LDS);
  await client.take(RDS);
  expect(client.log.slice(before).map(({ typeUrl }) => typeUrl)).toEqual([CDS, EDS, LDS, RDS]);
  await client.end();
});

rule('R60', async ({ proxy, lab }) => {
  const client = proxy();
  const before = await started(client);
  lab.put(cluster('d'), endpoints('d', 7));
  await client.take(CDS);
  await client.settled();
  lab.put(routes('http', 'a', 'd'));
  await client.quiet();
  client.subscribe(EDS, 'd');
  await client.take(EDS);
  await client.take(RDS);
  expect(client.log.slice(before).map(({ typeUrl }) => typeUrl)).toEqual([CDS, EDS, RDS]);
  await client.end();
});

rule('R61', async ({ proxy, lab }) => {
  const client = proxy();
  const before = await started(client);
  const fresh = ['d', 'e'].flatMap((name) => [cluster(name), endpoints(name, 7)]);
  lab.put(...fresh, routes('http', 'd', 'e'));
  await client.take(CDS);
  client.subscribe(EDS, 'd');
  await client.take(EDS);
  await client.quiet();
  client.subscribe(EDS, 'e');
  await client.take(EDS);
  await client.take(RDS);
  expect(client.log.slice(before).map(({ typeUrl }) => typeUrl)).toEqual([CDS, EDS, EDS, RDS]);
  await client.end();
});

rule('R62', async ({ proxy, lab }) => {
  const client = proxy();
  await started(client);
  lab.put(cluster('d'), endpoints('d', 7), routes('http', 'a', 'd'));
  await client.take(CDS);
  expect(namesOf(await client.next(RDS, 2_000))).toEqual(['http']);
});

rule('R54', async ({ proxy, lab, sotw }) => {
  const client = proxy();
  await client.hold(CDS);
  await client.hold(EDS, 'a', 'b', 'c');
  await client.hold(LDS);
  await client.hold(RDS, 'http');
  await client.quiet();
  const before = client.log.length;
  lab.change([routes('http', 'a')], [cluster('b'), endpoints('b')]);
  expect(namesOf(await client.take(RDS))).toEqual(['http']);
  const last = await client.take(CDS);
  expect(sotw ? namesOf(last) : last.removed).toEqual(sotw ? ['a', 'c'] : ['b']);
  if (!sotw) expect((await client.take(EDS)).removed).toEqual(['b']);
  const order = client.log.slice(before).map(({ typeUrl }) => typeUrl);
  expect(order).toEqual(sotw ? [RDS, CDS] : [RDS, CDS, EDS]);
  await client.end();
});

const { secret, extensionConfig } = TYPE_URL;
const CHILDREN = [RDS, secret, extensionConfig];

/** A parent, told from others of its name by a mark, that refers to a child `one` of each type. */
const parent = (typeUrl: string, mark: string) =>
  makeResource(
    typeUrl,
    'parent',
    named(typeUrl, 'parent', mark).body,
    CHILDREN.map((child) => ({ typeUrl: child, names: ['one'] })),
  );
const FAMILY = [LDS, CDS].map((typeUrl) => parent(typeUrl, 'old'));
const PARENTS = [...FAMILY, ...CHILDREN.map((typeUrl) => named(typeUrl, 'one'))];

rule(
  'R58',
  async ({ proxy, lab }) => {
    const client = proxy();
    for (const typeUrl of [CDS, LDS]) await client.hold(typeUrl);
    for (const typeUrl of CHILDREN) await client.hold(typeUrl, 'one');
    await client.quiet();
    for (const typeUrl of [CDS, LDS]) {
      lab.put(parent(typeUrl, 'new'));
      expect(namesOf(await client.take(typeUrl))).toEqual(['parent']);
      for (const child of CHILDREN) expect(namesOf(await client.take(child))).toEqual(['one']);
      await client.quiet();
    }
    await client.end();
  },
  PARENTS,
);

rule(
  'R63',
  async ({ proxy, lab, sotw }) => {
    const node = { id: 'proxy-1', cluster: 'test', user_agent_name: 'envoy' };
    const before = proxy({ node });
    const had = new Map<string, Received>();
    had.set(LDS, await before.hold(LDS));
    for (const typeUrl of CHILDREN) had.set(typeUrl, await before.hold(typeUrl, 'one'));
    lab.put(parent(LDS, 'new'));
    // It takes the listener, and is cut off before it has the children.
    had.set(LDS, await before.next(LDS));
    before.cut();
    await eventually(() => expect(lab.server.streams.size).toBe(0));
    const after = proxy({ node });
    const back = (typeUrl: string, ...names: readonly string[]) => {
      const { version = '', resources = [] } = had.get(typeUrl) ?? {};
      const known = new Map(resources.map((one): [string, string] => [one.name, one.version]));
      after.send(sotw ? { typeUrl, names, version } : { typeUrl, subscribe: names, known });
    };
    back(LDS);
    for (const typeUrl of CHILDREN) back(typeUrl, 'one');
    if (sotw) await after.take(LDS);
    for (const child of CHILDREN) expect(namesOf(await after.take(child))).toEqual(['one']);
  },
  PARENTS,
);
