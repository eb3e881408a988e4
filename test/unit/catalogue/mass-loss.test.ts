import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Catalogue } from '../../../src/catalogue/catalogue.js';
import type { MassLossLimits } from '../../../src/catalogue/mass-loss.js';
import type { SourceState } from '../../../src/catalogue/source-state.js';
import { addressOf } from '../../../src/model/instance.js';
import { instanceAt, stateOf } from '../../support/instances.js';
import { ScriptedSource } from '../../support/scripted-source.js';

const LIMITS: MassLossLimits = { registry: 0.5, service: 0.8, large: 10, window: 30_000, hold: 60_000 };

let catalogue: Catalogue;
let sink: SourceState;
let told: string[][];
let log: object[];

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function start(limits: MassLossLimits = LIMITS): void {
  [told, log] = [[], []];
  catalogue = new Catalogue({ logger: pino({}, { write: (line) => log.push(JSON.parse(line)) }) });
  catalogue.onChange((names) => told.push([...names].sort()));
  sink = add(new ScriptedSource('kv'), limits);
}
function add(source: ScriptedSource, massLoss: MassLossLimits): SourceState {
  const rules = { serviceTemplate: '{service}', skipped: () => false, massLoss };
  const state = catalogue.setSources([{ source, rules }]).get(source);
  if (state === undefined) throw new Error('no sink');
  return state;
}

/** The addresses of so many instances. */
const many = (count: number, host = 'h') => Array.from({ length: count }, (_, index) => `${host}${index}:80`);
/** The registry answers: these services have these instances now, or so many. */
function say(services: Readonly<Record<string, readonly string[] | number | undefined>>): void {
  for (const [service, said] of Object.entries(services)) {
    const addresses = typeof said === 'number' ? many(said) : said;
    sink.set({ service }, addresses && stateOf(...addresses));
  }
  sink.synced();
}
const served = (name: string) => catalogue.service(name)?.instances.length;
const addresses = (name: string) => catalogue.service(name)?.instances.map(addressOf);
const held = () => catalogue.sources()[0]?.held;
const heldServices = () => [...catalogue.names()].filter((name) => catalogue.heldOf(name).length > 0).sort();

describe('what is missing in one answer', () => {
  test.each([
    ['half of a registry may go', 20, { a: [10, 0] }, ['a']],
    ['half of a registry in small services may go', 20, { a: [5, 0], b: [5, 0] }, []],
    ['more than half may not', 20, { a: [5, 0], b: [6, 0] }, ['a', 'b']],
    ['what others gain counts against it', 20, { a: [5, 0], b: [6, 0], c: [0, 2] }, []],
    ['gains never wait', 20, { a: [8, 0], b: [9, 0], c: [1, 3] }, ['a', 'b']],
    ['four fifths of a large service may go', 100, { a: [10, 2] }, []],
    ['more may not', 100, { a: [10, 1], b: [5, 4] }, ['a']],
    ['small services may go to nothing', 100, { a: [9, 0], b: [1, 0] }, []],
    ['a small registry may go to nothing', 9, { a: [9, 0] }, []],
    ['what moves from one service to another is no loss', 20, { a: [9, 0], b: [9, 0], c: [0, 18] }, []],
  ] as const)('%s', (_title, total, changes, expected) => {
    start();
    const entries = Object.entries<readonly [before: number, after: number]>(changes);
    const filler = total - entries.reduce((sum, [, [before]]) => sum + before, 0);
    say({ ...Object.fromEntries(entries.map(([name, [before]]) => [name, before])), filler });
    say(Object.fromEntries(entries.map(([name, [, after]]) => [name, after])));
    expect(heldServices()).toEqual(expected);
    for (const [name, [before, after]] of entries)
      expect([name, served(name)]).toEqual([
        name,
        (expected as readonly string[]).includes(name) ? before : after,
      ]);
  });

  test('without a time to hold nothing is held', () => {
    start({ ...LIMITS, hold: 0 });
    say({ a: 100 });
    say({ a: 0 });
    expect([served('a'), held(), vi.getTimerCount()]).toEqual([0, undefined, 0]);
  });

  test('a service that lost as many as it gained is served as it is, whatever the others lost', () => {
    start();
    say({ a: 15, moved: ['old:80'] });
    say({ a: undefined, moved: ['new:80'] });
    expect([served('a'), addresses('moved')]).toEqual([15, ['new:80']]);
  });

  test('an address counts once, however often a service names it', () => {
    start();
    say({ a: ['h:80', ...many(5), ...many(5)], b: 4 });
    say({ a: undefined });
    // 6 of 10 are gone, not 11 of 15.
    expect(held()).toMatchObject({ services: 1, instances: 6 });
  });

  test('an instance that the registry still names, but as unfit, is lost like any other', () => {
    start();
    say({ a: 10 });
    const filtered = many(10).map(
      (address) => ({ address, reason: 'unhealthy', detail: 'critical' }) as const,
    );
    sink.set({ service: 'a' }, { instances: [], filtered });
    sink.synced();
    expect(catalogue.service('a')).toMatchObject({ instances: { length: 10 }, filtered: { length: 10 } });
    catalogue.release('kv');
    expect(catalogue.service('a')).toMatchObject({ instances: [], filtered: { length: 10 } });
  });
});

