import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { request } from 'undici';
import { expect, test } from 'vitest';
import { command } from '../peers/cache.js';
import { PeerProcess } from '../peers/process.js';

const demo = resolve(import.meta.dirname, '../../scripts/demo.mjs');

test('the demo asks, checks and ends well', async () => {
  expect(await command(process.execPath, [demo, '--once'])).toContain('every answer was right');
});

test('the demo says where to ask, and on Ctrl-C leaves nothing behind', async () => {
  const running = PeerProcess.start('demo', process.execPath, [demo]);
  try {
    await running.until(() => running.output.includes('Ctrl-C ends the demo'));
    const urls = [...running.output.matchAll(/curl (\S+)/g)].map(([, url = '']) => url);
    const folder = /edit (\S+)\/services.yaml/.exec(running.output)?.[1] ?? '';
    expect(urls).toHaveLength(4);
    expect(existsSync(folder)).toBe(true);
    for (const url of urls) {
      const { statusCode, body } = await request(url);
      await body.dump();
      expect(statusCode, url).toBe(200);
    }

    running.signal('SIGINT');
    await running.ended;
    expect(running.exitCode).toBe(0);
    expect(existsSync(folder)).toBe(false);
    for (const url of urls) await expect(request(url), url).rejects.toThrow();
  } finally {
    await running.stop();
  }
});
