import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RegistrySet } from '../../../src/app/registry-set.js';
import { Catalogue } from '../../../src/catalogue/catalogue.js';
import { SignalboxError } from '../../../src/errors.js';
import { addressOf } from '../../../src/model/instance.js';
import { eventually } from '../../peers/eventually.js';
import { configOf } from '../../support/configuration.js';
import { stateOf } from '../../support/instances.js';
import { ScriptedSource } from '../../support/scripted-source.js';

let folder: string;
let path: string;
let log: { readonly msg: string }[];
const lives: AbortController[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-dump-'));
  path = join(folder, 'east.dump');
  log = [];
});
afterEach(() => {
  for (const life of lives.splice(0)) life.abort();
  rmSync(folder, { recursive: true, force: true });
});

/** A life of the process, from its start to `end`. */
async function start(dump: object = {}) {
  const life = new AbortController();
  lives.push(life);
  const logger = pino({}, { write: (line) => log.push(JSON.parse(line)) });
  const catalogue = new Catalogue({ logger });
  const sources: ScriptedSource[] = [];
  const create = async (registry: string) => {
    sources.push(new ScriptedSource(registry));
    return sources.slice(-1);
  };
  const registries = new RegistrySet(catalogue, create, logger, life.signal);
  const east = { type: 'consul_kv', servers: ['http://127.0.0.1:1'], dump: { path, ...dump } };
  registries.apply(await registries.prepare(configOf({ discovery: { east } }).discovery));
  const [source] = sources;
  if (source === undefined) throw new Error('no source was made');
  return {
    source,
    addresses: (name: string) => catalogue.service(name)?.instances.map(addressOf),
    waiting: () => catalogue.unanswered().length,
    end: async () => {
      life.abort();
      await registries.closed();
    },
  };
}

const refused = new SignalboxError('registry_unreachable', 'connection refused');

async function oneGoodLife(): Promise<void> {
  const { source, end } = await start();
  source.sink.set({ service: 'a' }, stateOf('10.0.0.1:80'));
  source.sink.set({ service: 'b', group: 'g' }, stateOf('10.0.0.2:80'));
  source.sink.synced();
  await end();
}

test('what was good is written, also while the process runs, and served again when the registry does not answer', async () => {
  const first = await start();
  first.source.sink.set({ service: 'a' }, stateOf('10.0.0.1:80'));
  first.source.sink.synced();
  await eventually(() => expect(existsSync(path)).toBe(true));
  await first.end();

  const second = await start();
  expect(second.waiting()).toBe(1);
  second.source.sink.failed(refused);
  expect(second.waiting()).toBe(0);
  expect(second.addresses('a')).toEqual(['10.0.0.1:80']);
});

test('a registry that says nothing at all is not waited for either', async () => {
  await oneGoodLife();
  const second = await start();
  await eventually(() => expect(second.addresses('a')).toEqual(['10.0.0.1:80']));
});

test('the first answer is the truth: what it does not have is gone', async () => {
  await oneGoodLife();
  const second = await start();
  second.source.sink.failed(refused);
  second.source.sink.set({ service: 'a' }, stateOf('10.0.0.9:80'));
  second.source.sink.synced();
  expect(second.addresses('a')).toEqual(['10.0.0.9:80']);
  expect(second.addresses('b')).toBeUndefined();
});

test('a service that fails at the start keeps what the file has, while what else is missing is gone', async () => {
  await oneGoodLife();
  const second = await start();
  second.source.sink.set({ service: 'new' }, stateOf('10.0.0.3:80'));
  second.source.sink.serviceFailed({ service: 'a' }, new SignalboxError('registry_bad_answer', 'status 500'));
  second.source.sink.synced();
  expect([second.addresses('a'), second.addresses('b'), second.addresses('new')]).toEqual([
    ['10.0.0.1:80'],
    undefined,
    ['10.0.0.3:80'],
  ]);
  await second.end();
  // The file is written again with the state that was kept.
  const third = await start();
  third.source.sink.failed(refused);
  expect([third.addresses('a'), third.addresses('new')]).toEqual([['10.0.0.1:80'], ['10.0.0.3:80']]);
});

test('a name that cannot be asked for makes no use of the file', async () => {
  await oneGoodLife();
  const second = await start();
  second.source.sink.serviceFailed({ service: '..' }, new SignalboxError('service_name_invalid', 'no'));
  expect(second.waiting()).toBe(1);
  second.source.sink.synced();
  expect(second.addresses('a')).toBeUndefined();
});

test('a registry that answers makes no use of the file', async () => {
  await oneGoodLife();
  const second = await start();
  second.source.sink.synced();
  second.source.sink.failed(refused);
  expect(second.addresses('a')).toBeUndefined();
});

test('a damaged file is set aside and said so; the registry is waited for', async () => {
  await oneGoodLife();
  writeFileSync(path, readFileSync(path, 'utf8').replace('10.0.0.1', '10.6.6.6'));
  const second = await start();
  second.source.sink.failed(refused);
  expect(second.waiting()).toBe(1);
  expect(existsSync(path)).toBe(false);
  expect(existsSync(`${path}.damaged`)).toBe(true);
  expect(log.map(({ msg }) => msg)).toContain(
    'last-known-good file set aside: its checksum does not fit its content',
  );
});

test.each([{ load_on_init: false }, { expire: '1ms' }])('%j: the file is not read', async (dump) => {
  await oneGoodLife();
  const written = JSON.parse(readFileSync(path, 'utf8').split('\n')[1] ?? '') as { readonly at: number };
  await eventually(() => expect(Date.now()).toBeGreaterThan(written.at + 1));
  const second = await start(dump);
  second.source.sink.failed(refused);
  expect(second.waiting()).toBe(1);
});

test('a file that cannot be written is said so and costs nothing else', async () => {
  rmSync(folder, { recursive: true });
  await oneGoodLife();
  expect(log.some(({ msg }) => msg.startsWith('the last-known-good file cannot be written'))).toBe(true);
});
