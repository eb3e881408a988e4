import type { IncomingMessage, ServerResponse } from 'node:http';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eurekaOptions } from '../../../../src/discovery/eureka/options.js';
import { createEurekaSources } from '../../../../src/discovery/eureka/source.js';
import { eventually } from '../../../peers/eventually.js';
import { HttpFake } from '../../../support/http-fake.js';
import { RecordingSink } from '../../../support/recording-sink.js';

let full: unknown;
let delta: unknown;
let deltaStatus: number;
let fake: HttpFake;
let life: AbortController;
let sink: RecordingSink;
let running: Promise<unknown>;

const item = (port: number, extra: object = {}) => ({
  instanceId: `i${port}`,
  ipAddr: '10.0.0.1',
  status: 'UP',
  port: { $: port, '@enabled': 'true' },
  ...extra,
});
const apps = (hash: string, application: unknown) => ({
  applications: { apps__hashcode: hash, application },
});
const answer = (request: IncomingMessage, response: ServerResponse) => {
  const isDelta = request.url?.endsWith('/delta') === true;
  const body = isDelta ? delta : full;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(isDelta ? deltaStatus : 200, { 'content-type': 'application/json' }).end(text);
};
const paths = () => fake.requests.map(({ url }) => url.pathname.replace('/eureka/apps', ''));
const run = (options: object = {}) => {
  const read = eurekaOptions.parse({ type: 'eureka', host: [fake.url], fetch_interval: 1, ...options });
  const [source] = createEurekaSources('eu', read, { logger: pino({ enabled: false }) });
  if (source === undefined) throw new Error('no source');
  running = source.run(sink, life.signal);
};

beforeEach(async () => {
  deltaStatus = 200;
  full = apps('UP_1_', [{ name: 'A', instance: [item(1)] }]);
  delta = apps('UP_1_', []);
  fake = await new HttpFake(answer).start();
  life = new AbortController();
  sink = new RecordingSink();
  running = Promise.resolve();
});

afterEach(async () => {
  life.abort();
  await running;
  await fake.stop();
});

test('a single application and a single instance may come as objects', async () => {
  full = apps('UP_1_', { name: 'A', instance: item(1) });
  run();
  await eventually(() => expect(sink.addresses('A')).toEqual(['10.0.0.1:1']));
});

test('reads in full once, then deltas; a hash that does not fit is followed by a full read', async () => {
  run();
  await eventually(() => expect(paths().slice(0, 2)).toEqual(['', '/delta']));
  expect(sink.sets).toBe(1);
  full = apps('UP_3_', [{ name: 'A', instance: [item(1), item(2), item(3)] }]);
  delta = apps('UP_3_', [{ name: 'A', instance: [item(2)] }]);
  await eventually(() => expect(sink.addresses('A')).toHaveLength(3));
  const again = paths().indexOf('', 1);
  expect(paths().slice(again - 1, again + 1)).toEqual(['/delta', '']);
  expect(sink.revision).toBe('UP_3_');
});

test('a delta that is given out again is checked against everything, once', async () => {
  run();
  await eventually(() => expect(paths().slice(0, 5)).toEqual(['', '/delta', '/delta', '', '/delta']));
  await eventually(() => expect(paths().length).toBeGreaterThan(6));
  expect(paths().slice(4)).not.toContain('');
});

/** What the server does that was told of a removal while it computed the delta: it goes on to give out what it has. */
test('a removal that the delta never tells of is seen, and what the old delta says does not come back', async () => {
  const both = { name: 'A', instance: [item(1), item(2)] };
  full = apps('UP_1_', [{ name: 'A', instance: [item(1)] }]);
  run();
  await eventually(() => expect(sink.addresses('A')).toEqual(['10.0.0.1:1']));
  delta = apps('UP_2_', [both]);
  await eventually(() => expect(sink.addresses('A')).toHaveLength(2));
  await eventually(() => expect(sink.addresses('A')).toEqual(['10.0.0.1:1']));
  // As long as they contradict one another, everything counts.
  const reads = paths().filter((path) => path === '').length;
  await eventually(() => expect(paths().filter((path) => path === '').length).toBeGreaterThan(reads + 1));
  expect(sink.addresses('A')).toEqual(['10.0.0.1:1']);
  delta = apps('UP_2_', [{ name: 'A', instance: [item(2, { actionType: 'DELETED' }), item(3)] }]);
  full = apps('UP_2_', [{ name: 'A', instance: [item(1), item(3)] }]);
  await eventually(() => expect(sink.addresses('A')).toEqual(['10.0.0.1:1', '10.0.0.1:3']));
  expect(sink.errors).toEqual([]);
});

test('one that was replaced without a word of the delta is seen: as many are there as before', async () => {
  run();
  await eventually(() => expect(paths()).toContain('/delta'));
  delta = apps('UP_1_', [{ name: 'B', instance: [item(9, { actionType: 'DELETED' })] }]);
  full = apps('UP_1_', [{ name: 'A', instance: [item(2)] }]);
  await eventually(() => expect(sink.addresses('A')).toEqual(['10.0.0.1:2']));
});

test('a server without deltas is read in full, and asked for deltas once', async () => {
  deltaStatus = 403;
  run();
  await eventually(() => expect(paths().slice(0, 4)).toEqual(['', '/delta', '', '']));
  expect(sink.errors).toEqual([]);
});

test.each<[string, unknown]>([
  ['no JSON', '<applications/>'],
  ['no applications', {}],
  ['an application without a name', apps('', [{ instance: [] }])],
])('%s is a failure, and what was good stays', async (_, broken) => {
  run();
  await eventually(() => expect(sink.addresses('A')).toEqual(['10.0.0.1:1']));
  delta = broken;
  full = broken;
  await eventually(() => expect(sink.errors).toMatchObject([{ code: 'registry_bad_answer' }]));
  expect(sink.addresses('A')).toEqual(['10.0.0.1:1']);
});

test.each([401, 500])('a delta that is answered with %i takes nothing out', async (status) => {
  run();
  await eventually(() => expect(sink.addresses('A')).toEqual(['10.0.0.1:1']));
  deltaStatus = status;
  const code = status === 401 ? 'registry_refused' : 'registry_bad_answer';
  await eventually(() => expect(sink.errors).toMatchObject([{ code }]));
  expect(sink.addresses('A')).toEqual(['10.0.0.1:1']);
  await eventually(() => expect(sink.healthy).toBe(true));
});

test('a path in the URL comes before the prefix', async () => {
  run({ host: [`${fake.url}/base`], prefix: 'eureka/v2' });
  await eventually(() => expect(fake.requests[0]?.url.pathname).toBe('/base/eureka/v2/apps'));
});

test('hosts are named without their passwords, and a shorter interval than 1 s is refused', () => {
  const read = eurekaOptions.parse({ type: 'eureka', host: ['http://u:p/w@a:1/', 'http://b:2'] });
  const [source] = createEurekaSources('eu', read, { logger: pino({ enabled: false }) });
  expect(source?.server).toBe('http://a:1, http://b:2');
  expect(read).toMatchObject({ fetch_interval: 30_000, weight: 100, prefix: '/eureka/' });
  expect(read.timeout).toEqual({ connect: 2_000, send: 2_000, read: 5_000, answer: 60_000 });
  expect(eurekaOptions.safeParse({ ...read, fetch_interval: '500ms' }).success).toBe(false);
});
