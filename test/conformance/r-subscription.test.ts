import { expect } from 'vitest';
import { decode } from '../../src/protobuf/messages.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import {
  cluster,
  endpoints,
  listener,
  named,
  namesOf,
  portsOf,
  resourceOf,
  routes,
  timeoutOf,
  world,
} from './resources.js';
import { rule } from './rule.js';
import { CDS, EDS, LDS, RDS } from './scripted-proxy.js';

rule('R01', async ({ proxy }) => {
  const client = proxy();
  client.subscribe(CDS);
  expect(namesOf(await client.take(CDS))).toEqual(['a', 'b', 'c']);
  await client.end();
});

rule(
  'R02',
  async ({ proxy, lab }) => {
    const client = proxy();
    client.subscribe(LDS);
    expect(namesOf(await client.take(LDS))).toEqual([]);
    lab.put(listener('http'));
    expect(namesOf(await client.take(LDS))).toEqual(['http']);
    await client.end();
    const second = proxy();
    second.subscribe(LDS);
    expect(namesOf(await second.take(LDS))).toEqual(['http']);
    await second.end();
  },
  [cluster('a'), endpoints('a', 1)],
);

rule('R03', async ({ proxy, lab, ads, sotw }) => {
  const client = proxy();
  await client.hold(CDS);
  await client.hold(EDS, 'a', 'b', 'c');
  await client.hold(LDS);
  await client.hold(RDS, 'http');
  lab.put(cluster('a', 2_000), endpoints('a', 7), listener('http', 10_001), routes('http', 'c'));
  for (const type of [CDS, EDS, LDS, RDS]) await client.take(type);
  const nonces = client.log.map(({ nonce, typeUrl }) => (ads ? nonce : `${typeUrl} ${nonce}`));
  expect(new Set(nonces).size).toBe(client.log.length);
  for (const { nonce, version, typeUrl, resources } of client.log) {
    expect(nonce).not.toBe('');
    expect(version).not.toBe('');
    expect(new Set(resources.map(({ name }) => name)).size).toBe(resources.length);
    for (const resource of resources) {
      expect(resource.typeUrl).toBe(typeUrl);
      if (!sotw) expect(resource.version).not.toBe('');
    }
  }
  await client.end();
});

rule('R07', async ({ proxy, lab }) => {
  const client = proxy();
  expect(namesOf(await client.hold(CDS, '*'))).toEqual(['a', 'b', 'c']);
  lab.put(cluster('d'));
  expect(namesOf(await client.take(CDS))).toContain('d');
  await client.end();
});

rule('R08', async ({ proxy }) => {
  const client = proxy();
  const response = await client.hold(EDS, 'a', 'b');
  expect(portsOf(response, 'a')).toEqual([1_001]);
  expect(portsOf(response, 'b')).toEqual([1_002]);
});

rule('R09', async ({ proxy }) => {
  const client = proxy();
  expect(namesOf(await client.hold(EDS, 'a', 'b'))).toEqual(['a', 'b']);
  await client.end();
});

rule('R10', async ({ proxy }) => {
  const client = proxy();
  expect(namesOf(await client.hold(RDS, 'http'))).toEqual(['http']);
  await client.end();
});

rule('R11', async ({ proxy }) => {
  const client = proxy();
  expect(namesOf(await client.hold(CDS, 'a'))).toContain('a');
});

rule('R12', async ({ proxy, lab }) => {
  const client = proxy();
  expect(namesOf(await client.hold(CDS, 'a'))).toEqual(['a']);
  lab.put(cluster('a', 2_000), cluster('b', 2_000));
  expect(namesOf(await client.take(CDS))).toEqual(['a']);
  await client.end();
});

rule('R13', async ({ proxy }) => {
  const client = proxy();
  expect(namesOf(await client.hold(EDS, 'c'))).toEqual(['c']);
  await client.end();
});

rule('R14', async ({ proxy }) => {
  const client = proxy();
  client.subscribe(RDS, 'http');
  client.subscribe(LDS);
  client.subscribe(EDS, 'a');
  client.subscribe(CDS);
  expect(namesOf(await client.next(CDS))).toEqual(['a', 'b', 'c']);
  expect(namesOf(await client.next(EDS))).toEqual(['a']);
  expect(namesOf(await client.next(LDS))).toEqual(['http']);
  expect(namesOf(await client.next(RDS))).toEqual(['http']);
});

rule('R15', async ({ proxy, lab }) => {
  const once = proxy();
  const always = proxy({ nodeAlways: true });
  for (const client of [once, always]) {
    expect(namesOf(await client.hold(CDS))).toEqual(['a', 'b', 'c']);
    expect(namesOf(await client.hold(EDS, 'a'))).toEqual(['a']);
    await client.quiet();
  }
  lab.put(endpoints('a', 7));
  for (const client of [once, always]) {
    expect(portsOf(await client.take(EDS), 'a')).toEqual([7]);
    await client.end();
  }
});

rule('R16', async ({ proxy, sotw }) => {
  const client = proxy();
  const names = ['a', 'a'];
  client.send({ typeUrl: EDS, ...(sotw ? { names } : { subscribe: names }) });
  expect(namesOf(await client.next(EDS))).toEqual(['a']);
  await client.end();
});

rule('R17', async ({ proxy }) => {
  const client = proxy();
  await client.hold(EDS, 'a');
  expect(namesOf(await client.hold(EDS, 'b'))).toContain('b');
  await client.end();
});

rule('R18', async ({ proxy }) => {
  const client = proxy();
  await client.hold(EDS, 'a', 'b');
  client.unsubscribe(EDS, 'b');
  await client.quiet();
  expect(namesOf(await client.hold(EDS, 'b'))).toContain('b');
  await client.end();
});

