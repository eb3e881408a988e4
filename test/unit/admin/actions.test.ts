import { expect, test } from 'vitest';
import { actionRoutes } from '../../../src/admin/actions.js';

const released: string[] = [];
const app = actionRoutes({
  release: (registry) => (registry === 'kv' ? released.push(registry) : undefined),
  rollback: (version) => version === 'v1+/=',
  unpin: () => true,
});

async function post(path: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await app.request(path, {
    method: 'POST',
    headers: { host: '127.0.0.1:18001', ...headers },
  });
  return { status: response.status, body: await response.json() };
}

test('an operator releases a registry by its name', async () => {
  released.length = 0;
  expect(await post('/registries/kv/release')).toEqual({
    status: 200,
    body: { registry: 'kv', released: 1 },
  });
  expect(await post('/registries/other/release')).toEqual({
    status: 404,
    body: { error: 'there is no registry "other"' },
  });
});

test('an operator goes back to a version and on again', async () => {
  expect(await post(`/snapshots/${encodeURIComponent('v1+/=')}/pin`)).toEqual({
    status: 200,
    body: { pinned: 'v1+/=' },
  });
  expect((await post('/snapshots/v2/pin')).status).toBe(404);
  expect(await post('/unpin')).toEqual({ status: 200, body: { unpinned: true } });
});

test.each([
  ['the page itself', { origin: 'http://127.0.0.1:18001', 'sec-fetch-site': 'same-origin' }, 200],
  ['the page as localhost', { origin: 'http://localhost:18001', host: 'localhost:18001' }, 200],
  ['the page over IPv6', { origin: 'http://[::1]:18001', host: '[::1]:18001' }, 200],
  ['a page of another site', { origin: 'http://evil.example' }, 403],
  ['a page without an origin', { origin: 'null' }, 403],
  ['another port of this host', { origin: 'http://127.0.0.1:8080' }, 403],
  ['a form of another site', { 'sec-fetch-site': 'cross-site' }, 403],
  [
    'a name that was made to point here',
    { origin: 'http://evil.example:18001', host: 'evil.example:18001', 'sec-fetch-site': 'same-origin' },
    403,
  ],
  ['a script by a name of its own', { host: 'signalbox.internal:18001' }, 200],
])('%s: %s → %i', async (_who, headers, status) => {
  released.length = 0;
  const answer = await post('/registries/kv/release', { ...headers } as Record<string, string>);
  expect(answer.status).toBe(status);
  expect(released).toHaveLength(status === 200 ? 1 : 0);
});

test('nothing is done by looking', async () => {
  const response = await app.request('/registries/kv/release');
  expect(response.status).toBe(404);
});
