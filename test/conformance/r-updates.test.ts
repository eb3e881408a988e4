import { expect } from 'vitest';
import { cluster, endpoints, listener, namesOf, portsOf, routes, timeoutOf } from './resources.js';
import { rule } from './rule.js';
import { CDS, EDS, LDS, RDS } from './scripted-proxy.js';

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

rule('R58', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(LDS);
  await client.hold(RDS, 'http');
  lab.put(listener('http', 10_009));
  expect(namesOf(await client.take(LDS))).toEqual(['http']);
  expect(namesOf(await client.take(RDS))).toEqual(['http']);
  await client.quiet();
});