rule('R19', async ({ proxy }) => {
  const client = proxy();
  await client.hold(EDS, 'a', 'b');
  client.unsubscribe(EDS, 'a', 'b');
  await client.quiet();
  expect(namesOf(await client.hold(EDS, 'a'))).toEqual(['a']);
  await client.end();
});

rule('R20', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(EDS, 'a', 'b');
  client.unsubscribe(EDS, 'b');
  await client.quiet();
  lab.put(endpoints('b', 7));
  lab.put(endpoints('a', 8));
  const response = await client.take(EDS);
  expect(namesOf(response)).toEqual(['a']);
  expect(portsOf(response, 'a')).toEqual([8]);
  await client.end();
});

rule('R21', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(EDS, 'a');
  client.unsubscribe(EDS, 'a');
  await client.quiet();
  lab.put(endpoints('a', 7), endpoints('b', 7), endpoints('new', 7));
  await client.end();
});

rule('R22', async ({ proxy, lab }) => {
  const client = proxy();
  expect(namesOf(await client.hold(CDS, '*', 'a'))).toEqual(['a', 'b', 'c']);
  client.unsubscribe(CDS, '*');
  await client.quiet();
  lab.put(cluster('b', 2_000), cluster('d'));
  lab.put(cluster('a', 2_000));
  const response = await client.take(CDS);
  expect(namesOf(response)).toEqual(['a']);
  expect(timeoutOf(response, 'a')).toBe(2_000);
  await client.end();
});

rule('R23', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(CDS, '*');
  client.unsubscribe(CDS, '*');
  await client.quiet();
  lab.put(cluster('a', 2_000), cluster('d'));
  await client.end();
});

rule('R24', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(CDS);
  expect(namesOf(await client.hold(CDS, 'a'))).toEqual(['a']);
  await client.quiet();
  lab.put(cluster('b', 2_000));
  lab.put(cluster('a', 2_000));
  expect(namesOf(await client.take(CDS))).toEqual(['a']);
  await client.end();
});

rule('R25', async ({ proxy, lab }) => {
  const client = proxy();
  await client.hold(CDS);
  expect(namesOf(await client.hold(CDS, 'a'))).toEqual(['a']);
  await client.quiet();
  lab.put(cluster('b', 2_000));
  expect(namesOf(await client.take(CDS))).toEqual(['b']);
  lab.put(cluster('a', 2_000));
  expect(namesOf(await client.take(CDS))).toEqual(['a']);
  await client.end();
});

rule('R26', async ({ proxy, sotw }) => {
  const client = proxy();
  for (const [type, known] of [
    [EDS, 'a'],
    [RDS, 'http'],
  ] as const) {
    client.subscribe(type, 'ghost');
    if (!sotw) expect(namesOf(await client.take(type))).toEqual([]);
    await client.quiet();
    expect(namesOf(await client.hold(type, known))).toEqual([known]);
  }
  await client.end();
});

rule('R27', async ({ proxy }) => {
  const client = proxy();
  expect(namesOf(await client.hold(EDS, 'ghost', 'a'))).toEqual(['a']);
  await client.end();
});

rule('R28', async ({ proxy }) => {
  const client = proxy();
  for (const type of [EDS, RDS, CDS]) {
    const { removed, resources } = await client.hold(type, 'ghost');
    expect(removed).toEqual(['ghost']);
    expect(resources).toEqual([]);
  }
  await client.end();
});

rule('R29', async ({ proxy, lab, sotw }) => {
  const client = proxy();
  client.subscribe(EDS, 'later');
  if (!sotw) await client.take(EDS);
  await client.quiet();
  lab.put(endpoints('later', 7));
  expect(portsOf(await client.take(EDS), 'later')).toEqual([7]);
  await client.end();
});

const { secret, runtime, extensionConfig, scopedRoute, virtualHost } = TYPE_URL;
const ACME = 'type.googleapis.com/acme.Thing';

rule(
  'R55',
  async ({ proxy, ads, sotw }) => {
    const client = proxy();
    const types = [EDS, RDS, secret, runtime, ...(ads ? [extensionConfig] : [])];
    for (const typeUrl of types) client.subscribe(typeUrl);
    // Delta says that there is nothing to send.
    if (!sotw) for (const typeUrl of types.slice(2)) expect(namesOf(await client.take(typeUrl))).toEqual([]);
    await client.quiet();
    for (const typeUrl of types.slice(2)) expect(namesOf(await client.hold(typeUrl, 'one'))).toEqual(['one']);
    await client.end();
  },
  [...world(), ...[secret, runtime, extensionConfig].map((typeUrl) => named(typeUrl, 'one'))],
);

rule(
  'R56',
  async ({ proxy, ads, sotw }) => {
    const client = proxy();
    for (const typeUrl of [scopedRoute, ...(sotw ? [] : [virtualHost]), ...(ads ? [ACME] : [])])
      expect(namesOf(await client.hold(typeUrl))).toEqual(['one', 'two']);
    await client.end();
  },
  [
    ...world(),
    ...[scopedRoute, virtualHost, ACME].flatMap((typeUrl) => [named(typeUrl, 'one'), named(typeUrl, 'two')]),
  ],
);

rule('R57', async ({ proxy, sotw, lab }) => {
  const client = proxy();
  const answer = await client.hold(runtime, 'layer');
  if (sotw)
    expect(decode('envoy.service.runtime.v3.Runtime', resourceOf(answer, 'layer').body)).toEqual({
      name: 'layer',
    });
  else expect(answer.removed).toEqual(['layer']);
  lab.put(named(runtime, 'layer', 'layer: 1'));
  expect(namesOf(await client.take(runtime))).toEqual(['layer']);
  await client.end();
});
