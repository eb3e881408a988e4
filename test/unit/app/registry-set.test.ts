import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RegistrySet } from '../../../src/app/registry-set.js';
import { Catalogue } from '../../../src/catalogue/catalogue.js';
import { SignalboxError } from '../../../src/errors.js';
import { addressOf } from '../../../src/model/instance.js';
import { eventually } from '../../peers/eventually.js';
import { configOf } from '../../support/configuration.js';
import { stateOf } from '../../support/instances.js';
import { ScriptedSource } from '../../support/scripted-source.js';

let life: AbortController;
let catalogue: Catalogue;
let registries: RegistrySet;
/** Every source that was made, in turn. */
let made: ScriptedSource[];
let log: { readonly level: number; readonly msg: string; readonly registry?: string }[];

beforeEach(() => {
  life = new AbortController();
  [made, log] = [[], []];
  const logger = pino({}, { write: (line) => log.push(JSON.parse(line)) });
  catalogue = new Catalogue({ logger });
  const create = async (registry: string, options: object) => {
    const servers = 'servers' in options ? (options.servers as readonly string[]) : ['file'];
    const sources = servers.map((server) => new ScriptedSource(registry, server));
    made.push(...sources);
    return sources;
  };
  registries = new RegistrySet(catalogue, create, logger, life.signal);
  catalogue.onChange(() => registries.settle());
});
afterEach(() => life.abort());

const file = (more: object = {}) => ({ type: 'file', path: 'services.yaml', ...more });
const consul = (servers: readonly string[], more: object = {}) => ({
  type: 'consul_kv',
  servers: servers.map((server) => `http://${server}`),
  ...more,
});
const apply = async (discovery: object) =>
  registries.apply(await registries.prepare(configOf({ discovery }).discovery));
/** A source by its place among all that were made. */
function source(index: number): ScriptedSource {
  const found = made[index];
  if (found === undefined) throw new Error(`only ${made.length} sources were made`);
  return found;
}
function tell(index: number, services: Readonly<Record<string, readonly string[]>>): void {
  const { sink } = source(index);
  for (const [service, addresses] of Object.entries(services)) sink.set({ service }, stateOf(...addresses));
  sink.synced();
}
const addresses = (name: string) => catalogue.service(name)?.instances.map(addressOf);
const running = () => made.map((one) => one.running);
const stops = (...expected: readonly boolean[]) => eventually(() => expect(running()).toEqual(expected));

test('watches what is configured, in the order of the configuration', async () => {
  await apply({ b: consul(['s1', 's2']), a: file() });
  expect(running()).toEqual([true, true, true]);
  expect(catalogue.sources().map(({ registry, server }) => `${registry} ${server}`)).toEqual([
    'b http://s1',
    'b http://s2',
    'a file',
  ]);
});