describe('a registry that suddenly has far fewer instances', () => {
  beforeEach(() => {
    start();
    say({ a: 10, b: 10, c: 10 });
  });

  function lose(...names: readonly string[]): void {
    say(Object.fromEntries(names.map((name) => [name, undefined])));
  }

  test('is served as it was, and says so', () => {
    lose('a', 'b', 'c');
    expect(['a', 'b', 'c'].map(served)).toEqual([10, 10, 10]);
    expect(held()).toEqual({ services: 3, instances: 30, since: Date.now(), until: Date.now() + 60_000 });
    // Nothing that is served has changed.
    expect(told.at(-1)).toEqual([]);
    expect(catalogue.heldOf('b')).toMatchObject([{ registry: 'kv', server: 'one', addresses: many(10) }]);
    expect(catalogue.sources()[0]).toMatchObject({ services: 3, instances: 30 });
  });

  test('is believed when the time is over', () => {
    lose('a', 'b');
    vi.advanceTimersByTime(59_999);
    expect(served('a')).toBe(10);
    sink.synced();
    vi.advanceTimersByTime(1);
    expect(['a', 'b', 'c'].map(served)).toEqual([undefined, undefined, 10]);
    expect(told.at(-1)).toEqual(['a', 'b']);
    expect(held()).toBeUndefined();
    expect(sink.synced()).toBe(true);
    expect(sink.synced()).toBe(false);
  });

  test('is not believed earlier where that is longer than timers can be', () => {
    start({ ...LIMITS, hold: 100 * 24 * 3_600_000 });
    say({ a: 10 });
    lose('a');
    vi.advanceTimersByTime(24 * 3_600_000);
    expect(served('a')).toBe(10);
    expect((held()?.until ?? 0) - (held()?.since ?? 0)).toBe(2_147_483_647);
  });

  test('is told once, and when it is over', () => {
    log = [];
    lose('a', 'b');
    lose('c');
    expect(log).toMatchObject([{ level: 40, registry: 'kv', server: 'one', services: 2, instances: 20 }]);
    vi.advanceTimersByTime(60_000);
    sink.synced();
    expect(log).toMatchObject([{ level: 40 }, { level: 30, registry: 'kv', server: 'one' }]);
  });

  test('is forgiven when it has them again', () => {
    lose('a', 'b');
    say({ a: 10, b: 10 });
    expect(held()).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(['a', 'b', 'c'].map(served)).toEqual([10, 10, 10]);
  });

  test('is believed as far as the rest is plausible again', () => {
    lose('a', 'b');
    say({ b: 9 });
    // Of all that it had 11 of 30 are gone now, but a was a large service.
    expect(['a', 'b'].map(served)).toEqual([10, 9]);
    expect(held()).toMatchObject({ services: 1, instances: 10 });
  });

  test('has its other changes served', () => {
    lose('a', 'b');
    say({ c: 12, d: 1 });
    expect(['c', 'd'].map(served)).toEqual([12, 1]);
  });

  test('has what is new and what is back in a held service served beside what is lost', () => {
    lose('a', 'b');
    sink.set(
      { service: 'a' },
      { instances: [instanceAt('h3:80', { weight: 7 }), instanceAt('new:80')], filtered: [] },
    );
    sink.synced();
    expect(addresses('a')).toEqual([...many(10), 'new:80']);
    expect(catalogue.service('a')?.instances[3]).toMatchObject({ host: 'h3', weight: 7 });
    expect(catalogue.heldOf('a')[0]?.addresses).toEqual(many(10).filter((address) => address !== 'h3:80'));
    expect(held()).toMatchObject({ services: 2, instances: 19 });
  });

  test('has what is lost served as it was last', () => {
    sink.set(
      { service: 'a' },
      { instances: many(10).map((at) => instanceAt(at, { weight: 5 })), filtered: [] },
    );
    sink.synced();
    lose('a');
    expect(catalogue.service('a')?.instances.map(({ weight }) => weight)).toEqual(Array(10).fill(5));
  });

  test('is believed when an operator says so', () => {
    lose('a', 'b');
    expect(catalogue.release('kv')).toBe(1);
    expect(['a', 'b', 'c'].map(served)).toEqual([undefined, undefined, 10]);
    expect(catalogue.release('kv')).toBe(0);
    expect(catalogue.release('other')).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is not believed after it has started anew either', () => {
    sink.restarted();
    sink.synced();
    expect(['a', 'b', 'c'].map(served)).toEqual([10, 10, 10]);
  });

  test('is not waited for when it is no longer wanted', () => {
    lose('a', 'b');
    catalogue.setSources([]);
    expect(vi.getTimerCount()).toBe(0);
    expect(served('a')).toBeUndefined();
  });
});

