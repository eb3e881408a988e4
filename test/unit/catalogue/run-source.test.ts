import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Catalogue } from '../../../src/catalogue/catalogue.js';
import { runSource } from '../../../src/catalogue/run-source.js';
import { Backoff } from '../../../src/discovery/backoff.js';
import type { Source, SourceSink } from '../../../src/discovery/source.js';
import { SignalboxError } from '../../../src/errors.js';
import { addressOf } from '../../../src/model/instance.js';
import { eventually } from '../../peers/eventually.js';
import { stateOf } from '../../support/instances.js';
import { ScriptedSource } from '../../support/scripted-source.js';

let life: AbortController;
let log: { readonly level: number; readonly msg: string; readonly defects?: number }[];
let catalogue: Catalogue;
beforeEach(() => {
  life = new AbortController();
  log = [];
});
afterEach(() => life.abort());

/** Runs a source as the program does, but in a hurry. */
function start<S extends Source>(
  source: S,
  sound = 60_000,
): { readonly source: S; readonly ended: Promise<void> } {
  const logger = pino({}, { write: (line) => log.push(JSON.parse(line)) });
  catalogue = new Catalogue({ logger });
  const rules = { serviceTemplate: '{service}', skipped: () => false };
  const sink = catalogue.setSources([{ source, rules }]).get(source);
  if (sink === undefined) throw new Error('no sink');
  const backoff = new Backoff(20, 20);
  const { signal } = life;
  const ended = runSource(source, {
    sink,
    restarted: () => sink.restarted(),
    logger,
    signal,
    backoff,
    sound,
  });
  return { source, ended };
}
const status = () => catalogue.sources()[0];
const messages = () => log.map(({ level, msg }) => [level, msg]);

test('a source that throws is failing, counted and logged once, and keeps its state', async () => {
  const { source } = start(new ScriptedSource('cat'));
  source.sink.set({ service: 'web' }, stateOf('a:1'));
  source.sink.synced();
  source.break(new TypeError('x is undefined'));
  await eventually(() => expect(status()?.state).toBe('failing'));
  expect(status()).toMatchObject({
    failures: 1,
    lastError: { code: 'internal', message: 'a defect in the source: x is undefined' },
  });
  expect(messages()).toEqual([[50, 'registry source failed, starting it again: x is undefined']]);
  await eventually(() => expect(source.runs).toBe(2));
  expect(catalogue.service('web')?.instances.map(addressOf)).toEqual(['a:1']);
  source.sink.set({ service: 'web' }, stateOf('b:1'));
  source.sink.synced();
  expect(status()).toMatchObject({ state: 'synced', failures: 1 });
});

test('a defect that lasts is counted each time, and logged again only after a while', async () => {
  const defects: Source = {
    registry: 'cat',
    server: 'one',
    run: async () => {
      throw new RangeError('Maximum call stack size exceeded');
    },
  };
  start(defects, 150);
  await eventually(() => expect(log).toHaveLength(3));
  const failures = status()?.failures ?? 0;
  expect(failures).toBeGreaterThan(log.length);
  expect(log.map((line) => line.defects ?? 0).at(-1)).toBeGreaterThan(2);
  expect(status()).toMatchObject({ state: 'failing' });
});

test('a source that runs well for a while is told to be sound again', async () => {
  const { source } = start(new ScriptedSource('cat'), 100);
  source.break(new Error('once'));
  await eventually(() =>
    expect(messages().at(-1)).toEqual([30, 'registry source runs without defects again']),
  );
  source.break(new Error('twice'));
  await eventually(() => expect(log.at(-1)).toMatchObject({ defects: 1 }));
});

test.each([
  ['throws what is no error', () => Promise.reject(undefined)],
  [
    'throws before it waits',
    () => {
      throw new Error('synchronous');
    },
  ],
  ['ends by itself', () => Promise.resolve()],
])('a source that %s has a defect too', async (_, run) => {
  start({ registry: 'cat', server: 'one', run });
  await eventually(() => expect(status()?.failures).toBeGreaterThan(1));
  expect(status()).toMatchObject({ state: 'failing', lastError: { code: 'internal' } });
  expect(log).toHaveLength(1);
});

test('what a run leaves behind is told to end, and is not listened to any more', async () => {
  const runs: { readonly sink: SourceSink; readonly signal: AbortSignal }[] = [];
  start({
    registry: 'cat',
    server: 'one',
    run: async (sink, signal) => {
      runs.push({ sink, signal });
      if (runs.length === 1) throw new Error('the first one');
      await new Promise<void>((done) => signal.addEventListener('abort', () => done()));
    },
  });
  await eventually(() => expect(runs).toHaveLength(2));
  const [first, second] = runs;
  expect([first?.signal.aborted, second?.signal.aborted]).toEqual([true, false]);
  first?.sink.set({ service: 'ghost' }, stateOf('a:1'));
  first?.sink.serviceFailed({ service: 'ghost' }, new SignalboxError('registry_timeout', 'late'));
  first?.sink.failed(new SignalboxError('registry_timeout', 'late'));
  first?.sink.synced();
  expect(status()).toMatchObject({ state: 'failing', failures: 1, lastSuccess: undefined });
  second?.sink.synced();
  expect([...catalogue.names()]).toEqual([]);
  expect(catalogue.failures().size).toBe(0);
});

test('ends with its signal, and a defect of the last moment is logged', async () => {
  const { source, ended } = start(new ScriptedSource('cat'));
  life.abort();
  await ended;
  expect([source.runs, log]).toEqual([1, []]);
  life = new AbortController();
  const late = start({
    registry: 'cat',
    server: 'one',
    run: async (_, signal) =>
      await new Promise<void>((_done, fail) =>
        signal.addEventListener('abort', () => fail(new Error('late'))),
      ),
  });
  life.abort();
  await late.ended;
  expect(messages()).toEqual([[50, 'registry source failed, starting it again: late']]);
});
