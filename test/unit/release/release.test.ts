import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Rejected } from '../../../src/release/quarantine.js';
import { Release, type ReleaseOptions } from '../../../src/release/release.js';
import { SnapshotCache } from '../../../src/snapshot/cache.js';
import type { Resource } from '../../../src/snapshot/resource.js';
import { makeResource } from '../../../src/snapshot/resource.js';
import { Snapshot } from '../../../src/snapshot/snapshot.js';
import { TYPE_URL } from '../../../src/snapshot/type-url.js';

const { cluster, endpoints, route, listener } = TYPE_URL;

/** `CDS a=1`, `EDS a=1`, `RDS http=1>a,b`: type, name, content, references. */
function resource(text: string): Resource {
  const [, type = '', name = '', content = '', references = ''] =
    /^(\w+) ([^=]+)=([^>]*)>?(.*)$/.exec(text) ?? [];
  const typeUrl = { CDS: cluster, EDS: endpoints, RDS: route, LDS: listener }[type] ?? '';
  return makeResource(typeUrl, name, Buffer.from(content), references === '' ? [] : references.split(','));
}

const version = (text: string) => {
  const { typeUrl, name, version } = resource(text);
  return { typeUrl, name, version };
};

let life: AbortController;
let cache: SnapshotCache;
let release: Release;
/** What waits for the proxies to take the substitutes. */
beforeEach(() => {
  vi.useFakeTimers();
  life = new AbortController();
  cache = new SnapshotCache();
});
afterEach(() => {
  life.abort();
  vi.useRealTimers();
});

function start(options: Partial<ReleaseOptions> = {}, ...published: readonly string[]): void {
  const logger = pino({ enabled: false });
  release = new Release(
    cache,
    'all',
    { quarantine: { share: 0.2, large: 10 }, logger, ...options },
    life.signal,
  );
  if (published.length > 0) release.setSnapshot(Snapshot.of(published.map(resource)));
}

/** `-CDS a=` removes. */
function change(...texts: readonly string[]): void {
  for (const text of texts) {
    const { typeUrl, name } = resource(text.replace(/^-/, ''));
    const changed = text.startsWith('-') ? undefined : resource(text);
    release.updateResources(new Map([[typeUrl, new Map([[name, changed]])]]));
  }
}

function served(group = 'all'): readonly string[] {
  const snapshot = cache.getSnapshot(group) ?? Snapshot.EMPTY;
  const short: Readonly<Record<string, string>> = {
    [cluster]: 'CDS',
    [endpoints]: 'EDS',
    [route]: 'RDS',
    [listener]: 'LDS',
  };
  return [...snapshot.sets.values()]
    .flatMap((set) => [...set.values()])
    .map(({ typeUrl, name, body }) => `${short[typeUrl]} ${name}=${Buffer.from(body).toString()}`)
    .sort();
}

const rejectAs = (node: string, more: Partial<Rejected>, ...texts: readonly string[]) => {
  const suspects = texts.map(version);
  const typeUrl = suspects[0]?.typeUrl ?? '';
  const told = {
    ...{ typeUrl, message: 'no', group: 'all', node, named: true, unbound: [], suspects },
    ...more,
  };
  release.told({ kind: 'rejected', rejected: told });
};
const reject = (named: boolean, ...texts: readonly string[]) => rejectAs('n', { named }, ...texts);
const accept = (...texts: readonly string[]) =>
  release.told({ kind: 'accepted', group: 'all', versions: texts.map(version) });
/** A proxy comes back with these; `CDS a=` with a version of which nothing is known. */
const comeBack = (...texts: readonly string[]) =>
  release.told({ kind: 'reported', group: 'all', versions: texts.map(version) });

