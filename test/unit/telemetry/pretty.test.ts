import { expect, test } from 'vitest';
import { prettyLine } from '../../../src/telemetry/pretty.js';

const line = (fields: object) =>
  prettyLine(`${JSON.stringify({ level: 'info', time: '2026-01-02T03:04:05.678Z', ...fields })}\n`);

test('time of day, level, message and fields', () => {
  expect(line({ msg: 'proxy connected', node: 'edge-1', stream: 3, filtered: { status: 2 } })).toBe(
    '03:04:05.678 INFO  proxy connected node=edge-1 stream=3 filtered={"status":2}\n',
  );
});

test('what a proxy or a registry says can neither steer the terminal nor look like another field', () => {
  expect(line({ msg: 'm', node: 'a node=b', reason: 'x\u001b[2J\ny' })).toBe(
    '03:04:05.678 INFO  m node="a node=b" reason="x\\u001b[2J\\ny"\n',
  );
});

test('an error brings its stack; what is no JSON stays as it is', () => {
  expect(
    line({ level: 'fatal', msg: 'cannot start', err: { message: 'e', stack: 'Error: e\n  at f' } }),
  ).toBe('03:04:05.678 FATAL cannot start err=\nError: e\n  at f\n');
  expect(prettyLine('plain\n')).toBe('plain\n');
});
