import { expect } from 'vitest';
import { cluster, endpoints, namesOf, portsOf, timeoutOf, world } from './resources.js';
import { rule } from './rule.js';
import { CDS, EDS, LDS, RDS } from './scripted-proxy.js';

rule('S01', async ({ proxy, lab }) => {
  const client = proxy();
  const first = await client.hold(EDS, 'a');
  lab.put(endpoints('a', 7));
  const second = await client.take(EDS);
  client.send({ typeUrl: EDS, names: ['a', 'b'], version: first.version, nonce: first.nonce });
  await client.quiet();
  client.send({ typeUrl: EDS, names: ['a', 'b'], version: second.version, nonce: second.nonce });
  expect(namesOf(await client.take(EDS))).toContain('b');
});

rule('S02', async ({ proxy }) => {
  const client = proxy();
  const { version, nonce } = await client.hold(EDS, 'a');
  client.send({ typeUrl: EDS, names: ['a', 'b'], version, nonce: 'never-issued' });
  await client.quiet();
  client.send({ typeUrl: EDS, names: ['a', 'b'], version, nonce });
  expect(namesOf(await client.next(EDS))).toContain('b');
  await client.end();
});

rule('S03', async ({ proxy }) => {
  const other = await proxy().hold(EDS, 'b');
  const client = proxy();
  client.send({ typeUrl: EDS, names: ['a'], nonce: other.nonce });
  expect(namesOf(await client.next(EDS))).toEqual(['a']);
  const foreign = proxy();
  foreign.send({ typeUrl: CDS, names: [], nonce: 'of another server' });
  expect(namesOf(await foreign.next(CDS))).toEqual(['a', 'b', 'c']);
  await foreign.end();
});

rule('S04', async ({ proxy, lab }) => {
  const before = proxy();
  const clusters = await before.hold(CDS);
  const assignments = await before.hold(EDS, 'a', 'b');
  await before.end();
  lab.put(cluster('b', 2_000), endpoints('b', 7));
  const after = proxy();
  after.send({ typeUrl: CDS, names: [], version: clusters.version });
  expect(timeoutOf(await after.next(CDS), 'b')).toBe(2_000);
  after.send({ typeUrl: EDS, names: ['a', 'b'], version: assignments.version });
  expect(portsOf(await after.next(EDS), 'b')).toEqual([7]);
  await after.end();
});

rule('S05', async ({ proxy }) => {
  const before = proxy();
  const { version } = await before.hold(EDS, 'a');
  await before.end();
  const after = proxy();
  after.send({ typeUrl: EDS, names: ['a', 'b'], version });
  expect(namesOf(await after.next(EDS))).toContain('b');
  await after.end();
});

rule('S06', async ({ proxy }) => {
  const client = proxy();
  client.send({ typeUrl: CDS, names: [], version: 'of-somebody-else' });
  expect(namesOf(await client.next(CDS))).toEqual(['a', 'b', 'c']);
  client.send({ typeUrl: EDS, names: ['a'], version: '17' });
  expect(namesOf(await client.next(EDS))).toEqual(['a']);
  await client.end();
});

rule('S07', async ({ proxy, lab }) => {
  const [early, late] = [proxy(), proxy()];
  await early.hold(CDS);
  await early.hold(EDS, 'a', 'b');
  lab.put(cluster('a', 2_000), endpoints('a', 7));
  const clusters = await early.take(CDS);
  const assignments = await early.take(EDS);
  expect((await late.hold(CDS)).version).toBe(clusters.version);
  expect((await late.hold(EDS, 'b', 'a')).version).toBe(assignments.version);
  // And no other state has it.
  lab.put(...world());
  expect((await late.take(CDS)).version).not.toBe(clusters.version);
  expect((await late.take(EDS)).version).not.toBe(assignments.version);
});

rule('S08', async ({ proxy }) => {
  const client = proxy();
  await client.hold(EDS, 'a', 'b');
  client.unsubscribe(EDS, 'b');
  await client.quiet();
  await client.end();
});