describe('what is inconsistent', () => {
  test('is not served, what was before is', () => {
    start({}, 'CDS a=1', 'RDS http=1>a');
    change('RDS http=2>a,b');
    expect(served()).toEqual(['CDS a=1', 'RDS http=1']);
    expect(release.status.inconsistent).toEqual([
      { typeUrl: route, name: 'http', missing: { typeUrl: cluster, name: 'b' } },
    ]);
    change('CDS b=1');
    expect(served()).toEqual(['CDS a=1', 'CDS b=1', 'RDS http=2']);
    expect(release.status.inconsistent).toEqual([]);
  });

  test.each([
    ['a route without its cluster', ['CDS a=1', 'RDS http=1>a'], '-CDS a='],
    ['a listener without its routes', ['RDS http=1', 'LDS http=1>http'], '-RDS http='],
  ])('%s, which was there', (_title, published, removal) => {
    start({}, ...published);
    const before = served();
    change(removal);
    expect(served()).toEqual(before);
  });
});

describe('what a proxy rejects', () => {
  test('goes back to the version that was accepted, for all; the rest goes on', () => {
    start({}, 'CDS a=1', 'CDS b=1');
    accept('CDS a=1', 'CDS b=1');
    change('CDS a=2', 'CDS b=2');
    reject(true, 'CDS a=2');
    expect(served()).toEqual(['CDS a=1', 'CDS b=2']);
    change('CDS b=3');
    expect(served()).toEqual(['CDS a=1', 'CDS b=3']);
    expect(release.status.quarantined).toMatchObject([
      {
        name: 'a',
        version: version('CDS a=2').version,
        served: version('CDS a=1').version,
        state: 'rejected',
      },
    ]);
  });

  test('is left out where no version was ever accepted', () => {
    start({}, 'CDS b=1');
    change('CDS a=1');
    reject(true, 'CDS a=1');
    expect(served()).toEqual(['CDS b=1']);
  });

  test('counts no longer once another proxy accepts it', () => {
    start({}, 'CDS a=1');
    accept('CDS a=1');
    change('CDS a=2');
    reject(true, 'CDS a=2');
    expect(served()).toEqual(['CDS a=1']);
    accept('CDS a=2');
    expect(served()).toEqual(['CDS a=2']);
    expect(release.status.quarantined).toEqual([]);
    // Slow proxies still accept what was served meanwhile.
    accept('CDS a=1');
    reject(true, 'CDS a=2');
    expect(served()).toEqual(['CDS a=2']);
    expect(release.status.heldBack).toMatchObject([
      { node: 'n', group: 'all', reason: 'accepted_by_others', typeUrl: cluster, names: ['a'] },
    ]);
  });

  test('is released when the source changes it', () => {
    start({}, 'CDS a=1');
    accept('CDS a=1');
    change('CDS a=2');
    reject(true, 'CDS a=2');
    change('CDS a=3');
    expect(served()).toEqual(['CDS a=3']);
    expect(release.status.quarantined).toEqual([]);
    reject(true, 'CDS a=3');
    expect(served()).toEqual(['CDS a=1']);
  });

  test('counts only while it is what is wanted', () => {
    start({}, 'CDS a=1');
    accept('CDS a=1');
    change('CDS a=2', 'CDS a=3');
    reject(true, 'CDS a=2');
    expect(served()).toEqual(['CDS a=3']);
  });

  test('stays where another proxy has accepted it', () => {
    start({}, 'CDS a=1', 'CDS b=1');
    accept('CDS a=1', 'CDS b=1');
    change('CDS a=2', 'CDS b=2');
    accept('CDS a=2');
    reject(true, 'CDS a=2');
    expect(served()).toEqual(['CDS a=2', 'CDS b=2']);
    reject(false, 'CDS a=2', 'CDS b=2');
    expect(served()).toEqual(['CDS a=2', 'CDS b=1']);
  });

  test('stays where quarantine is switched off', () => {
    start({ quarantine: false }, 'CDS a=1');
    accept('CDS a=1');
    change('CDS a=2');
    reject(true, 'CDS a=2');
    expect(served()).toEqual(['CDS a=2']);
    expect(release.status).toMatchObject({ quarantined: [], heldBack: [] });
  });

  test.each([
    [12, 100, 88],
    [12, 40, 40],
    [9, 12, 3],
  ])('by name goes back: %i of %i, unless that is too much', (rejected, all, expected) => {
    const names = Array.from({ length: all }, (_, index) => `CDS c${index}`);
    start({ quarantine: true }, ...names.map((name) => `${name}=1`));
    accept(...names.map((name) => `${name}=1`));
    change(...names.map((name) => `${name}=2`));
    reject(true, ...names.slice(0, rejected).map((name) => `${name}=2`));
    expect(served().filter((text) => text.endsWith('=2'))).toHaveLength(expected);
  });

  test('is logged, unless it is not wanted any more', () => {
    const log: Record<string, unknown>[] = [];
    start({ logger: pino({}, { write: (line) => log.push(JSON.parse(line)) }) }, 'CDS a=1', 'CDS b=1');
    accept('CDS a=1', 'CDS b=1');
    change('CDS a=2', 'CDS a=3', '-CDS b=');
    reject(true, 'CDS a=2', 'CDS b=1');
    expect(log).toEqual([]);
    reject(true, 'CDS a=3');
    const many = Array.from({ length: 25 }, (_, index) => `CDS c${index}=1`);
    change(...many);
    reject(false, ...many);
    accept('CDS a=3');
    rejectAs('m', { group: 'edge' }, 'CDS a=3');
    expect(log).toHaveLength(3);
    rejectAs('m', { group: 'edge' }, 'CDS a=3');
    const names = Array.from({ length: 20 }, (_, index) => `c${index}`);
    const common = { level: 50, type: 'CDS', reason: 'no' };
    expect(log).toMatchObject([
      { ...common, node: 'n', group: 'all', names: ['a'], msg: expect.stringMatching(/go back to the last/) },
      { ...common, node: 'n', group: 'all', names, msg: expect.stringMatching(/tried one after the other/) },
      { ...common, node: 'm', group: 'edge', names: ['a'], trouble: 'accepted_by_others' },
    ]);
    expect(log.at(-1)?.msg).toMatch(/its own trouble/);
  });

  test.each([1, 2, 3, 8, 13])('is found among %i by halving, when the proxy does not say which', (count) => {
    const names = Array.from({ length: count }, (_, index) => `c${index}`);
    for (const poison of new Set([0, Math.floor(count / 2), count - 1])) {
      cache = new SnapshotCache();
      start({}, ...names.map((name) => `CDS ${name}=1`));
      accept(...names.map((name) => `CDS ${name}=1`));
      change(...names.map((name) => `CDS ${name}=2`));
      // A proxy that rejects any response with the poison in it, without a word.
      let held = new Set(names.map((name) => `CDS ${name}=1`));
      let answers = 0;
      for (let round = 0; round < 40; round += 1) {
        const now = served();
        const changed = now.filter((text) => !held.has(text));
        held = new Set(now);
        if (changed.length === 0) vi.advanceTimersByTime(500);
        else if (changed.includes(`CDS c${poison}=2`)) {
          answers += 1;
          reject(false, ...changed.filter((text) => text.endsWith('=2')));
        } else accept(...changed);
      }
      expect(served()).toEqual(names.map((name, index) => `CDS ${name}=${index === poison ? 1 : 2}`).sort());
      expect(release.status.quarantined.map(({ name, state }) => [name, state])).toEqual([
        [`c${poison}`, 'rejected'],
      ]);
      expect(answers).toBeLessThanOrEqual(Math.ceil(Math.log2(count)) + 1);
    }
  });
});

