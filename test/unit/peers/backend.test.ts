import { request } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { Backend } from '../../peers/backend.js';

let backend: Backend | undefined;
afterEach(async () => await backend?.close());

test('a backend says its name and the path it was asked for, and counts', async () => {
  backend = await Backend.start('red');
  const { headers, body } = await request(`http://${backend.address}/a?b=c`);
  expect(await body.text()).toBe('red\n');
  expect(headers['x-path']).toBe('/a?b=c');
  expect(backend.requests).toBe(1);
});

test('it answers the status it was told, and its health apart from that and uncounted', async () => {
  backend = await Backend.start('red');
  backend.status = 500;
  const statuses = async () => {
    const answers = ['/', '/health'].map((path) => request(`http://${backend?.address}${path}`));
    return (await Promise.all(answers)).map((answer) => answer.statusCode);
  };
  expect(await statuses()).toEqual([500, 200]);
  backend.healthy = false;
  expect(await statuses()).toEqual([500, 503]);
  expect(backend.requests).toBe(2);
});

test('closing cuts off a request that is being answered', async () => {
  const slow = await Backend.start('slow');
  slow.delay = 60_000;
  const answer = request(`http://${slow.address}/`);
  await expect.poll(() => slow.requests).toBe(1);
  await Promise.all([expect(answer).rejects.toThrow(), slow.close()]);
  backend = await Backend.start('again', { port: slow.port });
  expect(backend.port).toBe(slow.port);
});
