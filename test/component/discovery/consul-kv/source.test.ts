import type { IncomingMessage, ServerResponse } from 'node:http';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { consulKvOptions } from '../../../../src/discovery/consul-kv/options.js';
import { createConsulKvSources } from '../../../../src/discovery/consul-kv/source.js';
import type { Source } from '../../../../src/discovery/source.js';
import { eventually } from '../../../peers/eventually.js';
import { HttpFake } from '../../../support/http-fake.js';
import { RecordingSink } from '../../../support/recording-sink.js';

type Step = (response: ServerResponse, request: IncomingMessage) => void;

const list = (addresses: readonly string[], index: number): Step => {
  const body = addresses.map((address) => ({
    Key: `upstreams/web/${address}`,
    ModifyIndex: index,
    Value: Buffer.from('{}').toString('base64'),
  }));
  return (response) => response.writeHead(200, { 'x-consul-index': String(index) }).end(JSON.stringify(body));
};
const reply =
  (status: number, headers: Record<string, string>, body = ''): Step =>
  (response) =>
    response.writeHead(status, headers).end(body);

let steps: Step[];
let probe: Step;
/** The index of the whole store; undefined: that of the last answer. */
let storeIndex: number | undefined;
let folderIndex: number | undefined;
let fake: HttpFake;
let life: AbortController;
let sink: RecordingSink;
let running: Promise<unknown>;

/** The queries so far, without the probes. */
const queries = () =>
  fake.requests.filter(({ url }) => url.searchParams.has('recurse')).map(({ url }) => url);
const indexes = () => queries().map(({ searchParams }) => searchParams.get('index'));

const create = (options: object = {}): Source => {
  const read = consulKvOptions.parse({ type: 'consul_kv', servers: [fake.url], ...options });
  const [source] = createConsulKvSources('kv', read, {
    logger: pino({ enabled: false }),
    probeEvery: 100,
  });
  if (source === undefined) throw new Error('no source');
  return source;
};
const run = (options: object = {}) => {
  running = create(options).run(sink, life.signal);
};

beforeEach(async () => {
  steps = [];
  storeIndex = undefined;
  folderIndex = undefined;
  probe = (response, request) => {
    const keys = request.url?.includes('keys');
    const index = keys ? folderIndex : storeIndex;
    reply(keys ? 200 : 404, { 'x-consul-index': String(index ?? indexes().at(-1) ?? 1) })(response, request);
  };
  // After the last step a query stays open, as a blocking one does.
  fake = await new HttpFake((request, response) => {
    if (request.url?.includes('recurse')) steps.shift()?.(response, request);
    else probe(response, request);
  }).start();
  life = new AbortController();
  sink = new RecordingSink();
  running = Promise.resolve();
});

afterEach(async () => {
  life.abort();
  await running;
  await fake.stop();
});

test('asks at once first, then blocks on the index of each answer', async () => {
  steps = [list(['a:1'], 10), list(['a:1', 'b:1'], 12)];
  run({ timeout: { wait: '90s' } });
  await eventually(() => expect(indexes()).toEqual([null, '10', '12']));
  expect(queries().map(({ pathname }) => pathname)).toEqual(Array(3).fill('/v1/kv/upstreams/'));
  expect(queries().map(({ searchParams }) => searchParams.get('wait'))).toEqual([null, '90s', '90s']);
  // A server that has just started may answer with states long past otherwise.
  expect(queries().map(({ searchParams }) => searchParams.has('consistent'))).toEqual([true, false, false]);
  expect(sink.addresses('web')).toEqual(['a:1', 'b:1']);
  expect(sink.revision).toBe('12');
});

test('an index that went back is read anew, and its answer counts', async () => {
  steps = [list(['a:1', 'b:1'], 10), list(['a:1'], 4), list(['c:1'], 5)];
  run();
  await eventually(() => expect(indexes()).toEqual([null, '10', null, '5']));
  expect(sink.addresses('web')).toEqual(['c:1']);
});

test('an index below 1 is 1', async () => {
  steps = [list([], 0)];
  run();
  await eventually(() => expect(indexes()).toEqual([null, '1']));
});

test('404 is an answer: the last instance goes, and its index is waited for', async () => {
  steps = [list(['a:1'], 10), reply(404, { 'x-consul-index': '11' })];
  run();
  await eventually(() => expect(indexes()).toEqual([null, '10', '11']));
  expect(sink.addresses('web')).toBeUndefined();
  expect(sink).toMatchObject({ healthy: true, errors: [] });
});

test.each<[string, Step, string]>([
  ['500', reply(500, { 'x-consul-index': '11' }, 'No cluster leader'), 'registry_bad_answer'],
  ['403', reply(403, {}, 'Permission denied'), 'registry_refused'],
  [
    'a 404 that ACLs made',
    reply(404, { 'x-consul-index': '11', 'x-consul-results-filtered-by-acls': 'true' }),
    'registry_refused',
  ],
  [
    'an empty list that ACLs made',
    reply(200, { 'x-consul-index': '11', 'x-consul-results-filtered-by-acls': 'true' }, '[]'),
    'registry_refused',
  ],
  ["somebody else's 404", reply(404, {}, 'not found'), 'registry_bad_answer'],
  ['broken JSON', reply(200, { 'x-consul-index': '11' }, '[{"Key":'), 'registry_bad_answer'],
  ['JSON that is no list', reply(200, { 'x-consul-index': '11' }, '{}'), 'registry_bad_answer'],
  ['a list of something else', reply(200, { 'x-consul-index': '11' }, '[1]'), 'registry_bad_answer'],
  ['a page for people', reply(200, {}, '<html>'), 'registry_bad_answer'],
  ['garbage', (_, request) => request.socket.end('garbage\r\n\r\n'), 'registry_bad_answer'],
  ['a cut connection', (_, request) => request.socket.destroy(), 'registry_unreachable'],
])(
  '%s keeps the last good, is told, and is followed by a query that does not block',
  async (_, step, code) => {
    steps = [list(['a:1'], 10), step, list(['a:1', 'b:1'], 9)];
    run();
    await eventually(() => expect(sink.errors).toMatchObject([{ code }]));
    expect(sink.addresses('web')).toEqual(['a:1']);
    await eventually(() => expect(indexes()).toEqual([null, '10', null, '9']));
    expect(sink.addresses('web')).toEqual(['a:1', 'b:1']);
    expect(sink.healthy).toBe(true);
  },
);