describe('losses of several answers', () => {
  const SERVICES = Array.from({ length: 20 }, (_, index) => `s${index}`);
  const all = (count: number | undefined) => Object.fromEntries(SERVICES.map((name) => [name, count]));
  const total = () => SERVICES.reduce((sum, name) => sum + (served(name) ?? 0), 0);
  /** One service after the other goes, as Consul, Nacos and ZooKeeper tell it. */
  function loseEach(pause: number): void {
    for (const name of SERVICES) {
      say({ [name]: undefined });
      vi.advanceTimersByTime(pause);
    }
  }

  test('add up: what was let through is taken back', () => {
    start();
    say(all(3));
    loseEach(50);
    expect([total(), held()]).toMatchObject([60, { services: 20, instances: 60 }]);
    catalogue.release('kv');
    expect([total(), held()]).toEqual([0, undefined]);
  });

  test('add up instance by instance too', () => {
    start();
    say(all(3));
    for (const left of [2, 1, 0]) for (const name of SERVICES) say({ [name]: left });
    expect([total(), held()]).toMatchObject([60, { services: 20, instances: 60 }]);
  });

  test('add up in a large service', () => {
    start();
    say({ a: 10, b: 100 });
    for (let left = 9; left >= 2; left -= 1) say({ a: left });
    expect([served('a'), held()]).toEqual([2, undefined]);
    say({ a: 1 });
    expect([served('a'), held()]).toMatchObject([10, { services: 1, instances: 9 }]);
  });

  test('that are spread over more than the window are believed', () => {
    start();
    say(all(3));
    loseEach(30_000);
    expect([total(), held()]).toEqual([0, undefined]);
  });

  test('no longer count when the window has left them behind', () => {
    start();
    say({ a: 9, b: 9, c: 2 });
    say({ a: undefined });
    vi.advanceTimersByTime(29_999);
    say({ c: 1 });
    expect([served('a'), held()]).toEqual([undefined, undefined]);
    say({ b: 8 });
    // 11 of 20.
    expect([served('a'), served('b'), served('c')]).toEqual([9, 9, 2]);
  });

  test('count no longer from the end of the window on', () => {
    start();
    say({ a: 9, b: 9, c: 2 });
    say({ a: undefined });
    vi.advanceTimersByTime(30_000);
    say({ c: 1, b: 8 });
    expect([served('a'), served('b'), served('c'), held()]).toEqual([undefined, 8, 1, undefined]);
  });

  test('a window of 0 looks at one answer at a time', () => {
    start({ ...LIMITS, window: 0 });
    say(all(3));
    loseEach(0);
    expect([total(), held()]).toEqual([0, undefined]);
    say({ a: 20 });
    say({ a: 1 });
    expect(served('a')).toBe(20);
  });

  test('an instance that comes back within the window is no loss', () => {
    start();
    say(all(3));
    for (const name of SERVICES) {
      say({ [name]: undefined });
      say({ [name]: 3 });
    }
    expect([total(), held()]).toEqual([60, undefined]);
    say(Object.fromEntries(SERVICES.slice(0, 10).map((name) => [name, undefined])));
    // Exactly half: what went and came back before adds nothing.
    expect([total(), held()]).toEqual([30, undefined]);
  });

  test('count as gone while they are held, for longer than the window', () => {
    start();
    say(all(3));
    loseEach(0);
    vi.advanceTimersByTime(31_000);
    say({ later: 1 });
    expect([total(), held()]).toMatchObject([60, { instances: 60 }]);
  });

  test('that are held stay, however long new instances have been there', () => {
    start();
    say({ a: 3, b: 9 });
    say({ a: ['new:80'], b: undefined });
    vi.advanceTimersByTime(31_000);
    say({ later: 1 });
    expect([addresses('a'), held()]).toMatchObject([[...many(3), 'new:80'], { services: 2, instances: 12 }]);
  });

  test('that are forgiven after the window no longer count', () => {
    start();
    say({ a: 4, b: 4, c: 4, d: 2 });
    say({ a: undefined, b: undefined });
    vi.advanceTimersByTime(31_000);
    expect(held()).toMatchObject({ services: 2, instances: 8 });
    say({ a: 4 });
    expect([served('b'), held()]).toEqual([undefined, undefined]);
    // b is past: 5 of 10 are gone, not 9 of 14.
    say({ c: undefined, d: 1 });
    expect([served('b'), served('c'), held()]).toEqual([undefined, undefined, undefined]);
  });

  test('that a successor made up for do not come up again when the window has left the successor behind', () => {
    start();
    say({ a: many(12, 'old') });
    say({ a: [...many(12, 'old'), ...many(8, 'new')] });
    vi.advanceTimersByTime(5_000);
    say({ a: many(8, 'new') });
    vi.advanceTimersByTime(26_000);
    say({ a: many(7, 'new') });
    // Of 12 there are 7 left; that there were 20 for a moment does not matter.
    expect([served('a'), held()]).toEqual([7, undefined]);
    say({ a: 0 });
    expect(addresses('a')).toEqual([...many(8, 'new'), 'old10:80', 'old11:80', 'old8:80', 'old9:80']);
  });

  test('do not come up again between two changes of the registry', () => {
    start();
    const old = { a0: 4, a1: 3, a2: 3, a3: 3 };
    say(old);
    say({ b0: 3, b1: 3, b2: 3, b3: 3 });
    vi.advanceTimersByTime(5_000);
    say(Object.fromEntries(Object.keys(old).map((name) => [name, undefined])));
    vi.advanceTimersByTime(26_000);
    // 30 s ago there were 25, of which 13 are gone.
    sink.synced();
    expect([served('a0'), held()]).toEqual([undefined, undefined]);
  });

  test('of a service that is not held do not wait for one that is', () => {
    start();
    say({ a: 10, b: 50 });
    say({ a: 0 });
    vi.advanceTimersByTime(10_000);
    for (let left = 49; left >= 30; left -= 1) say({ b: left });
    expect([served('a'), served('b')]).toEqual([10, 30]);
    vi.advanceTimersByTime(30_000);
    // Of 40 with those that are held, 19 are gone: the 20 of before are older than the window.
    for (let left = 29; left >= 21; left -= 1) say({ b: left });
    expect([served('a'), served('b'), held()]).toMatchObject([10, 21, { services: 1, instances: 10 }]);
  });

  test('wait as well while the registry as a whole is held', () => {
    start();
    say(all(3));
    say(Object.fromEntries(SERVICES.slice(0, 11).map((name) => [name, undefined])));
    vi.advanceTimersByTime(50_000);
    say({ s11: undefined });
    expect([served('s11'), held()]).toMatchObject([3, { services: 12, instances: 36 }]);
    // The time runs from the first loss that is held.
    vi.advanceTimersByTime(10_000);
    expect([served('s11'), total(), held()]).toEqual([undefined, 24, undefined]);
  });

  test('after a hold the comparison begins anew', () => {
    start();
    say(all(3));
    loseEach(0);
    vi.advanceTimersByTime(60_000);
    expect(total()).toBe(0);
    say(all(3));
    expect([total(), held()]).toEqual([60, undefined]);
    say(Object.fromEntries(SERVICES.slice(0, 10).map((name) => [name, undefined])));
    expect([total(), held()]).toEqual([30, undefined]);
    say({ s10: 2 });
    expect([total(), held()]).toMatchObject([60, { services: 11, instances: 31 }]);
  });

  test('after a release nothing of before counts', () => {
    start();
    say({ a: 10, b: 14, c: 16 });
    say({ b: undefined });
    // 14 of 40 in all.
    expect(held()).toMatchObject({ services: 1, instances: 14 });
    say({ c: 10 });
    catalogue.release('kv');
    say({ a: 1, c: 9 });
    // Of 20 half are gone, with the 6 of before it would be more.
    expect([served('a'), served('c')]).toEqual([10, 9]);
  });
});