describe('a reload', () => {
  test('lets an unchanged registry go on, though another one changes and the order too', async () => {
    await apply({ a: file(), b: file() });
    tell(0, { web: ['a:1'] });
    await apply({ b: file({ weight: 5 }), a: file() });
    expect(made).toHaveLength(3);
    await stops(true, false, true);
    expect(source(0).runs).toBe(1);
    expect(addresses('web')).toEqual(['a:1']);
    expect(catalogue.sources().map(({ registry }) => registry)).toEqual(['b', 'a']);
  });

  test('keeps the old state of a changed registry until the new one has answered, failures or not', async () => {
    await apply({ a: file() });
    tell(0, { web: ['a:1'], old: ['a:1'] });
    await apply({ a: file({ weight: 5 }) });
    expect(addresses('web')).toEqual(['a:1']);
    source(1).sink.failed(new SignalboxError('registry_unreachable', 'down'));
    expect(addresses('web')).toEqual(['a:1']);
    expect(catalogue.sources()).toHaveLength(2);
    tell(1, { web: ['b:1'] });
    expect([addresses('web'), addresses('old')]).toEqual([['b:1'], undefined]);
    expect(catalogue.sources()).toHaveLength(1);
  });

  test('a second one before the new registry has answered keeps the last good state as well', async () => {
    await apply({ a: file() });
    tell(0, { web: ['a:1'] });
    await apply({ a: file({ weight: 5 }) });
    await apply({ a: file({ weight: 6 }) });
    expect(addresses('web')).toEqual(['a:1']);
    expect(catalogue.sources()).toHaveLength(2);
    tell(2, {});
    expect(addresses('web')).toBeUndefined();
    expect(catalogue.sources()).toHaveLength(1);
  });

  test('takes a registry that never answered away at once: nobody waits for it', async () => {
    await apply({ a: file() });
    await apply({ a: file({ weight: 5 }) });
    await stops(false, true);
    expect(catalogue.sources()).toHaveLength(1);
    tell(1, {});
    expect(catalogue.unanswered()).toEqual([]);
  });

  test('takes a removed registry away with its services', async () => {
    await apply({ a: file(), b: file() });
    tell(0, { web: ['a:1'] });
    tell(1, { web: ['b:1'] });
    await apply({ b: file() });
    expect(addresses('web')).toEqual(['b:1']);
    await stops(false, true);
    await apply({});
    await stops(false, false);
    expect(addresses('web')).toBeUndefined();
    expect(catalogue.sources()).toEqual([]);
  });

  test('a registry that is removed while it is being replaced goes altogether', async () => {
    await apply({ a: file() });
    tell(0, { web: ['a:1'] });
    await apply({ a: file({ weight: 5 }) });
    await apply({});
    expect(catalogue.sources()).toEqual([]);
    await apply({ a: file() });
    expect(catalogue.sources()).toHaveLength(1);
  });

  test('a server that does not answer keeps up the state of that server alone', async () => {
    await apply({ kv: consul(['s1', 's2']) });
    tell(0, { web: ['a:1', 'a:2'] });
    tell(1, { web: ['b:1'] });
    await apply({ kv: consul(['s1', 's2'], { weight: 5 }) });
    expect(addresses('web')).toEqual(['a:1', 'a:2', 'b:1']);
    tell(2, { web: ['a:1'] });
    expect(addresses('web')).toEqual(['a:1', 'b:1']);
    tell(3, { web: [] });
    expect(addresses('web')).toEqual(['a:1']);
  });

  test('a server that is taken off the list goes at once, one that is new in its place is waited for', async () => {
    await apply({ kv: consul(['s1', 's2']) });
    tell(0, { web: ['a:1'] });
    tell(1, { web: ['b:1'] });
    await apply({ kv: consul(['s1']) });
    expect(addresses('web')).toEqual(['a:1']);
    await apply({ kv: consul(['s3']) });
    expect(addresses('web')).toEqual(['a:1']);
    tell(3, { web: ['c:1'] });
    expect(addresses('web')).toEqual(['c:1']);
  });

  test('of the old and the new state the new one has precedence', async () => {
    await apply({ kv: consul(['s1', 's2']) });
    tell(0, { web: ['a:1'] });
    tell(1, { web: ['b:1'] });
    await apply({ kv: consul(['s1', 's2'], { weight: 5 }) });
    tell(3, { web: ['a:1'] });
    expect(catalogue.service('web')?.instances).toMatchObject([{ host: 'a', server: 'http://s2' }]);
  });
});

test('services that a registry skips are not there', async () => {
  await apply({ a: file({ skip_services: ['test-*'], service_template: '{registry}/{service}' }) });
  tell(0, { web: ['a:1'], 'test-web': ['a:1'] });
  expect([...catalogue.names()]).toEqual(['a/web']);
});

test('a source that throws is reported and started again, and the others go on; what it no longer says is gone', async () => {
  await apply({ a: file(), b: file() });
  tell(0, { web: ['a:1'], old: ['a:1'] });
  source(0).break(new TypeError('a defect'));
  await eventually(() => expect(source(0).runs).toBe(2));
  expect(log).toMatchObject([
    { level: 50, registry: 'a', msg: 'registry source failed, starting it again: a defect' },
  ]);
  expect(source(1)).toMatchObject({ runs: 1, running: true });
  expect(addresses('old')).toEqual(['a:1']);
  tell(0, { web: ['a:1'] });
  expect([addresses('web'), addresses('old')]).toEqual([['a:1'], undefined]);
});

test('everything stops with its signal', async () => {
  await apply({ a: file(), b: consul(['s1', 's2']) });
  life.abort();
  await stops(false, false, false);
  expect(made.map(({ runs }) => runs)).toEqual([1, 1, 1]);
});
