import { beforeEach, expect, test } from 'vitest';
import { SnapshotCache } from '../../../src/snapshot/cache.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';
import { aResource } from '../../support/resources.js';

const withCluster = (content: string) => Snapshot.of([aResource('a', content)]);
const change = (name: string, content?: string) =>
  new Map([
    [TYPE_URL.cluster, new Map([[name, content === undefined ? undefined : aResource(name, content)]])],
  ]);

let time: number;
let cache: SnapshotCache;
let told: (readonly [group: string, version: string, previous: string])[];

beforeEach(() => {
  time = 0;
  cache = new SnapshotCache(3, () => ++time);
  told = [];
});
const watch = (signal = new AbortController().signal) =>
  cache.watch((group, { version }, previous) => told.push([group, version, previous.version]), signal);

test('a group has no snapshot before its first one, which may be empty', () => {
  watch();
  expect(cache.getSnapshot('g')).toBeUndefined();
  cache.setSnapshot('g', Snapshot.EMPTY);
  expect(cache.getSnapshot('g')).toBe(Snapshot.EMPTY);
  expect(told).toHaveLength(1);
});

test('listeners hear of each change with what was before, and of no change nothing', () => {
  watch();
  cache.setSnapshot('g', withCluster('1'));
  cache.setSnapshot('g', withCluster('1'));
  cache.updateResources('g', change('a', '1'));
  cache.updateResources('g', change('a', '2'));
  cache.updateResources('g', change('unknown'));
  const [none, one, two] = [Snapshot.EMPTY, withCluster('1'), withCluster('2')].map((s) => s.version);
  expect(told).toEqual([
    ['g', one, none],
    ['g', two, one],
  ]);
});

test('groups are apart', () => {
  cache.setSnapshot('g', withCluster('1'));
  cache.setSnapshot('h', withCluster('2'));
  cache.updateResources('g', change('b', '1'));
  expect(cache.groups()).toEqual(['g', 'h']);
  expect(cache.getSnapshot('h')?.version).toBe(withCluster('2').version);
  cache.clearSnapshot('g');
  expect(cache.groups()).toEqual(['h']);
  expect(cache.getSnapshot('g')).toBeUndefined();
});

test('single resources can be put before there is a snapshot', () => {
  cache.updateResources('g', change('a', '1'));
  expect(cache.getSnapshot('g')?.version).toBe(withCluster('1').version);
});

test('the last changes are remembered, oldest first', () => {
  for (const content of ['1', '2', '2', '3', '4']) cache.setSnapshot('g', withCluster(content));
  const history = cache.history();
  expect(history.map(({ at }) => at)).toEqual([2, 3, 4]);
  expect(history.map(({ snapshot }) => snapshot.version)).toEqual(
    ['2', '3', '4'].map((content) => withCluster(content).version),
  );
  expect(history.map(({ previous }) => previous.version)).toEqual(
    ['1', '2', '3'].map((content) => withCluster(content).version),
  );
});

test('nothing is told after the abort, nor to who was aborted before', () => {
  const life = new AbortController();
  watch(life.signal);
  watch(AbortSignal.abort());
  cache.setSnapshot('g', withCluster('1'));
  expect(told).toHaveLength(1);
  life.abort();
  cache.setSnapshot('g', withCluster('2'));
  expect(told).toHaveLength(1);
});

test('a group that is forgotten has no snapshot, and its proxies keep what they have', () => {
  cache.setSnapshot('g', withCluster('1'));
  watch();
  cache.clearSnapshot('g');
  expect([cache.getSnapshot('g'), cache.groups()]).toEqual([undefined, []]);
  expect(told).toEqual([]);
});