describe('a pinned version', () => {
  test('is served whatever changes, until it is no more', () => {
    start({}, 'CDS a=1');
    const before = cache.getSnapshot('all')?.version ?? '';
    change('CDS a=2');
    expect(release.pin(before)).toBe(true);
    expect(served()).toEqual(['CDS a=1']);
    change('CDS a=3', 'CDS b=1');
    expect(served()).toEqual(['CDS a=1']);
    expect(release.status.pinned).toBe(before);
    expect(release.unpin()).toBe(true);
    expect(served()).toEqual(['CDS a=3', 'CDS b=1']);
    expect(release.unpin()).toBe(false);
  });

  test('must be one that is remembered', () => {
    start({}, 'CDS a=1');
    expect(release.pin('nonsense')).toBe(false);
    expect(served()).toEqual(['CDS a=1']);
  });
});

describe('a staged change', () => {
  const rollout = { first: 0.05, wait: 10_000 };

  test('reaches the others after the wait', () => {
    start({ rollout }, 'CDS a=1');
    change('CDS a=2');
    expect([served('all/first'), served()]).toEqual([['CDS a=2'], ['CDS a=1']]);
    vi.advanceTimersByTime(9_999);
    expect(served()).toEqual(['CDS a=1']);
    vi.advanceTimersByTime(1);
    expect(served()).toEqual(['CDS a=2']);
    expect(release.status.rollout).toBeUndefined();
  });

  test('waits its own time, though others follow it', () => {
    start({ rollout }, 'CDS a=1');
    change('CDS a=2');
    vi.advanceTimersByTime(6_000);
    change('CDS a=3');
    vi.advanceTimersByTime(4_000);
    expect(served()).toEqual(['CDS a=2']);
    vi.advanceTimersByTime(6_000);
    expect(served()).toEqual(['CDS a=3']);
  });

  test('stops when one of the first rejects it', () => {
    start({ rollout }, 'CDS a=1');
    accept('CDS a=1');
    change('CDS a=2');
    reject(true, 'CDS a=2');
    vi.advanceTimersByTime(60_000);
    expect([served('all/first'), served()]).toEqual([['CDS a=1'], ['CDS a=1']]);
  });

  test('is not promoted once it is rejected, also where it holds what was offered before it', () => {
    start({ rollout }, 'CDS a=1', 'CDS b=1');
    accept('CDS a=1', 'CDS b=1');
    change('CDS a=2');
    vi.advanceTimersByTime(5_000);
    change('CDS b=2');
    vi.advanceTimersByTime(1_000);
    reject(true, 'CDS b=2');
    for (let second = 0; second < 30; second += 1) {
      expect(served()).toContain('CDS b=1');
      vi.advanceTimersByTime(1_000);
    }
    expect(served()).toEqual(['CDS a=2', 'CDS b=1']);
  });

  test('does not hold up endpoints, and keeps those of clusters that go later', () => {
    start({ rollout }, 'CDS a=1>a', 'EDS a=1', 'CDS b=1>b', 'EDS b=1');
    change('EDS a=2');
    expect(served()).toContain('EDS a=2');
    change('-CDS b=', '-EDS b=', 'EDS a=3');
    expect(served()).toEqual(['CDS a=1', 'CDS b=1', 'EDS a=3', 'EDS b=1']);
    vi.advanceTimersByTime(5_000);
    change('EDS a=4');
    vi.advanceTimersByTime(5_000);
    expect(served()).toEqual(['CDS a=1', 'EDS a=4']);
  });

  test('that is taken back is forgotten', () => {
    start({ rollout }, 'CDS a=1');
    change('CDS a=2', 'CDS a=1');
    expect(release.status.rollout).toBeUndefined();
    vi.advanceTimersByTime(60_000);
    expect(served()).toEqual(['CDS a=1']);
  });
});

