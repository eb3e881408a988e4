import { beforeEach, expect, test } from 'vitest';
import { SourceState } from '../../../src/catalogue/source-state.js';
import { failing, waiting } from '../../../src/catalogue/source-status.js';
import { SignalboxError } from '../../../src/errors.js';
import { stateOf } from '../../support/instances.js';
import { ScriptedSource } from '../../support/scripted-source.js';

let state: SourceState;
/** The names of each change, sorted. */
let told: string[][];
let time: number;

beforeEach(() => {
  [told, time] = [[], 100];
  const events = {
    changed: (names: ReadonlySet<string>) => told.push([...names].sort()),
    failed: () => undefined,
    held: () => undefined,
    services: { failing: () => undefined, recovered: () => undefined },
  };
  const rules = { serviceTemplate: '{registry}.{service}', skipped: (name: string) => name === 'skipped' };
  const clock = { now: () => time, elapsed: () => 0 };
  state = new SourceState(new ScriptedSource('kv'), rules, events, clock);
});

const names = () => [...state.names()].sort();
const tooSlow = new SignalboxError('registry_timeout', 'too slow');

test('nothing is known before the first answer', () => {
  expect([state.answered, state.status, names()]).toEqual([false, waiting('kv', 'one'), []]);
  state.failed(tooSlow);
  expect(state.answered).toBe(false);
  expect(state.synced()).toBe(false);
  expect([state.answered, state.status.lastSuccess, told]).toEqual([true, 100, [[]]]);
});

test('an answer says whether it changed something, and keeps the revision until there is another', () => {
  state.set({ service: 'web' }, stateOf('h:1'));
  expect([state.synced('7'), state.status.revision]).toEqual([true, '7']);
  expect([state.synced(), state.status.revision]).toEqual([false, '7']);
  expect([state.synced('8'), state.status.revision]).toEqual([false, '8']);
  expect(told).toEqual([['kv.web'], [], []]);
});

test('what was known before a restart is served, but for what is left out, until the first answer', () => {
  state.restore([
    [{ service: 'web' }, stateOf('h:1')],
    [{ service: 'old' }, stateOf('h:2')],
    [{ service: 'skipped' }, stateOf('h:3')],
    [{ service: '*' }, stateOf('h:4')],
  ]);
  expect([state.answered, names(), told]).toEqual([true, ['kv.old', 'kv.web'], [['kv.old', 'kv.web']]]);
  expect(state.status).toMatchObject({ state: 'waiting', services: 2, instances: 2, lastSuccess: undefined });
  state.leaveOut();
  expect(state.status.state).toBe('waiting');
  state.set({ service: 'web' }, stateOf('h:1'));
  expect(state.synced()).toBe(true);
  expect([names(), told.at(-1)]).toEqual([['kv.web'], ['kv.old']]);
});

test('what was set before the source started anew is dropped', () => {
  state.synced();
  state.set({ service: 'web' }, stateOf('h:1'));
  state.restarted();
  state.synced();
  expect(names()).toEqual([]);
});

test('a source that starts anew and says the same again has changed nothing', () => {
  state.set({ service: 'web' }, stateOf('h:1'));
  state.synced();
  state.restarted();
  state.set({ service: 'web' }, stateOf('h:1'));
  expect(state.synced()).toBe(false);
  state.restarted();
  expect([state.synced(), names()]).toEqual([true, []]);
});

test('without limits every loss is believed, and there is nothing to release', () => {
  state.set({ service: 'web' }, stateOf(...Array.from({ length: 99 }, (_, index) => `h${index}:1`)));
  state.synced();
  state.set({ service: 'web' }, undefined);
  state.synced();
  expect([names(), state.status.held, state.release(), state.heldOf('kv.web')]).toEqual([
    [],
    undefined,
    false,
    undefined,
  ]);
  state.dispose();
});

test('a failed query is counted and shown, and shows no longer than until the next answer', () => {
  state.synced();
  time = 200;
  state.failed(tooSlow);
  state.failed(tooSlow);
  const lastError = { at: 200, code: 'registry_timeout', message: 'too slow' };
  expect(state.status).toMatchObject({ state: 'failing', failures: 2, lastSuccess: 100, lastError });
  state.synced();
  expect(state.status).toMatchObject({ state: 'synced', failures: 2, lastSuccess: 200, lastError });
});

test('a source that is left out stays so while it fails, and comes back with an answer', () => {
  state.leaveOut();
  state.failed(tooSlow);
  expect(state.status).toMatchObject({ state: 'left_out', failures: 1 });
  state.synced();
  state.leaveOut();
  expect(state.status.state).toBe('synced');
});

test('a status starts with nothing', () => {
  expect(waiting('kv', 'one')).toMatchObject({ services: 0, instances: 0, filtered: 0, failures: 0 });
  expect(failing(waiting('kv', 'one'), tooSlow, 5)).toMatchObject({ state: 'failing', failures: 1 });
});
