import { expect } from 'vitest';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { cluster, endpoints, listener, namesOf, portsOf, resourceOf, timeoutOf, world } from './resources.js';
import { rule } from './rule.js';
import { CDS, EDS, LDS, RDS } from './scripted-proxy.js';
import type { Received } from './wire.js';

/** What a proxy that comes back says it has. */
function versionsIn(...responses: readonly Received[]): ReadonlyMap<string, string> {
  return new Map(responses.flatMap(({ resources }) => resources.map(({ name, version }) => [name, version])));
}

rule('D01', async ({ proxy }) => {
  const client = proxy();
  await client.hold(EDS, 'a', 'b');
  expect(namesOf(await client.hold(EDS, 'a'))).toEqual(['a']);
  await client.hold(CDS, 'a');
  expect(namesOf(await client.hold(CDS, 'a'))).toEqual(['a']);
});

rule('D02', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(CDS);
  await client.hold(EDS, 'a');
  client.unsubscribe(EDS, 'b', 'ghost');
  client.unsubscribe(CDS, 'a', 'ghost');
  await client.quiet();
  lab.put(endpoints('a', 7), cluster('b', 2_000));
  expect(namesOf(await client.take(EDS))).toEqual(['a']);
  expect(namesOf(await client.take(CDS))).toEqual(['b']);
  await client.end();
});

rule('D03', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(CDS, '*', 'a');
  client.unsubscribe(CDS, 'a');
  expect(namesOf(await client.take(CDS))).toEqual(['a']);
  lab.put(cluster('a', 2_000));
  expect(namesOf(await client.take(CDS))).toEqual(['a']);
  await client.end();
});

rule('D04', async ({ proxy }) => {
  const client = proxy();
  expect((await client.hold(CDS, '*', 'ghost')).removed).toEqual(['ghost']);
  client.unsubscribe(CDS, 'ghost');
  const { removed, resources } = await client.take(CDS);
  expect(removed).toEqual(['ghost']);
  expect(resources).toEqual([]);
  await client.end();
});

rule('D05', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(CDS);
  client.unsubscribe(CDS, '*');
  await client.quiet();
  lab.put(cluster('a', 2_000), cluster('d'));
  lab.remove(cluster('b'));
  await client.end();
});

rule('D06', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(EDS, 'a');
  client.send({ typeUrl: EDS, subscribe: ['b'], unsubscribe: ['a'] });
  expect(namesOf(await client.take(EDS))).toEqual(['b']);
  lab.put(endpoints('a', 7));
  lab.put(endpoints('b', 7));
  expect(namesOf(await client.take(EDS))).toEqual(['b']);
  await client.end();
});

rule('D07', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(CDS);
  await client.hold(EDS, 'a', 'b', 'c');
  lab.put(endpoints('b', 7));
  expect(namesOf(await client.take(EDS))).toEqual(['b']);
  lab.put(cluster('c', 2_000));
  expect(namesOf(await client.take(CDS))).toEqual(['c']);
});

rule('D08', async ({ proxy, lab }) => {
  const [one, other] = [proxy(), proxy()];
  const first = await one.hold(EDS, 'a', 'b');
  expect(versionsIn(await other.hold(EDS, 'b', 'a'))).toEqual(versionsIn(first));
  lab.put(endpoints('a', 7));
  const changed = resourceOf(await one.take(EDS), 'a').version;
  expect(changed).not.toBe(resourceOf(first, 'a').version);
  expect(resourceOf(await other.take(EDS), 'a').version).toBe(changed);
  const fresh = await proxy().hold(EDS, 'a', 'b');
  expect(resourceOf(fresh, 'a').version).toBe(changed);
  expect(resourceOf(fresh, 'b').version).toBe(resourceOf(first, 'b').version);
});

rule('D09', async ({ proxy, lab }) => {
  const before = proxy();
  const clusters = versionsIn(await before.hold(CDS));
  const assignments = versionsIn(await before.hold(EDS, 'a', 'b'));
  await before.end();
  const after = proxy();
  after.send({ typeUrl: CDS, known: clusters });
  after.send({ typeUrl: EDS, subscribe: ['a', 'b'], known: assignments });
  await after.quiet();
  lab.put(cluster('c', 2_000), endpoints('b', 7));
  expect(namesOf(await after.take(CDS))).toEqual(['c']);
  expect(namesOf(await after.take(EDS))).toEqual(['b']);
  await after.end();
});

rule('D10', async ({ proxy, lab }) => {
  const before = proxy();
  const clusters = versionsIn(await before.hold(CDS));
  const assignments = versionsIn(await before.hold(EDS, 'a', 'b', 'c'));
  await before.end();
  lab.change(
    [cluster('a', 2_000), cluster('d'), endpoints('a', 7), endpoints('d', 8)],
    [cluster('b'), endpoints('b')],
  );
  const after = proxy();
  after.send({ typeUrl: CDS, known: clusters });
  const changed = await after.take(CDS);
  expect(namesOf(changed)).toEqual(['a', 'd']);
  expect(timeoutOf(changed, 'a')).toBe(2_000);
  expect(changed.removed).toEqual(['b']);
  after.send({ typeUrl: EDS, subscribe: ['a', 'b', 'c'], known: assignments });
  const reassigned = await after.take(EDS);
  expect(namesOf(reassigned)).toEqual(['a']);
  expect(portsOf(reassigned, 'a')).toEqual([7]);
  expect(reassigned.removed).toEqual(['b']);
  await after.end();
});

