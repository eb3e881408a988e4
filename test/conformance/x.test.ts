import { expect } from 'vitest';
import { cluster, endpoints, listener, namesOf, portsOf, routes, timeoutOf } from './resources.js';
import { rule } from './rule.js';
import { CDS, EDS, LDS, RDS } from './scripted-proxy.js';
import type { Received } from './wire.js';

const CHANGED = [
  ...[cluster('a', 2_000), endpoints('a', 7), cluster('c'), endpoints('c', 1_003)],
  ...[listener('http', 10_001), routes('http', 'a', 'c')],
];

rule('X01', async ({ proxy, lab }) => {
  const before = proxy();
  const versions = new Map<string, string>();
  for (const [type, ...names] of [[CDS], [EDS, 'a', 'c'], [LDS], [RDS, 'http']] as const)
    versions.set(type, (await before.hold(type, ...names)).version);
  await lab.restart(CHANGED);
  const after = proxy();
  const ask = (typeUrl: string, ...names: string[]) =>
    after.send({ typeUrl, names, version: versions.get(typeUrl) ?? '' });
  ask(CDS);
  ask(EDS, 'a', 'c');
  ask(LDS);
  ask(RDS, 'http');
  const clusters = await after.next(CDS);
  expect(namesOf(clusters)).toEqual(['a', 'c']);
  expect(timeoutOf(clusters, 'a')).toBe(2_000);
  expect(portsOf(await after.next(EDS), 'a')).toEqual([7]);
  expect(namesOf(await after.next(LDS))).toEqual(['http']);
  expect(namesOf(await after.next(RDS))).toEqual(['http']);
  await after.end();
});

rule('X02', async ({ proxy, lab }) => {
  const before = proxy();
  const held = new Map<string, Received>();
  for (const [type, ...names] of [[CDS], [EDS, 'a', 'b', 'c'], [LDS], [RDS, 'http']] as const)
    held.set(type, await before.hold(type, ...names));
  await lab.restart(CHANGED);
  const after = proxy();
  const ask = (typeUrl: string, ...subscribe: string[]) => {
    const known = new Map(
      (held.get(typeUrl)?.resources ?? []).map(({ name, version }) => [name, version] as const),
    );
    after.send({ typeUrl, subscribe, known });
  };
  ask(CDS);
  ask(EDS, 'a', 'b', 'c');
  ask(LDS);
  ask(RDS, 'http');
  const clusters = await after.next(CDS);
  expect(namesOf(clusters)).toEqual(['a']);
  expect(clusters.removed).toEqual(['b']);
  const assignments = await after.next(EDS);
  expect(portsOf(assignments, 'a')).toEqual([7]);
  expect(namesOf(assignments)).toEqual(['a']);
  expect(assignments.removed).toEqual(['b']);
  expect(namesOf(await after.next(LDS))).toEqual(['http']);
  expect(namesOf(await after.next(RDS))).toEqual(['http']);
  await after.end();
});