test('what went before a release does not count when the window has left it behind either', () => {
  start();
  const all = (count: number | undefined, ...names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, count]));
  const [gone, left] = [many(8, 'gone'), many(12, 'left')];
  say({ large: 10, ...all(3, ...gone, ...left) });
  say({ large: 0 });
  say(all(undefined, ...gone));
  // 34 of 70: the large service is held alone.
  expect(held()).toMatchObject({ services: 1 });
  catalogue.release('kv');
  vi.advanceTimersByTime(31_000);
  // 18 of 36 are not more than half.
  say(all(undefined, ...left.slice(0, 6)));
  expect(held()).toBeUndefined();
  say(all(undefined, ...left.slice(6, 7)));
  expect(held()).toMatchObject({ services: 7, instances: 21 });
});

describe('instances that come and go within the window', () => {
  const crowd = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`s${index}`, 3]));
  const none = Object.fromEntries(Object.keys(crowd).map((name) => [name, undefined]));
  const total = () => Object.keys(crowd).reduce((sum, name) => sum + (served(name) ?? 0), 0);

  beforeEach(() => {
    start();
    say({ first: 1 });
  });

  test('are held like those that were there before', () => {
    say(crowd);
    vi.advanceTimersByTime(1_000);
    for (const name of Object.keys(crowd)) say({ [name]: undefined });
    expect([total(), held()]).toMatchObject([60, { services: 20, instances: 60 }]);
  });

  test('are held when some stay', () => {
    say(crowd);
    say({ ...none, s0: 3, s1: 3, s2: 3 });
    expect([total(), held()]).toMatchObject([60, { services: 17, instances: 51 }]);
  });

  test('are served beside what is new, and no longer held when they are back', () => {
    say(crowd);
    say(none);
    say({ s0: ['new:80'], s1: 3 });
    expect([addresses('s0'), held()]).toMatchObject([
      [...many(3), 'new:80'],
      { services: 19, instances: 57 },
    ]);
    say(crowd);
    expect([total(), held()]).toEqual([60, undefined]);
  });

  test('are no loss where each has a successor', () => {
    say({ job: ['job0:80'], steady: 9 });
    for (let run = 1; run < 100; run += 1) say({ job: [`job${run}:80`] });
    for (let run = 100; run < 200; run += 1) {
      say({ job: [] });
      say({ job: [`job${run}:80`] });
    }
    expect([served('job'), held()]).toEqual([1, undefined]);
    // Of what came and went no more is kept than there was at one time.
    say({ job: [], steady: 0 });
    expect(addresses('job')).toEqual(['job199:80']);
    expect(held()).toMatchObject({ services: 2, instances: 10 });
  });

  test('are no loss where each service has another for its successor', () => {
    say({ steady: 9 });
    for (let run = 0; run < 100; run += 1) say({ [`job${run}`]: undefined, [`job${run + 1}`]: 1 });
    expect([served('job99'), served('job100'), held()]).toEqual([undefined, 1, undefined]);
    for (let run = 100; run < 200; run += 1) {
      say({ [`job${run + 1}`]: 1 });
      say({ [`job${run}`]: undefined });
    }
    expect([served('job199'), served('job200'), held()]).toEqual([undefined, 1, undefined]);
  });

  test('count as often as they are missing at one time', () => {
    say({ first: 4, a: 6 });
    say({ a: 0 });
    expect(held()).toMatchObject({ services: 1, instances: 6 });
    // Two are back: 4 of 10 are missing.
    say({ a: 2 });
    expect([served('a'), held()]).toEqual([2, undefined]);
    say({ a: 0 });
    expect([served('a'), held()]).toMatchObject([6, { services: 1, instances: 6 }]);
  });

  test('are not made up for by one that is back and was there before', () => {
    start();
    say({ a: 3 });
    say({ b: 7 });
    say({ a: 2, b: 0 });
    expect(held()).toMatchObject({ services: 2, instances: 8 });
    say({ a: 3 });
    // 7 of 10.
    expect(held()).toMatchObject({ services: 1, instances: 7 });
  });

  test('no longer count when the window has left them behind', () => {
    start();
    say({ a: 10 });
    say({ b: 4 });
    say({ b: 0 });
    vi.advanceTimersByTime(20_000);
    say({ c: 1 });
    vi.advanceTimersByTime(10_000);
    // c has d for its successor, and so has one of the 6: half of 10 are missing.
    say({ a: 4, c: undefined, d: 1 });
    expect(held()).toBeUndefined();
    say({ a: 3 });
    expect(held()).toMatchObject({ services: 2, instances: 8 });
  });

  test('of a service that is held are no more than there were at one time', () => {
    start({ ...LIMITS, window: 0 });
    say({ a: 10, b: 5 });
    say({ a: 0 });
    for (let run = 0; run < 100; run += 1) {
      say({ a: [`run${run}:80`] });
      say({ a: [] });
    }
    expect(addresses('a')).toEqual(Array.from({ length: 10 }, (_, index) => `run${index + 90}:80`));
  });

  test('are no loss while a registry renews all it has', () => {
    for (const release of ['v1', 'v2', 'v3'])
      for (const name of Object.keys(crowd)) {
        const now = addresses(name) ?? [];
        say({ [name]: [...now, ...many(3, release)] });
        say({ [name]: many(3, release) });
      }
    expect([total(), held()]).toEqual([60, undefined]);
  });
});

