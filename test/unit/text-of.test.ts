import { expect, test } from 'vitest';
import { parseConfig } from '../../src/config/load.js';
import { readFileInstance } from '../../src/discovery/file/file-instance.js';
import { readNacosInstance } from '../../src/discovery/nacos/nacos-instance.js';
import { readInstance } from '../../src/model/read-instance.js';
import { numberOf, textOf } from '../../src/text-of.js';

test.each([
  [undefined, 'undefined', Number.NaN],
  [null, 'null', 0],
  [false, 'false', 0],
  ['12', '12', 12],
  [1.5, '1.5', 1.5],
  [['a'], '["a"]', Number.NaN],
  [{ toString: null }, '{"toString":null}', Number.NaN],
])('%j is a text and a number', (value, text, number) => {
  expect(textOf(value)).toBe(text);
  expect(numberOf(value)).toBe(number);
});

/** `String` and `Number` throw for it. */
const odd = { toString: null, valueOf: 'x' };

test('a value whose own toString is no function costs its instance or its option alone', () => {
  expect(
    readNacosInstance({ ip: '10.0.0.1', port: 80, enabled: odd, healthy: odd }, 1).instance,
  ).toMatchObject({
    host: '10.0.0.1',
    port: 80,
  });
  expect(readFileInstance({ host: '10.0.0.1', port: odd, secure: 'x' }, 1).filtered?.reason).toBe(
    'bad_value',
  );
  expect(readInstance({ host: '10.0.0.1', port: 80, check_status: odd }, 1).instance).toBeDefined();
  const { problems } = parseConfig(
    'discovery: { consul_kv: { servers: ["http://127.0.0.1:8500"], connect_type: { toString: 1 } } }',
    'signalbox.yaml',
    {},
  );
  expect(problems?.map(({ path }) => path)).toEqual(['discovery.consul_kv.connect_type']);
});
