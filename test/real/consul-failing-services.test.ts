import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Consul } from '../peers/consul.js';
import { ConsulCatalog } from '../peers/consul-catalog.js';
import { eventually } from '../peers/eventually.js';
import { ConsulWatch } from '../support/consul-watch.js';
import type { HttpFake } from '../support/http-fake.js';
import { recorderOf } from '../support/http-recorder.js';

const PATIENCE = 30_000;

let consul: Consul;
let catalog: ConsulCatalog;
/** A gateway to Consul that answers some queries by itself. */
let gateway: HttpFake;
let passOn: HttpFake['answer'];
let watch: ConsulWatch | undefined;

beforeAll(async () => {
  consul = await Consul.start();
  catalog = new ConsulCatalog(consul.url);
});
afterAll(async () => {
  await catalog.close();
  await consul.close();
});
beforeEach(async () => {
  gateway = await recorderOf(consul.url).start();
  passOn = gateway.answer;
});
afterEach(async () => {
  await watch?.close();
  await gateway.stop();
  for (const node of ['node', 'n1', 'filler', '..']) await catalog.deregister(node);
});

const follow = (options: object = {}): ConsulWatch => {
  watch = new ConsulWatch(gateway.url, { timeout: { read: 500 }, ...options });
  return watch;
};
/** More services than have a blocking query each. */
const fill = async (count: number) => {
  for (let at = 0; at < count; at += 1)
    await catalog.register({ service: `filler-${at}`, node: 'filler', port: 1_000 + at });
};
const register = async (service: string, port = 80) =>
  await catalog.register({ service, id: `id of ${service}`, port });

/** Has the gateway answer the queries of one service. */
function answerFor(service: string, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  gateway.answer = (request, response) => {
    const isIts = request.url?.startsWith(`/v1/health/service/${service}`) === true;
    (isIts ? answer : passOn)(request, response);
  };
}
const asked = (service: string) =>
  gateway.requests.filter(({ url }) => url.pathname === `/v1/health/service/${service}`).length;

const INDEX = { 'x-consul-index': '9' };
const NAMELESS = ['..', '.', '/service.v1', 'a/../b', 'a//b', '/', 'line\nbreak', 'c1\u0085', '*'];
const ODD = [
  'sp ace',
  'ü',
  '100%',
  '%2e%2e',
  'why?',
  'h#sh',
  'a;b',
  'a&b=c+d',
  'a/b',
  'a/',
  '..a',
  '😀',
  '"',
];

/** How a query of one service may fail, and what that is called. */
const MISBEHAVIOURS: Readonly<Record<string, readonly [string, HttpFake['answer']]>> = {
  errs: ['registry_bad_answer', (_, response) => response.writeHead(500).end('broken')],
  redirects: ['registry_bad_answer', (_, response) => response.writeHead(301, { location: '/' }).end()],
  'no-json': ['registry_bad_answer', (_, response) => response.writeHead(200, INDEX).end('[{')],
  'no-http': ['registry_bad_answer', (_, response) => response.socket?.end('nonsense\r\n\r\n')],
  silent: ['registry_timeout', () => undefined],
  cut: ['registry_unreachable', (_, response) => response.destroy()],
  refused: ['registry_refused', (_, response) => response.writeHead(403).end('no')],
};

