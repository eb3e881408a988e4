import { expect, test } from 'vitest';
import { readFileInstance } from '../../../../src/discovery/file/file-instance.js';

const read = (item: unknown) => readFileInstance(item, 5);
const base = { host: '127.0.0.1', port: 80 };

test('host and port are enough', () => {
  expect(read(base)).toEqual({ instance: { ...base, weight: 5, metadata: {} } });
});

test('takes weight, metadata, locality and secure', () => {
  const all = {
    ...base,
    weight: 0.5,
    metadata: { version: 'v1' },
    locality: { region: 'eu', zone: 'eu-1' },
    secure: true,
  };
  expect(read({ ...all, status: 'up' })).toEqual({ instance: { ...all, secureBy: 'secure=true' } });
});

test('an unknown key is remarked on', () => {
  expect(read({ ...base, wieght: 3 }).instance).toMatchObject({
    weight: 5,
    remarks: ['unknown key "wieght", did you mean "weight"?'],
  });
});

test.each([
  [{ ...base, status: 'down' }, 'status'],
  [{ ...base, weight: 0 }, 'weight_zero'],
  [{ ...base, port: 0 }, 'bad_port'],
  [{ host: 7, port: 80 }, 'bad_address'],
  [{ host: '127.0.0.1' }, 'bad_port'],
  [{ ...base, metadata: 'v1' }, 'bad_value'],
  [{ ...base, locality: 'eu' }, 'bad_value'],
  [{ ...base, locality: { place: 'eu' } }, 'bad_value'],
  [{ ...base, secure: 'yes' }, 'bad_value'],
  ['127.0.0.1:80', 'bad_value'],
  [null, 'bad_value'],
  [[], 'bad_value'],
])('%j is filtered: %s', (item, reason) => {
  expect(read(item).filtered).toMatchObject({ reason });
});

test.each([
  [{ host: '127.0.0.1', prot: 80 }, '"port" is missing; unknown key "prot", did you mean "port"?'],
  [{ hosts: '127.0.0.1', port: 80 }, '"host" is missing; unknown key "hosts", did you mean "host"?'],
  [{}, '"host" and "port" are missing'],
  [{ host: '', port: null }, '"host" and "port" are missing'],
  [{ ...base, secure: 'yes' }, 'secure: expected true or false'],
  [{ ...base, locality: { zon: 'a' } }, 'locality: zon: unknown key, did you mean "zone"?'],
])('%j says which key is wrong', (item, detail) => {
  expect(read(item).filtered?.detail).toBe(detail);
});
