import { expect, test } from 'vitest';
import { actionRoutes } from '../../../src/admin/actions.js';

const released: string[] = [];
const app = actionRoutes({
  release: (registry) => (registry === 'kv' ? released.push(registry) : undefined),
  rollback: (version) => version === 'v1+/=',
  unpin: () => true,
});

async function post(path: string) {
  const response = await app.request(path, { method: 'POST' });
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

test('nothing is done by looking', async () => {
  const response = await app.request('/registries/kv/release');
  expect(response.status).toBe(404);
});