describe.each([
  ['few services', 0],
  ['many services', 40],
])('%s', (_, others) => {
  test('names that Consul takes and its own API cannot address are left out, odd ones are not', async () => {
    await fill(others);
    for (const name of [...NAMELESS, ...ODD, 'web']) await register(name);
    const watched = follow();
    const { sink } = watched;
    for (const name of [...ODD, 'web']) await watched.served(name, ['10.1.0.1:80']);
    expect([...sink.services.keys()].sort()).toEqual(
      [...ODD, 'web', ...Array.from({ length: others }, (__, at) => `filler-${at}`)].sort(),
    );
    expect([...sink.failing].map(([name, { code }]) => [name, code]).sort()).toEqual(
      NAMELESS.map((name) => [name, 'service_name_invalid']).sort(),
    );
    for (const name of [...ODD, 'web']) {
      await register(name, 81);
      await watched.served(name, ['10.1.0.1:81']);
    }
    await catalog.deregister('node', 'id of ..');
    await eventually(() => expect(sink.failing.has('..')).toBe(false), PATIENCE);
    expect(sink.errors).toEqual([]);
  });

  test('services whose queries fail in every way keep their state, and the others are followed', async () => {
    await fill(others);
    const bad = Object.keys(MISBEHAVIOURS);
    for (const name of ['web', ...bad]) await register(name);
    const watched = follow();
    const { sink } = watched;
    for (const name of ['web', ...bad]) await watched.served(name, ['10.1.0.1:80']);
    gateway.answer = (request, response) => {
      const name = request.url?.match(/^\/v1\/health\/service\/([\w-]+)/)?.[1] ?? '';
      (MISBEHAVIOURS[name]?.[1] ?? passOn)(request, response);
    };
    // So that the queries that stand already do not tell.
    gateway.cut();
    for (const name of ['web', ...bad]) await register(name, 81);
    await watched.served('web', ['10.1.0.1:81']);
    const expected = Object.entries(MISBEHAVIOURS).map(([name, [code]]) => [name, code]);
    const failing = () => [...sink.failing].map(([name, { code }]) => [name, code]).sort();
    await eventually(() => expect(failing()).toEqual(expected.sort()), PATIENCE);
    for (const name of bad) expect(sink.addresses(name), name).toEqual(['10.1.0.1:80']);
    await watched.healthy();
    await register('web', 82);
    await watched.served('web', ['10.1.0.1:82']);
    gateway.answer = passOn;
    for (const name of bad) await watched.served(name, ['10.1.0.1:81']);
    expect(sink.failing.size).toBe(0);
    await catalog.deregister('node', 'id of errs');
    await watched.served('errs', undefined);
  });

  test('a service that fails from the start is not waited for, and is gone when Consul has it no more', async () => {
    await fill(others);
    await register('web');
    await register('bad');
    answerFor('bad', (__, response) => response.writeHead(500).end());
    const watched = follow();
    const { sink } = watched;
    await watched.served('web', ['10.1.0.1:80']);
    expect(asked('bad')).toBeGreaterThan(1);
    expect([...sink.failing.keys()]).toEqual(['bad']);
    const tries = asked('bad');
    await eventually(() => expect(asked('bad')).toBeGreaterThan(tries), PATIENCE);
    await catalog.deregister('node', 'id of bad');
    await eventually(() => expect(sink.failing.size).toBe(0), PATIENCE);
    expect(sink.errors).toEqual([]);
  });

  test('a new service that fails holds up no change of the others', async () => {
    await fill(others);
    await register('web');
    let attempts = 0;
    let ended = 0;
    // The first attempt fails, the second one takes its time.
    answerFor('bad', (__, response) => {
      attempts += 1;
      response.on('close', () => (ended += 1));
      if (attempts === 1) response.writeHead(500).end();
    });
    const watched = follow({ timeout: { read: 5_000 } });
    await watched.served('web', ['10.1.0.1:80']);
    await register('bad');
    await eventually(() => expect(ended).toBe(1), PATIENCE);
    await register('web', 81);
    await watched.served('web', ['10.1.0.1:81']);
    expect(ended).toBe(1);
    await eventually(() => expect([...watched.sink.failing.keys()]).toEqual(['bad']), PATIENCE);
  });

  test('where no service answers, the registry has not', async () => {
    await fill(others);
    await register('web');
    gateway.answer = (request, response) => {
      if (request.url?.startsWith('/v1/health/service/') === true) response.writeHead(500).end();
      else passOn(request, response);
    };
    const watched = follow();
    const { sink } = watched;
    await eventually(() => expect(sink.errors.length).toBeGreaterThan(0), PATIENCE);
    expect(sink.syncs).toBe(0);
    gateway.answer = passOn;
    await watched.served('web', ['10.1.0.1:80']);
    await eventually(() => expect(sink.failing.size).toBe(0), PATIENCE);
  });

  test('a service to skip is not even asked for', async () => {
    await fill(others);
    await register('web');
    await register('internal-a');
    answerFor('internal-a', (__, response) => response.writeHead(500).end());
    const watched = follow({ skip_services: ['internal-*'] });
    await watched.served('web', ['10.1.0.1:80']);
    await register('internal-b');
    await register('web', 81);
    await watched.served('web', ['10.1.0.1:81']);
    expect([asked('internal-a'), asked('internal-b'), watched.sink.failing.size]).toEqual([0, 0, 0]);
  });
});

test('a node whose own query fails, or that has none, costs no service', async () => {
  await fill(40);
  const nodes = ['..', 'n1'];
  for (const node of nodes) await catalog.register({ service: `on ${node}`, node, port: 80 });
  const asked = (node: string) =>
    gateway.requests.some(({ url }) => url.pathname === `/v1/catalog/node/${node}`);
  gateway.answer = (request, response) => {
    if (request.url?.startsWith('/v1/catalog/node/n1') === true) response.writeHead(500).end();
    else passOn(request, response);
  };
  const watched = follow();
  for (const node of nodes) await watched.served(`on ${node}`, ['10.1.0.1:80']);
  for (const node of nodes) await catalog.moveNode(node, '10.1.0.2');
  await eventually(() => expect(asked('n1')).toBe(true), PATIENCE);
  for (const node of nodes) await watched.served(`on ${node}`, ['10.1.0.2:80']);
  await register('api');
  await watched.served('api', ['10.1.0.1:80']);
  expect(watched.sink.errors).toEqual([]);
});
