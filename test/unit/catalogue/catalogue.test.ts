import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { globMatcher } from '../../../src/base/glob.js';
import { Catalogue, type SourceEntry } from '../../../src/catalogue/catalogue.js';
import { SignalboxError } from '../../../src/errors.js';
import { addressOf } from '../../../src/model/instance.js';
import { instanceAt, stateOf } from '../../support/instances.js';
import { ScriptedSource } from '../../support/scripted-source.js';

let time: number;
let catalogue: Catalogue;
/** The names of each change, sorted, one list for each time it was told. */
let told: string[][];
let log: { readonly reason?: string }[];

beforeEach(() => {
  [time, told, log] = [0, [], []];
  const logger = pino({}, { write: (line) => log.push(JSON.parse(line)) });
  catalogue = new Catalogue({ logger, now: () => ++time });
  catalogue.onChange((names) => told.push([...names].sort()));
});

const entry = (source: ScriptedSource, serviceTemplate = '{service}', skip: string[] = []): SourceEntry => ({
  source,
  rules: { serviceTemplate, skipped: globMatcher(skip) },
});
/** Replaces the sources and gives the sinks of the new ones. */
function use(...entries: readonly SourceEntry[]) {
  const sinks = catalogue.setSources(entries);
  return entries.flatMap(({ source }) => sinks.get(source) ?? []);
}
function useOne(...rest: [template?: string, skip?: string[]]) {
  const [sink] = use(entry(new ScriptedSource('kv'), ...rest));
  if (sink === undefined) throw new Error('no sink');
  return sink;
}
const addresses = (name: string) => catalogue.service(name)?.instances.map(addressOf);
const refused = new SignalboxError('registry_refused', 'no permission');

describe('one source', () => {
  test('what is set counts once synced, as a whole', () => {
    const sink = useOne();
    sink.set({ service: 'web' }, stateOf('a:1'));
    sink.set({ service: 'api' }, stateOf('b:1'));
    expect([addresses('web'), [...catalogue.names()], told]).toEqual([undefined, [], []]);
    sink.synced();
    expect([addresses('web'), addresses('api')]).toEqual([['a:1'], ['b:1']]);
    expect(told).toEqual([['api', 'web']]);
  });

  test('the last word before synced counts', () => {
    const sink = useOne();
    sink.set({ service: 'web' }, stateOf('a:1'));
    sink.set({ service: 'web' }, undefined);
    sink.set({ service: 'api' }, undefined);
    sink.set({ service: 'api' }, stateOf('b:1'));
    sink.synced();
    expect([...catalogue.names()]).toEqual(['api']);
    expect(told).toEqual([['api']]);
  });

  test('a failure drops what was set since the last synced and keeps what was good', () => {
    const sink = useOne();
    sink.set({ service: 'web' }, stateOf('a:1'));
    sink.synced();
    sink.set({ service: 'web' }, undefined);
    sink.failed(refused);
    expect(addresses('web')).toEqual(['a:1']);
    sink.synced();
    expect(addresses('web')).toEqual(['a:1']);
    expect(log).toMatchObject([{ reason: 'no permission', code: 'registry_refused', registry: 'kv' }]);
  });

  test('empty is an answer, gone is another', () => {
    const sink = useOne();
    sink.set({ service: 'web' }, stateOf('a:1'));
    sink.synced();
    sink.set({ service: 'web' }, stateOf());
    sink.synced();
    expect(catalogue.service('web')).toMatchObject({ instances: [], registries: ['kv'] });
    sink.set({ service: 'web' }, undefined);
    sink.synced();
    expect(catalogue.service('web')).toBeUndefined();
    expect(told).toEqual([['web'], ['web'], ['web']]);
  });

  test('a state that is repeated is no change, and neither is the end of what was not there', () => {
    const sink = useOne();
    sink.set({ service: 'web' }, stateOf('a:1'));
    sink.synced();
    sink.set({ service: 'web' }, stateOf('a:1'));
    sink.set({ service: 'never' }, undefined);
    sink.synced();
    expect(told).toEqual([['web'], []]);
    sink.set({ service: 'web' }, { ...stateOf('a:1'), instances: [instanceAt('a:1', { weight: 2 })] });
    sink.synced();
    expect(told.at(-1)).toEqual(['web']);
  });

  test('what a source that was restarted does not say again is gone with its first answer', () => {
    const sink = useOne();
    for (const service of ['web', 'api', 'old']) sink.set({ service }, stateOf('a:1'));
    sink.synced();
    sink.restarted();
    sink.set({ service: 'web' }, stateOf('a:1'));
    sink.failed(refused);
    expect([...catalogue.names()].sort()).toEqual(['api', 'old', 'web']);
    sink.set({ service: 'web' }, stateOf('a:1'));
    sink.set({ service: 'api' }, stateOf('b:1'));
    sink.synced();
    expect(told.at(-1)).toEqual(['api', 'old']);
    expect([...catalogue.names()].sort()).toEqual(['api', 'web']);
    sink.synced();
    expect(told.at(-1)).toEqual([]);
  });

  test('skipped services are not there at all', () => {
    const sink = useOne('{service}', ['test-*']);
    sink.set({ service: 'test-a' }, stateOf('a:1'));
    sink.set({ service: 'web' }, stateOf('a:1'));
    sink.synced();
    expect([...catalogue.names()]).toEqual(['web']);
    expect(catalogue.sources()).toMatchObject([{ services: 1, instances: 1 }]);
  });

  test('services that get the same name are one, whichever came first', () => {
    const merged = [0, 1].map((turn) => {
      const sink = useOne('{service}');
      const groups = turn === 0 ? ['g1', 'g2'] : ['g2', 'g1'];
      groups.forEach((group) => {
        const weight = group === 'g1' ? 1 : 2;
        const both = [instanceAt('same:1', { weight }), instanceAt(`${group}:1`)];
        sink.set({ service: 'web', group }, { instances: both, filtered: [] });
        sink.synced();
      });
      return catalogue.service('web');
    });
    expect(merged[0]?.instances.map((instance) => [addressOf(instance), instance.weight])).toEqual([
      ['g1:1', 1],
      ['g2:1', 1],
      ['same:1', 1],
    ]);
    expect(merged[1]).toEqual(merged[0]);
  });

  test('one of several services of the same name goes, the others stay', () => {
    const sink = useOne();
    sink.set({ service: 'web', namespace: 'n', group: 'g1' }, stateOf('a:1'));
    sink.set({ service: 'web', namespace: 'n', group: 'g2' }, stateOf('b:1'));
    sink.synced();
    sink.set({ service: 'web', namespace: 'n', group: 'g1' }, undefined);
    sink.synced();
    expect(addresses('web')).toEqual(['b:1']);
  });

  test('names that JavaScript knows otherwise are names like all', () => {
    const sink = useOne();
    for (const service of ['__proto__', 'constructor', '..', 'a b?#/ü'])
      sink.set({ service }, stateOf('a:1'));
    sink.synced();
    expect([...catalogue.names()].sort()).toEqual(['..', '__proto__', 'a b?#/ü', 'constructor']);
    expect(addresses('__proto__')).toEqual(['a:1']);
    expect(catalogue.service('toString')).toBeUndefined();
  });
});

