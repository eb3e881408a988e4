import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Secret } from '../../../src/config/secret.js';
import { SignalboxError } from '../../../src/errors.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'secret-'));
  path = join(folder, 'token');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes the file with a time of its own, in seconds, as no clock is fine enough for two writes in a row. */
function write(content: string, time: number): void {
  writeFileSync(path, content);
  utimesSync(path, time, time);
}

test('shows itself nowhere but in current()', () => {
  write('hidden', 1);
  for (const secret of [Secret.of('hidden'), Secret.fromFile(path)]) {
    expect(secret.current()).toBe('hidden');
    const lines: string[] = [];
    const logger = pino({}, { write: (line) => lines.push(line) });
    logger.info({ secret, deep: { secret } }, `the token is ${secret}`);
    const shown = [String(secret), JSON.stringify({ secret }), inspect({ secret }, { depth: 9 }), ...lines];
    expect(shown.join()).not.toContain('hidden');
    expect(lines).toHaveLength(1);
  }
});

test('a file is read again when it has changed, one line break at its end taken off', () => {
  write('one\n', 1);
  const secret = Secret.fromFile(path);
  expect(secret.current()).toBe('one');
  write('two\r\n', 2);
  expect(secret.current()).toBe('two');
  write(' three \n\n', 3);
  expect(secret.current()).toBe(' three \n');
  write('older', 1);
  expect(secret.current()).toBe('older');
});

test('a file that is gone is an error with a code, and read again when it is back', () => {
  write('one', 1);
  const secret = Secret.fromFile(path);
  expect(secret.current()).toBe('one');
  rmSync(path);
  expect(() => secret.current()).toThrow(SignalboxError);
  expect(() => secret.current()).toThrow(expect.objectContaining({ code: 'config_unreadable' }));
  write('two', 2);
  expect(secret.current()).toBe('two');
});

test('the file is preferred to the text, and an empty text is none', () => {
  write('file', 1);
  expect(Secret.from('text', path)?.current()).toBe('file');
  expect(Secret.from('text', undefined)?.current()).toBe('text');
  expect(Secret.from('', undefined)).toBeUndefined();
  expect(Secret.from(undefined, undefined)).toBeUndefined();
});
