import { expect, test } from 'vitest';
import { SignalboxError } from '../../../src/errors.js';
import { loggedError } from '../../../src/telemetry/logged-error.js';
import { prettyLine } from '../../../src/telemetry/pretty.js';
import { printableLine } from '../../../src/telemetry/printable-line.js';

const head = { level: 'info', time: '2026-01-02T03:04:05.678Z' };
const line = (fields: object) => `${JSON.stringify({ ...head, ...fields })}\n`;
const read = (fields: object) => JSON.parse(printableLine(line(fields)));

test('a line of which nothing steers stays as it is', () => {
  const fine = line({ node: 'edge-1', stream: 3, msg: 'proxy connected' });
  expect(printableLine(fine)).toBe(fine);
});

test('nothing in any field steers what shows it, however deep it lies', () => {
  const evil = 'a\u001b[31m\r\n\u009b2J\u007f\u202e\u2028\ud800b';
  const clean = 'a [31m 2J b';
  const fields = { node: evil, list: [evil], inner: { [evil]: { deep: evil } }, msg: evil };
  expect(read(fields)).toEqual({
    ...head,
    node: clean,
    list: [clean],
    inner: { [clean]: { deep: clean } },
    msg: clean,
  });
  expect(printableLine(line({ ...fields, err: loggedError(new Error(evil)) }))).toMatch(/^[\x20-\x7e]+\n$/);
});

test('every text, every list and the whole line is bounded', () => {
  expect(read({ node: 'x'.repeat(1_000_000) }).node).toHaveLength(2_000);
  const many = Array.from({ length: 1_000 }, () => 'x');
  expect(read({ many }).many).toHaveLength(50);
  const much = Array.from({ length: 50 }, () => 'x'.repeat(2_000));
  expect(read({ much, msg: 'much' })).toEqual({ ...head, shortened: true, msg: 'much' });
});

test('of an error its kind, its message and where it came from, and nothing that a library hung on it', () => {
  const cause = new TypeError('fetch failed');
  const error = Object.assign(new SignalboxError('registry_refused', 'no', { cause }), {
    request: { headers: { authorization: 'Bearer secret' } },
  });
  const logged = loggedError(error);
  expect(logged).toMatchObject({ type: 'SignalboxError', code: 'registry_refused' });
  expect(logged.stack).toMatch(/^SignalboxError: no\n {4}at .*printable-line\.test\.ts:\d+/);
  expect(logged.stack).toMatch(/\ncaused by TypeError: fetch failed\n {4}at /);
  expect(JSON.stringify(logged)).not.toContain('secret');
});

test('the message of an error forges no line of the log', () => {
  const error = new Error('first\n03:04:05.678 ERROR forged\n    at forged (x.js:1:1)');
  const text = prettyLine(printableLine(line({ msg: 'failed', err: loggedError(error) })));
  for (const row of text.trimEnd().split('\n').slice(2)) expect(row).toMatch(/^ {4}at /);
  expect(text.split('\n')[1]).toContain('Error: first 03:04:05.678 ERROR forged');
});

test.each([
  ['a string', 'no', { type: 'string', message: 'no' }],
  ['nothing', undefined, { type: 'undefined', message: 'undefined' }],
  ['an object', { toString: 1 }, { type: 'object', message: 'a thrown object without a text' }],
  ['a symbol', Symbol('no'), { type: 'symbol', message: 'Symbol(no)' }],
])('what is thrown may be %s', (_, thrown, expected) => {
  expect(loggedError(thrown)).toEqual(expected);
});

test('causes that go round and round come to an end', () => {
  const error = new Error('a');
  error.cause = new Error('b', { cause: error });
  expect(loggedError(error).message.length).toBeLessThan(100);
});
