import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lastKnownGoodText, readLastKnownGood } from '../../../src/catalogue/last-known-good.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-good-'));
  path = join(folder, 'registry.dump');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(content: unknown): void {
  const text = JSON.stringify(content);
  writeFileSync(path, `${createHash('sha256').update(text).digest('hex')}\n${text}\n`);
}

test('what was written is read, all that is said of an instance included', () => {
  const instance = {
    host: '::1',
    port: 80,
    weight: 0.5,
    metadata: { a: 'b' },
    locality: { zone: 'z' },
    policy: { http2: true },
    remarks: ['odd'],
  };
  const filtered = { address: 'x', reason: 'bad_port', detail: 'no port' } as const;
  const key = { service: 'one', namespace: 'n' };
  const state = new Map([['server', [[key, { instances: [instance], filtered: [filtered] }]] as const]]);
  writeFileSync(path, lastKnownGoodText(state, 5));
  expect(readLastKnownGood(path)).toEqual({ found: state, at: 5 });
});

test.each([
  [null],
  [{ at: 1 }],
  [{ at: 1, servers: [null] }],
  [{ at: 1, servers: [['server', [[{ service: 'one' }, { instances: [{ host: 'h' }], filtered: [] }]]]] }],
])('a whole file that says no services, %j, is set aside', (content) => {
  write(content);
  const aside = `${path}.damaged`;
  expect(readLastKnownGood(path)).toEqual({ damaged: expect.stringContaining('services'), aside });
  expect([existsSync(path), existsSync(aside)]).toEqual([false, true]);
});
