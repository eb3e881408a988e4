import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { Catalogue } from '../../../src/catalogue/catalogue.js';
import { SignalboxError } from '../../../src/errors.js';
import { addressOf } from '../../../src/model/instance.js';
import { stateOf } from '../../support/instances.js';
import { ScriptedSource } from '../../support/scripted-source.js';

let time: number;
let catalogue: Catalogue;
let log: { readonly msg: string; readonly service?: string; readonly reason?: string }[];

beforeEach(() => {
  [time, log] = [1_000, []];
  const logger = pino({}, { write: (line) => log.push(JSON.parse(line)) });
  catalogue = new Catalogue({ logger, now: () => time });
});

const entry = (source: ScriptedSource, serviceTemplate = '{service}') => ({
  source,
  rules: { serviceTemplate, skipped: (name: string) => name.startsWith('skipped') },
});
function use(source = new ScriptedSource('cat'), template?: string) {
  const sink = catalogue.setSources([entry(source, template)]).get(source);
  if (sink === undefined) throw new Error('no sink');
  return sink;
}
const addresses = (name: string) => catalogue.service(name)?.instances.map(addressOf);
const failing = () => catalogue.sources()[0]?.failingServices;
const broken = new SignalboxError('registry_bad_answer', 'status 500');
const unnameable = new SignalboxError('service_name_invalid', 'no');
const web = { service: 'web' };

describe('a service whose query fails', () => {
  test('keeps its last good state and is shown until it answers; the registry is synced', () => {
    const sink = use();
    sink.set(web, stateOf('a:1'));
    sink.synced();
    time = 2_000;
    sink.serviceFailed(web, broken);
    time = 3_000;
    sink.serviceFailed(web, new SignalboxError('registry_timeout', 'late'));
    sink.synced();
    expect(addresses('web')).toEqual(['a:1']);
    expect(catalogue.sources()).toMatchObject([{ state: 'synced', failures: 0 }]);
    expect(failing()).toEqual({
      count: 1,
      first: [{ key: web, code: 'registry_timeout', message: 'late', since: 2_000 }],
      failures: 2,
    });
    expect(catalogue.failures().get('web')).toEqual([
      { key: web, code: 'registry_timeout', message: 'late', since: 2_000, registry: 'cat', server: 'one' },
    ]);
    sink.set(web, stateOf('a:1'));
    sink.synced();
    expect(failing()).toEqual({ count: 0, first: [], failures: 2 });
    expect(catalogue.failures().size).toBe(0);
    expect(log.map(({ msg, service }) => [msg, service])).toEqual([
      ['service failing: its last good state is kept', 'web'],
      ['service no longer failing', 'web'],
    ]);
  });

  test('is no service that is published, and none that fails once it is gone', () => {
    const sink = use(undefined, '{registry}/{service}');
    sink.serviceFailed(web, broken);
    sink.synced();
    expect([...catalogue.names()]).toEqual([]);
    expect([...catalogue.failures().keys()]).toEqual(['cat/web']);
    expect(catalogue.unanswered()).toEqual([]);
    sink.set(web, undefined);
    sink.synced();
    expect(failing()?.count).toBe(0);
  });

  test('is no answer: the registry is waited for', () => {
    use().serviceFailed(web, broken);
    expect(catalogue.unanswered()).toHaveLength(1);
  });

  test('keeps what was restored, while what the first answer does not have is gone', () => {
    const sink = use();
    sink.restore(['web', 'gone', '..'].map((service) => [{ service }, stateOf('a:1')] as const));
    sink.serviceFailed(web, broken);
    sink.serviceFailed({ service: '..' }, unnameable);
    sink.synced();
    expect([addresses('web'), addresses('gone'), addresses('..')]).toEqual([['a:1'], undefined, undefined]);
    sink.set(web, undefined);
    sink.synced();
    expect(addresses('web')).toBeUndefined();
  });

  test('a file of an earlier version may hold a name that cannot be published', () => {
    const sink = use();
    sink.restore(['web', '*', 'xdstp:x'].map((service) => [{ service }, stateOf('a:1')] as const));
    expect([...catalogue.names()]).toEqual(['web']);
  });

  test('what was set before a restored state came counts all the same', () => {
    const sink = use();
    sink.set(web, stateOf('new:1'));
    sink.restore([
      [web, stateOf('old:1')],
      [{ service: 'api' }, stateOf('old:2')],
    ]);
    sink.serviceFailed({ service: 'api' }, broken);
    sink.synced();
    expect([addresses('web'), addresses('api')]).toEqual([['new:1'], ['old:2']]);
  });

  test('keeps its state over a new start of the source; one that is not told again fails no more', () => {
    const sink = use();
    for (const service of ['web', 'api', 'gone']) sink.set({ service }, stateOf('a:1'));
    sink.synced();
    sink.serviceFailed(web, broken);
    sink.serviceFailed({ service: 'gone' }, broken);
    sink.restarted();
    sink.serviceFailed(web, broken);
    sink.set({ service: 'api' }, stateOf('a:1'));
    expect(failing()?.count).toBe(2);
    sink.synced();
    expect([...catalogue.names()].sort()).toEqual(['api', 'web']);
    expect(failing()?.first.map(({ key }) => key.service)).toEqual(['web']);
  });

  test('keeps its state when another source takes over from the one that had it', () => {
    const [before, after] = [new ScriptedSource('cat'), new ScriptedSource('cat')];
    const old = use(before);
    for (const service of ['web', 'api', '..']) old.set({ service }, stateOf('a:1'));
    old.synced();
    const sink = catalogue.setSources([entry(after), entry(before)]).get(after);
    sink?.serviceFailed(web, broken);
    sink?.serviceFailed({ service: '..' }, unnameable);
    sink?.synced();
    catalogue.setSources([entry(after)]);
    expect([addresses('web'), addresses('api'), addresses('..')]).toEqual([['a:1'], undefined, undefined]);
    expect(catalogue.sources()).toMatchObject([{ services: 1, instances: 1 }]);
  });

  test('takes over from another source also what it once had itself, and had no more', () => {
    const [before, after] = [new ScriptedSource('cat'), new ScriptedSource('cat')];
    const old = use(before);
    old.set(web, stateOf('a:1'));
    old.synced();
    const sink = catalogue.setSources([entry(after), entry(before)]).get(after);
    sink?.set(web, stateOf('b:1'));
    sink?.synced();
    sink?.set(web, undefined);
    sink?.synced();
    sink?.serviceFailed(web, broken);
    sink?.synced();
    catalogue.setSources([entry(after)]);
    expect(addresses('web')).toEqual(['a:1']);
  });

  test('is not there at all where it is skipped', () => {
    const sink = use();
    sink.serviceFailed({ service: 'skipped-1' }, broken);
    expect(failing()?.count).toBe(0);
  });
});

