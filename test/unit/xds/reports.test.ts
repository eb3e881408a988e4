import { beforeEach, expect, test } from 'vitest';
import type { ResourceSet } from '../../../src/snapshot/resource-set.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { atOnce } from '../../../src/snapshot/steps.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { onDeltaRequest } from '../../../src/xds/delta.js';
import { NameTable } from '../../../src/xds/name-set.js';
import { UNKNOWN_NODE } from '../../../src/xds/node.js';
import type { XdsObserver } from '../../../src/xds/observer.js';
import { Reports } from '../../../src/xds/reports.js';
import type { DeltaRequest, SotwRequest } from '../../../src/xds/request.js';
import { onSotwRequest } from '../../../src/xds/sotw.js';
import { resource } from './machine.js';

const served = (...texts: readonly string[]): ResourceSet => {
  const resources = texts.map(resource);
  return Snapshot.of(resources).set(resources[0]?.typeUrl ?? '');
};
const versionOf = (text: string) => resource(text).version;

let table: NameTable;
let told: (readonly [group: string, name: string, version: string])[];
let now: number;
let reports: Reports;
beforeEach(() => {
  table = new NameTable();
  told = [];
  now = 0;
  reports = new Reports(observer, () => now);
});

const observer: XdsObserver = {
  reported: (_, versions, { group }) =>
    told.push(...versions.map(([name, version]) => [group, name, version] as const)),
};

function delta(set: ResourceSet, known: DeltaRequest['known'], group = 'g'): void {
  const typeUrl = TYPE_URL.cluster;
  const none = table.of([]);
  const request = { typeUrl, nonce: '', error: undefined, subscribe: none, unsubscribe: none, known };
  const type = onDeltaRequest(undefined, request, set, table);
  atOnce(reports.tell({ variant: 'delta', request }, type, set, { node: UNKNOWN_NODE, group }));
}

function sotw(set: ResourceSet, versionInfo: string, typeUrl: string, ...names: readonly string[]): void {
  const request: SotwRequest = { typeUrl, nonce: '', error: undefined, versionInfo, names: table.of(names) };
  const type = onSotwRequest(undefined, request, set, table);
  atOnce(reports.tell({ variant: 'sotw', request }, type, set, { node: UNKNOWN_NODE, group: 'g' }));
}

test('delta: the versions that a proxy came back with are told once for each group, and again later', () => {
  const set = served('CDS a=2');
  const known = new Map([['a', '1']]);
  delta(set, known);
  delta(set, known);
  delta(set, new Map([...known, ['b', '1']]));
  delta(set, known, 'other');
  expect(told).toEqual([
    ['g', 'a', '1'],
    ['g', 'b', '1'],
    ['other', 'a', '1'],
  ]);
  now = 10_001;
  delta(set, known);
  expect(told).toHaveLength(4);
});

test('a proxy that has nothing reports nothing', () => {
  delta(served('CDS a=2'), new Map());
  sotw(served('CDS a=2'), '', TYPE_URL.cluster);
  expect(told).toEqual([]);
});

test("SotW: a version that is the server's stands for all that the proxy asks for", () => {
  const set = served('CDS a=1', 'CDS b=1');
  sotw(set, set.version, TYPE_URL.cluster);
  expect(told).toEqual([
    ['g', 'a', versionOf('CDS a=1')],
    ['g', 'b', versionOf('CDS b=1')],
  ]);
});

test('SotW: another version says that the proxy has something, and not what', () => {
  sotw(served('CDS a=1'), 'old', TYPE_URL.cluster);
  sotw(served('EDS a=1', 'EDS b=1'), 'old', TYPE_URL.endpoints, 'a', 'gone');
  expect(told).toEqual([
    ['g', '*', ''],
    ['g', 'a', ''],
    ['g', 'gone', ''],
  ]);
});

test('what is remembered of invented names is bounded in bytes', () => {
  reports = new Reports(observer, () => now, 100_000);
  const set = served('CDS a=2');
  const known = new Map([['a', '1']]);
  delta(set, known);
  // Within the bound nothing is told twice.
  delta(set, new Map([...known, ['small', '1']]));
  expect(told.filter(([, name]) => name === 'a')).toHaveLength(1);
  for (let n = 0; n < 30; n += 1) delta(set, new Map([[`${n}`.padEnd(4_000, 'x'), '1']]));
  delta(set, new Map([...known, ['later', '1']]));
  expect(told.filter(([, name]) => name === 'a')).toHaveLength(2);
});

test('long names are told in smaller pieces', () => {
  const pieces: number[] = [];
  reports = new Reports({ reported: (_, versions) => pieces.push(versions.length) });
  const known = new Map(Array.from({ length: 100 }, (_, n) => [`${n}`.padEnd(4_000, 'x'), '1']));
  delta(served('CDS a=2'), known);
  expect(Math.max(...pieces)).toBeLessThan(50);
});