describe('status', () => {
  test('waits, syncs, fails and counts', () => {
    const sink = useOne();
    expect(catalogue.sources()).toMatchObject([
      { registry: 'kv', state: 'waiting', lastSuccess: undefined, services: 0 },
    ]);
    sink.failed(refused);
    expect(catalogue.sources()).toMatchObject([{ state: 'failing', lastSuccess: undefined }]);
    sink.set(
      { service: 'web' },
      { ...stateOf('a:1', 'b:1'), filtered: [{ address: 'c:1', reason: 'status', detail: '' }] },
    );
    sink.synced('r1');
    expect(catalogue.sources()).toMatchObject([
      { state: 'synced', services: 1, instances: 2, filtered: 1, revision: 'r1', lastSuccess: 2 },
    ]);
    sink.failed(refused);
    sink.set({ service: 'web' }, stateOf('a:1'));
    sink.synced();
    expect(catalogue.sources()).toMatchObject([
      {
        state: 'synced',
        instances: 1,
        filtered: 0,
        revision: 'r1',
        lastError: { at: 3, code: 'registry_refused' },
      },
    ]);
    sink.set({ service: 'web' }, undefined);
    sink.synced('r2');
    expect(catalogue.sources()).toMatchObject([{ services: 0, instances: 0, revision: 'r2' }]);
  });

  test('unanswered are those without a first answer, until they are left out', () => {
    const [kv, file, silent] = ['kv', 'file', 'silent'].map((name) => new ScriptedSource(name));
    if (kv === undefined || file === undefined || silent === undefined) throw new Error('no sources');
    const [kvSink, fileSink, silentSink] = use(entry(kv), entry(file), entry(silent));
    const waiting = () => catalogue.unanswered().map(({ registry }) => registry);
    kvSink?.synced();
    fileSink?.failed(refused);
    expect(waiting()).toEqual(['file', 'silent']);
    expect([kv, file, new ScriptedSource('kv')].map((source) => catalogue.hasAnswered(source))).toEqual([
      true,
      false,
      false,
    ]);
    told = [];
    catalogue.leaveOutUnanswered();
    expect(waiting()).toEqual([]);
    expect(told).toEqual([[]]);
    silentSink?.failed(refused);
    expect(catalogue.sources().map(({ state }) => state)).toEqual(['synced', 'left_out', 'left_out']);
    silentSink?.set({ service: 'late' }, stateOf('a:1'));
    silentSink?.synced();
    expect(catalogue.sources().map(({ state }) => state)).toEqual(['synced', 'left_out', 'synced']);
    expect(addresses('late')).toEqual(['a:1']);
  });
});