describe('the examples of the documentation', () => {
  test.each([
    [20, 20, undefined],
    [10, 100, { services: 1, instances: 90 }],
  ])('a service of 100 in a registry of 500 that is scaled down to %i', (left, expected, loss) => {
    start();
    say({ web: 100, others: 400 });
    for (let now = 99; now >= left; now -= 1) say({ web: now });
    say({ others: 399 });
    expect([served('web'), served('others')]).toEqual([expected, 399]);
    expect(held()).toEqual(loss && expect.objectContaining(loss));
  });

  test('every instance of a registry is replaced', () => {
    start();
    const services = Array.from({ length: 20 }, (_, index) => `s${index}`);
    const all = (host: string) => Object.fromEntries(services.map((name) => [name, many(3, host)]));
    say(all('old'));
    for (const [name, instances] of Object.entries(all('new'))) say({ [name]: instances });
    expect(services.map(addresses)).toEqual(Object.values(all('new')));
  });
});

describe('the first answer', () => {
  test('is what the registry had: others make up for nothing that it lacks', () => {
    start();
    say({ a: 9, b: 9 });
    say({ a: undefined, b: 8 });
    expect([served('a'), held()]).toMatchObject([9, { instances: 10 }]);
  });

  test('after a restart is compared with the last-known-good file', () => {
    start();
    sink.restore([
      [{ service: 'a' }, stateOf(...many(9))],
      [{ service: 'b' }, stateOf(...many(9))],
    ]);
    say({ b: 8, c: 1 });
    // 9 of 18 are gone.
    expect([served('a'), held()]).toEqual([undefined, undefined]);
    start();
    sink.restore([
      [{ service: 'a' }, stateOf(...many(9))],
      [{ service: 'b' }, stateOf(...many(9))],
    ]);
    say({ b: 8 });
    expect([served('a'), served('b'), held()]).toMatchObject([9, 9, { services: 2, instances: 10 }]);
    vi.advanceTimersByTime(60_000);
    expect([served('a'), served('b'), held()]).toEqual([undefined, 8, undefined]);
  });
});