test.each(['', 'a\nb', 'a\u0000', 'a\u0085b', '\ud800', 'a\udc00b'])(
  'the name %j is left out with its reason, whatever source says it',
  (service) => {
    const sink = use();
    sink.set({ service }, stateOf('a:1'));
    sink.set(web, stateOf('a:1'));
    sink.synced();
    expect([...catalogue.names()]).toEqual(['web']);
    expect(catalogue.failures().get(service)).toMatchObject([{ code: 'service_name_invalid' }]);
    sink.set({ service }, undefined);
    sink.synced();
    expect(failing()?.count).toBe(0);
  },
);

test('of very many only a thousand are kept, in bounded texts and lines', () => {
  const sink = use();
  const long = new SignalboxError('registry_bad_answer', 'x'.repeat(10_000));
  const names = Array.from({ length: 1_200 }, (_, index) => `s${index}`);
  for (const service of names) sink.serviceFailed({ service }, long);
  sink.synced();
  expect(failing()).toMatchObject({ count: 1_200, failures: 1_200 });
  expect(failing()?.first).toHaveLength(10);
  expect(catalogue.failures().size).toBe(1_000);
  expect(catalogue.failures().get('s0')?.[0]?.message).toHaveLength(500);
  expect(log).toHaveLength(21);
  for (const service of names.slice(0, 300)) sink.set({ service }, stateOf('a:1'));
  for (const service of names.slice(1_000)) sink.serviceFailed({ service }, long);
  expect(failing()?.count).toBe(900);
  expect([...catalogue.failures().keys()]).toEqual(names.slice(300));
  for (const service of names) sink.set({ service }, stateOf('a:1'));
  expect(failing()).toMatchObject({ count: 0, first: [] });
  time += 60_000;
  sink.serviceFailed(web, broken);
  expect(log).toHaveLength(22);
});