rule('S09', async ({ proxy, lab }) => {
  const client = proxy();
  const first = await client.hold(EDS, 'a');
  client.subscribe(EDS, 'b');
  const second = await client.next(EDS);
  expect(namesOf(second)).toContain('b');
  // The version that is accepted may read as the one that is rejected: the error alone tells.
  const { version } = first;
  client.send({ typeUrl: EDS, names: ['a', 'b'], version, nonce: second.nonce, error: 'b is no good' });
  await client.quiet();
  const states = [...lab.server.streams].map(({ state }) => state.types.get(EDS)?.rejected.get('b'));
  expect(states.map((rejection) => rejection?.message)).toContain('b is no good');
  lab.put(endpoints('a', 7));
  expect(portsOf(await client.take(EDS), 'a')).toEqual([7]);
  lab.put(endpoints('b', 8));
  expect(portsOf(await client.take(EDS), 'b')).toEqual([8]);
  await client.end();
});

rule('S10', async ({ proxy, lab }) => {
  const client = proxy();
  const first = await client.hold(EDS, 'a', 'b');
  lab.put(endpoints('a', 7));
  const second = await client.next(EDS);
  client.send({ typeUrl: EDS, names: [], version: first.version, nonce: first.nonce });
  client.send({ typeUrl: EDS, names: ['a', 'b'], version: second.version, nonce: second.nonce });
  const got = new Set<string>();
  while (got.size < 2) for (const name of namesOf(await client.next(EDS))) got.add(name);
  expect([...got].sort()).toEqual(['a', 'b']);
  await client.end();
});

const ENVOY = { id: 'proxy-1', cluster: 'test', user_agent_name: 'envoy' };

rule('S11', async ({ proxy }) => {
  const before = proxy();
  const assignments = await before.hold(EDS, 'a', 'b');
  const table = await before.hold(RDS, 'http');
  await before.end();
  const after = proxy();
  after.send({ typeUrl: EDS, names: ['a', 'b'], version: assignments.version });
  expect(namesOf(await after.next(EDS))).toEqual(['a', 'b']);
  after.send({ typeUrl: RDS, names: ['http'], version: table.version });
  expect(namesOf(await after.next(RDS))).toEqual(['http']);
  await after.end();
});

rule('S12', async ({ proxy }) => {
  const before = proxy();
  const clusters = await before.hold(CDS);
  const listeners = await before.hold(LDS);
  await before.end();
  for (const node of [ENVOY, { id: 'other', cluster: 'test' }]) {
    const after = proxy({ node });
    after.send({ typeUrl: CDS, names: [], version: clusters.version });
    const answer = await after.take(CDS);
    expect(namesOf(answer)).toEqual(['a', 'b', 'c']);
    expect(answer.version).toBe(clusters.version);
    after.send({ typeUrl: LDS, names: [], version: listeners.version });
    expect(namesOf(await after.take(LDS))).toEqual(['http']);
    await after.end();
  }
});

rule('S13', async ({ proxy, lab }) => {
  const client = proxy();
  expect(namesOf(await client.hold(EDS, '*'))).toEqual(['a', 'b', 'c']);
  lab.put(endpoints('b', 7));
  expect(namesOf(await client.take(EDS))).toEqual(['a', 'b', 'c']);
  lab.remove(endpoints('c'));
  expect(namesOf(await client.take(EDS))).toEqual(['a', 'b']);
  await client.end();
});

rule('S14', async ({ proxy, lab }) => {
  const before = proxy({ node: ENVOY });
  const assignments = await before.hold(EDS, 'a', 'b');
  const table = await before.hold(RDS, 'http');
  await before.end();
  const after = proxy({ node: ENVOY });
  after.send({ typeUrl: EDS, names: ['a', 'b'], version: assignments.version });
  after.send({ typeUrl: RDS, names: ['http'], version: table.version });
  await after.quiet();
  lab.put(endpoints('b', 7));
  expect(portsOf(await after.next(EDS), 'b')).toEqual([7]);
  await after.end();
});