describe('several sources', () => {
  const [east, west] = [new ScriptedSource('east'), new ScriptedSource('west')];

  test('the same name in two registries is one service, the one named first has precedence', () => {
    const [eastSink, westSink] = use(entry(east), entry(west));
    westSink?.set({ service: 'web' }, { instances: [instanceAt('a:1', { weight: 9 })], filtered: [] });
    westSink?.synced();
    eastSink?.set({ service: 'web' }, stateOf('a:1', 'b:1'));
    eastSink?.synced();
    expect(catalogue.service('web')?.registries).toEqual(['east', 'west']);
    expect(catalogue.service('web')?.instances[0]).toMatchObject({ registry: 'east', weight: 1 });
    use(entry(west), entry(east));
    expect(catalogue.service('web')?.instances[0]).toMatchObject({ registry: 'west', weight: 9 });
  });

  test('a template keeps them apart', () => {
    const [eastSink, westSink] = use(
      entry(east, '{registry}/{service}'),
      entry(west, '{registry}/{service}'),
    );
    eastSink?.set({ service: 'web' }, stateOf('a:1'));
    eastSink?.synced();
    westSink?.set({ service: 'web' }, stateOf('b:1'));
    westSink?.synced();
    expect(told).toEqual([['east/web'], ['west/web']]);
    expect([addresses('east/web'), addresses('west/web'), addresses('web')]).toEqual([
      ['a:1'],
      ['b:1'],
      undefined,
    ]);
  });

  test('a source that stays keeps what it said, one that goes takes it along, a new one gets a sink', () => {
    const [eastSink, westSink] = use(entry(east), entry(west));
    eastSink?.set({ service: 'web' }, stateOf('a:1'));
    eastSink?.synced();
    westSink?.set({ service: 'web' }, stateOf('b:1'));
    westSink?.set({ service: 'west-only' }, stateOf('b:1'));
    westSink?.synced();
    told = [];
    const north = new ScriptedSource('north');
    const added = catalogue.setSources([entry(north), entry(east)]);
    expect([...added.keys()]).toEqual([north]);
    expect(addresses('web')).toEqual(['a:1']);
    expect(catalogue.service('west-only')).toBeUndefined();
    expect(told).toEqual([['web', 'west-only']]);
  });
});

describe('aliases', () => {
  const alias = 'http://one/v1/kv/upstreams/web/';
  const one = new ScriptedSource('kv', 'one', { [alias]: { service: 'web' } });
  const two = new ScriptedSource('kv', 'two');

  test("an alias is that one source's service, by what the source calls it", () => {
    const [first, second] = use(entry(one, 'kv/{service}'), entry(two, 'kv/{service}'));
    first?.set({ service: 'web' }, stateOf('a:1'));
    first?.synced();
    second?.set({ service: 'web' }, stateOf('b:1'));
    second?.synced();
    expect(addresses('kv/web')).toEqual(['a:1', 'b:1']);
    expect(addresses(alias)).toEqual(['a:1']);
    expect(catalogue.service(alias)?.name).toBe(alias);
    expect([alias, 'kv/web'].map((name) => catalogue.isAlias(name))).toEqual([true, false]);
    expect([...catalogue.names()]).toEqual(['kv/web']);
  });

  test('it follows the changes of what it stands for', () => {
    use(entry(one, 'kv/{service}'));
    expect(catalogue.aliasesOf(new Set(['kv/web']), [alias, 'other'])).toEqual([alias]);
    expect(catalogue.aliasesOf(new Set(['web', 'kv/api']), [alias, 'other'])).toEqual([]);
  });

  test('a service of that very name comes first', () => {
    const [first, second] = use(entry(one), entry(two));
    first?.set({ service: 'web' }, stateOf('a:1'));
    first?.synced();
    second?.set({ service: alias }, stateOf('b:1'));
    second?.synced();
    expect(addresses(alias)).toEqual(['b:1']);
  });
});