rule('D11', async ({ proxy, lab }) => {
  const before = proxy();
  const assignments = versionsIn(await before.hold(EDS, 'a'));
  const table = versionsIn(await before.hold(RDS, 'http'));
  await before.end();
  const after = proxy();
  lab.put(endpoints('a', 7));
  after.send({ typeUrl: EDS, known: assignments });
  after.send({ typeUrl: RDS, known: table });
  await after.quiet();
  lab.put(endpoints('a', 8));
  await after.end();
});

rule('D12', async ({ proxy, lab }) => {
  const client = proxy();
  const { nonce } = await client.hold(EDS, 'a');
  lab.put(endpoints('a', 7));
  await client.take(EDS);
  client.send({ typeUrl: EDS, nonce, subscribe: ['b'], unsubscribe: ['a'] });
  expect(namesOf(await client.take(EDS))).toEqual(['b']);
  client.send({ typeUrl: EDS, nonce: 'never-issued', subscribe: ['c'] });
  expect(namesOf(await client.take(EDS))).toEqual(['c']);
  lab.put(endpoints('a', 8));
  await client.end();
});

rule('D13', async ({ proxy, lab }) => {
  const client = proxy();
  client.subscribe(EDS, 'a');
  const { nonce } = await client.next(EDS);
  client.send({ typeUrl: EDS, nonce, subscribe: ['b'] });
  const response = await client.next(EDS);
  expect(namesOf(response)).toEqual(['b']);
  const types = [...lab.server.streams].map(({ state }) => state.types.get(EDS));
  expect(types.map((type) => type?.outstanding.map((entry) => entry.nonce))).toContainEqual([response.nonce]);
  await client.end();
});

rule('D14', async ({ proxy, lab }) => {
  const client = proxy();
  client.subscribe(EDS, 'a');
  await client.next(EDS);
  for (const port of [1, 2, 3]) {
    lab.put(endpoints('a', port));
    expect(portsOf(await client.next(EDS), 'a')).toEqual([port]);
  }
  for (let port = 4; port <= 40; port += 1) lab.put(endpoints('a', port));
  let last = 3;
  while (last < 40) {
    const [port = 0] = portsOf(await client.next(EDS), 'a');
    expect(port).toBeGreaterThan(last);
    last = port;
  }
  await client.end();
});

rule('D15', async ({ proxy }) => {
  const client = proxy();
  expect((await client.hold(CDS)).version).not.toBe('');
  expect((await client.hold(EDS, 'a')).version).not.toBe('');
});

rule(
  'D16',
  async ({ proxy, ads }) => {
    const client = proxy();
    const empty = ads ? [LDS, TYPE_URL.secret, TYPE_URL.runtime] : [LDS, TYPE_URL.secret];
    for (const type of empty) {
      const { resources, removed } = await client.hold(type);
      expect(resources).toEqual([]);
      expect(removed).toEqual([]);
    }
    await client.end();
  },
  world().filter(({ typeUrl }) => typeUrl === CDS || typeUrl === EDS),
);

const LISTENERS = [...world(), listener('keep', 10_001)];
const REJECTED = { put: [listener('keep', 10_002), listener('public', 80)], removed: [listener('http')] };

rule(
  'D17',
  async ({ proxy, lab }) => {
    const client = proxy();
    await client.hold(LDS);
    lab.change(REJECTED.put, REJECTED.removed);
    client.nack(await client.next(LDS), 'Error adding/updating listener(s) public: cannot bind');
    const repair = await client.take(LDS);
    expect(namesOf(repair)).toEqual(['keep']);
    expect(repair.removed).toEqual(['http']);
    await client.quiet();
  },
  LISTENERS,
);

rule(
  'D18',
  async ({ proxy, lab }) => {
    const client = proxy();
    await client.hold(LDS);
    lab.change(REJECTED.put, REJECTED.removed);
    client.nack(await client.next(LDS));
    await client.quiet();
    lab.put(listener('other', 10_003));
    const again = await client.take(LDS);
    expect(namesOf(again)).toEqual(['keep', 'other', 'public']);
    expect(again.removed).toEqual(['http']);
    await client.quiet();
  },
  LISTENERS,
);

rule(
  'D19',
  async ({ proxy, lab }) => {
    const before = proxy();
    const known = versionsIn(await before.hold(LDS));
    lab.change(REJECTED.put, REJECTED.removed);
    before.nack(await before.next(LDS));
    await before.end();
    lab.change([listener('keep', 10_001), listener('http')], [listener('public')]);
    const after = proxy();
    after.send({ typeUrl: LDS, known });
    const again = await after.take(LDS);
    expect(namesOf(again)).toEqual(['http', 'keep']);
    expect(again.removed).toEqual(['public']);
    await after.quiet();
  },
  LISTENERS,
);