test('a server whose index fell behind while a query blocks is read anew', async () => {
  steps = [list(['a:1'], 10)];
  run();
  await eventually(() => expect(indexes()).toEqual([null, '10']));
  storeIndex = 3;
  steps = [list(['b:1'], 3), list(['b:1'], 3)];
  await eventually(() => expect(indexes()).toEqual([null, '10', null, null, '3']));
  expect(sink.addresses('web')).toEqual(['b:1']);
  expect(sink.errors).toEqual([]);
});

test('a change that does not wake the query is found all the same, and other changes of the store cost no list', async () => {
  const looks = () => fake.requests.filter(({ url }) => url.searchParams.has('keys')).length;
  const probes = () => fake.requests.filter(({ url }) => url.pathname.endsWith('/.signalbox')).length;
  steps = [list(['a:1'], 10)];
  run();
  storeIndex = 20;
  await eventually(() => expect(looks()).toBe(1));
  const before = probes();
  await eventually(() => expect(probes()).toBe(before + 1));
  expect([looks(), ...indexes()]).toEqual([1, null, '10']);
  storeIndex = 21;
  folderIndex = 8;
  steps = [reply(404, { 'x-consul-index': '8' }), reply(404, { 'x-consul-index': '8' })];
  await eventually(() => expect(indexes()).toEqual([null, '10', null, null, '8']));
  expect(sink.addresses('web')).toBeUndefined();
  expect(sink.errors).toEqual([]);
});

test('a 404 is a failure where the token may not read a single key either', async () => {
  steps = [list(['a:1'], 10), reply(404, { 'x-consul-index': '11' })];
  probe = reply(403, {}, 'Permission denied');
  run();
  await eventually(() => expect(sink.errors).toMatchObject([{ code: 'registry_refused' }]));
  expect(sink.addresses('web')).toEqual(['a:1']);
});

test('a blocking query on a server that went silent is given up, and asked again until there is an answer', async () => {
  steps = [list(['a:1'], 10)];
  const answering = fake.answer;
  run({ timeout: { read: 200 } });
  await eventually(() => expect(indexes()).toEqual([null, '10']));
  fake.answer = () => undefined;
  await eventually(() => expect(sink.errors).not.toEqual([]));
  expect(sink.errors[0]?.code).toBe('registry_timeout');
  expect(sink.addresses('web')).toEqual(['a:1']);
  steps = [list(['b:1'], 11)];
  fake.answer = answering;
  await eventually(() => expect(sink.addresses('web')).toEqual(['b:1']));
  expect(sink.healthy).toBe(true);
});

test('keepalive false asks again and again and never blocks', async () => {
  steps = [list(['a:1'], 10), reply(404, { 'x-consul-index': '11' }), list(['b:1'], 12)];
  run({ keepalive: false, fetch_interval: '10ms' });
  await eventually(() => expect(sink.addresses('web')).toEqual(['b:1']));
  await eventually(() => expect(indexes()).toEqual([null, null, null, null]));
});

test('an answer without a change sets nothing', async () => {
  steps = [list(['a:1'], 10), list(['a:1'], 11)];
  run();
  await eventually(() => expect(sink.syncs).toBe(2));
  expect(sink.sets).toBe(1);
});

test('the token is sent with each query and shown nowhere', async () => {
  steps = [reply(403, {}, 'token secret-1 may not'), list(['a:1'], 10)];
  run({ token: 'secret-1' });
  await eventually(() => expect(indexes()).toEqual([null, null, '10']));
  expect(fake.requests.map(({ headers }) => headers['x-consul-token'])).toEqual(Array(3).fill('secret-1'));
  expect(sink.errors.map(String).join()).toMatch(/403.*\[secret\]/);
});

test('a source is named by its server without user and password, and knows its full names', () => {
  const source = create({ servers: ['http://u:p@consul.example.com:80/'], prefix: 'a/b' });
  expect(source).toMatchObject({ registry: 'kv', server: 'http://consul.example.com' });
  const base = 'http://consul.example.com/v1/kv';
  expect(source.alias?.(`${base}/a/b/team/user-service/`)).toEqual({ service: 'team/user-service' });
  expect(source.alias?.(`http://u:p@consul.example.com:80/v1/kv/a/b/web`)).toEqual({ service: 'web' });
  for (const name of [`${base}/a/b/`, `${base}/a/b2/web/`, 'http://other/v1/kv/a/b/web/', 'web', 'a/b/web']) {
    expect(source.alias?.(name)).toBeUndefined();
  }
});