describe('what proxies may have', () => {
  test('stays, though it is rejected, for a minute after the first publication', () => {
    start({}, 'CDS a=1', 'CDS b=1');
    reject(true, 'CDS a=1');
    expect(served()).toEqual(['CDS a=1', 'CDS b=1']);
    expect(release.status.quarantined).toMatchObject([
      { name: 'a', state: 'kept', served: version('CDS a=1').version },
    ]);
    vi.advanceTimersByTime(60_000);
    expect(served()).toEqual(['CDS b=1']);
    expect(release.status.quarantined).toMatchObject([{ name: 'a', state: 'rejected', served: undefined }]);
  });

  test.each([
    ['the version', 'CDS a=1', []],
    ['another version', 'CDS a=0', ['a']],
  ])('stays for good where a proxy came back with %s', (_title, had, kept) => {
    start({}, 'CDS a=1', 'CDS b=1');
    comeBack(had);
    reject(true, 'CDS a=1', 'CDS b=1');
    vi.advanceTimersByTime(120_000);
    expect(served()).toEqual(['CDS a=1']);
    expect(release.status.quarantined.map(({ name }) => name)).toEqual([...kept, 'b']);
  });

  test('is not known of a proxy that came back with what there is no more', () => {
    start({}, 'CDS b=1');
    comeBack('CDS a=0');
    change('CDS a=1');
    reject(true, 'CDS a=1');
    expect(served()).toEqual(['CDS b=1']);
  });

  test('is not known by a late acceptance of what was removed meanwhile', () => {
    start({}, 'CDS b=1');
    change('CDS a=1', '-CDS a=', 'CDS a=2');
    accept('CDS a=1');
    reject(true, 'CDS a=2');
    expect(served()).toEqual(['CDS b=1']);
  });

  test('is remembered from a life before for a minute where it is not served', () => {
    start({});
    release.restore([resource('CDS a=1'), resource('EDS a=1')]);
    release.setSnapshot(Snapshot.of([resource('CDS b=1')]));
    expect([...release.accepted()]).toEqual([]);
    vi.advanceTimersByTime(60_000);
    change('CDS a=2', 'EDS a=2');
    rejectAs('n', {}, 'CDS a=2');
    rejectAs('n', {}, 'EDS a=2');
    expect(served()).toEqual(['CDS b=1']);
  });

  test('and what they accept is known by a number that grows', () => {
    start({}, 'CDS a=1');
    const before = release.revision;
    accept('CDS a=1');
    expect(release.revision).toBeGreaterThan(before);
  });

  test('stays for good where a proxy came back with a whole of which nothing is known', () => {
    start({}, 'CDS a=1', 'EDS a=1');
    release.told({
      kind: 'reported',
      group: 'all',
      versions: [{ typeUrl: cluster, name: '*', version: '' }],
    });
    rejectAs('n', {}, 'CDS a=1');
    rejectAs('n', {}, 'EDS a=1');
    vi.advanceTimersByTime(120_000);
    expect(served()).toEqual(['CDS a=1']);
  });

  test('is served again when a proxy comes back with it', () => {
    start({}, 'CDS b=1');
    change('CDS a=1');
    reject(true, 'CDS a=1');
    expect(served()).toEqual(['CDS b=1']);
    comeBack('CDS a=0');
    expect(served()).toEqual(['CDS a=1', 'CDS b=1']);
  });

  test('is not tried by halves: others would be blamed for what stays', () => {
    start({}, 'CDS a=1', 'CDS b=1');
    accept('CDS b=1');
    change('CDS b=2');
    reject(false, 'CDS a=1', 'CDS b=2');
    vi.advanceTimersByTime(5_000);
    expect(served()).toEqual(['CDS a=1', 'CDS b=2']);
    expect(release.status.quarantined.map(({ name, state }) => [name, state])).toEqual([
      ['a', 'kept'],
      ['b', 'kept'],
    ]);
    accept('CDS a=1', 'CDS b=2');
    expect(release.status.quarantined).toEqual([]);
  });

  test('goes back to what was accepted in a life before', () => {
    start({});
    release.restore([resource('CDS a=1')]);
    release.setSnapshot(Snapshot.of([resource('CDS a=2'), resource('CDS b=1')]));
    reject(true, 'CDS a=2');
    expect(served()).toEqual(['CDS a=1', 'CDS b=1']);
    expect([...release.accepted()].map(({ name }) => name)).toEqual(['a']);
  });

  test('is forgotten when it is removed', () => {
    start({}, 'CDS a=1', 'CDS b=1');
    accept('CDS a=1');
    change('-CDS a=', 'CDS a=2');
    reject(true, 'CDS a=2');
    vi.advanceTimersByTime(60_000);
    expect(served()).toEqual(['CDS b=1']);
  });
});

describe('a proxy in trouble of its own', () => {
  const many = Array.from({ length: 30 }, (_, index) => `CDS c${index}=2`);

  function startMany(): void {
    start({}, ...many.map((text) => text.replace('=2', '=1')));
    accept(...many.map((text) => text.replace('=2', '=1')));
    change(...many);
  }
  const changed = () => served().filter((text) => text.endsWith('=2')).length;
  const reasons = () => release.status.heldBack.map(({ node, reason }) => [node, reason]);

  test('cannot bind an address: the listener stays, what else it rejects goes back', () => {
    start({}, 'LDS a=1', 'LDS b=1');
    change('LDS a=2', 'LDS b=2', 'LDS c=2');
    rejectAs('n', { unbound: ['a', 'c'] }, 'LDS a=2', 'LDS c=2');
    expect(served()).toEqual(['LDS a=2', 'LDS b=2', 'LDS c=2']);
    expect(release.status.quarantined).toEqual([]);
    expect(release.status.heldBack).toMatchObject([{ reason: 'cannot_bind', names: ['a', 'c'] }]);
    accept('LDS b=2');
    change('LDS b=3', 'LDS c=3');
    rejectAs('n', { unbound: ['c'] }, 'LDS b=3', 'LDS c=3');
    expect(served()).toEqual(['LDS a=2', 'LDS b=2', 'LDS c=3']);
    expect(release.status.heldBack).toMatchObject([{ reason: 'cannot_bind', names: ['c'] }]);
  });

  test.each([
    ['by name: it is held back for these', true, [['a']]],
    ['among others: which it means is yet to be found', false, []],
  ])('rejects what others accept %s', (_title, named, names) => {
    start({}, 'CDS a=1', 'CDS b=1');
    accept('CDS a=1', 'CDS b=1');
    change('CDS a=2', 'CDS b=2');
    accept('CDS a=2');
    reject(named, 'CDS a=2', 'CDS b=2');
    expect(served()).toEqual(['CDS a=2', 'CDS b=1']);
    expect(release.status.heldBack.map((each) => each.names)).toEqual(names);
  });

  test.each([
    ['three of four, where half is too much', { share: 0.5, large: 2 }, 4],
    ['three of four, where three are too few', { share: 0.5, large: 4 }, 1],
  ])('rejects %s', (_title, quarantine, expected) => {
    const names = ['CDS a', 'CDS b', 'CDS c', 'CDS d'];
    start({ quarantine }, ...names.map((name) => `${name}=1`));
    accept(...names.map((name) => `${name}=1`));
    change(...names.map((name) => `${name}=2`));
    reject(true, 'CDS a=2', 'CDS b=2', 'CDS c=2');
    expect(changed()).toBe(expected);
  });

  test('and rejects very much is logged with the first names, and that nothing goes back is not', () => {
    const log: Record<string, unknown>[] = [];
    start(
      { logger: pino({}, { write: (line) => log.push(JSON.parse(line)) }) },
      ...many.map((text) => text.replace('=2', '=1')),
    );
    accept(...many.map((text) => text.replace('=2', '=1')));
    change(...many);
    reject(true, ...many.slice(0, 25));
    expect(log).toMatchObject([
      { trouble: 'rejects_too_much', names: Array.from({ length: 20 }, (_, index) => `c${index}`) },
    ]);
    reject(true, ...many.slice(20));
    expect(log).toHaveLength(1);
  });

  test('rejects without a word only what others accept', () => {
    start({}, 'CDS a=1', 'CDS b=1');
    accept('CDS a=1', 'CDS b=1');
    reject(false, 'CDS a=1', 'CDS b=1');
    expect(release.status.heldBack).toMatchObject([{ reason: 'accepted_by_others', names: ['a', 'b'] }]);
  });

  test('rejects by name what others accept, which counts towards a fifth', () => {
    startMany();
    accept(...many.slice(0, 10));
    reject(true, ...many.slice(0, 10));
    reject(true, ...many.slice(10, 11));
    expect(changed()).toBe(30);
    expect(reasons()).toEqual([['n', 'rejects_too_much']]);
  });

  test('is not another that rejects a fifth by itself, nor one that did so before everything changed', () => {
    startMany();
    rejectAs('n', {}, ...many.slice(0, 6));
    rejectAs('m', {}, ...many.slice(6, 12));
    expect([changed(), reasons()]).toEqual([18, []]);
    rejectAs('k', {}, ...many.slice(12, 15));
    change(...many.map((text) => text.replace('=2', '=3')));
    for (const node of ['n', 'm'])
      rejectAs(node, {}, ...many.slice(20, 23).map((text) => text.replace('=2', '=3')));
    expect(served().filter((text) => text.endsWith('=3'))).toHaveLength(27);
    expect(reasons()).toEqual([]);
  });

  test('rejects more than a fifth by name: nothing goes back, until another proxy rejects the same', () => {
    startMany();
    reject(true, ...many.slice(0, 6));
    expect(changed()).toBe(24);
    reject(true, ...many.slice(6, 10));
    expect(changed()).toBe(30);
    expect(reasons()).toEqual([['n', 'rejects_too_much']]);
    expect(release.status.quarantined).toEqual([]);
    rejectAs('m', {}, ...many.slice(0, 12));
    expect(changed()).toBe(20);
    expect(release.status.quarantined).toHaveLength(10);
  });

  test('rejects everything without a word: what is found of it one by one goes on again', () => {
    startMany();
    let held = new Set<string>();
    for (let round = 0; round < 400; round += 1) {
      const now = served();
      const news = now.filter((text) => text.endsWith('=2') && !held.has(text));
      held = new Set(now);
      if (news.length === 0) vi.advanceTimersByTime(500);
      else reject(false, ...news);
    }
    expect(changed()).toBe(30);
    expect(reasons()).toEqual([['n', 'rejects_too_much']]);
    // Of what was found to be rejected one by one, another proxy is believed.
    rejectAs('m', {}, ...many);
    const rejected = release.status.quarantined.length;
    expect(rejected).toBeGreaterThan(6);
    expect(rejected).toBeLessThan(15);
  });

  test('is forgotten once it accepts what comes after, or is gone; other types stay', () => {
    start({}, 'CDS a=1', 'EDS a=1');
    accept('CDS a=1', 'EDS a=1');
    rejectAs('n', {}, 'CDS a=1');
    rejectAs('n', {}, 'EDS a=1');
    expect(release.status.heldBack).toHaveLength(2);
    release.told({ kind: 'settled', group: 'all', node: 'n', typeUrl: cluster });
    expect(release.status.heldBack.map(({ typeUrl }) => typeUrl)).toEqual([endpoints]);
  });

  test('is not remembered beyond a thousand of them', () => {
    start({}, 'CDS a=1');
    accept('CDS a=1');
    for (let node = 0; node < 1_100; node += 1) rejectAs(`n${node}`, {}, 'CDS a=1');
    expect(release.status.heldBack).toHaveLength(1_000);
  });
});
