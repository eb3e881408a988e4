import { expect, test } from 'vitest';
import { KeyReader } from '../../../../src/discovery/consul-kv/key.js';
import type { KvEntry } from '../../../../src/discovery/consul-kv/kv-answer.js';
import { KvMapping } from '../../../../src/discovery/consul-kv/kv-mapping.js';
import type { ServiceState } from '../../../../src/discovery/source.js';
import { addressOf } from '../../../../src/model/instance.js';

const mapping = () => new KvMapping(new KeyReader('upstreams', ['upstreams/unused']), 1);
const entry = (key: string, value: object | null = {}): KvEntry => ({
  key: `upstreams/${key}`,
  value: value === null ? null : Buffer.from(JSON.stringify(value)).toString('base64'),
});
const served = (changed: ReadonlyMap<string, ServiceState | undefined>) =>
  Object.fromEntries([...changed].map(([name, state]) => [name, state?.instances.map(addressOf)]));

test('the first answer gives every service as a whole', () => {
  const changed = mapping().apply([
    entry('', null),
    entry('web/', null),
    entry('web/a:1'),
    entry('web/b:1', { check_status: false }),
    entry('team/user-service/c:1'),
    entry('unused/d:1'),
    { key: 'upstreams2/web/e:1', value: null },
  ]);
  expect(served(changed)).toEqual({ web: ['a:1'], 'team/user-service': ['c:1'] });
  expect(changed.get('web')?.filtered).toMatchObject([{ address: 'b:1', reason: 'check_status' }]);
});

test('an answer without a change gives nothing and decodes nothing', () => {
  const kv = mapping();
  const entries = [entry('web/', null), entry('web/a:1'), entry('web/b:1', null), entry('unused/c:1')];
  kv.apply(entries);
  expect(kv.decoded).toBe(2);
  expect(kv.apply(entries).size).toBe(0);
  expect(kv.decoded).toBe(2);
});

test('a change decodes the one value and gives the one service', () => {
  const kv = mapping();
  const rest = Array.from({ length: 1_000 }, (_, i) => entry(`s${i % 100}/h${i}:1`));
  kv.apply([entry('web/a:1'), entry('web/b:1'), ...rest]);
  const before = kv.decoded;
  const changed = kv.apply([entry('web/a:1'), entry('web/b:1', { weight: 3 }), ...rest]);
  expect([...changed.keys()]).toEqual(['web']);
  expect(changed.get('web')?.instances.map(({ weight }) => weight)).toEqual([1, 3]);
  expect(kv.decoded - before).toBe(1);
});

test('a key that is gone takes its instance along, the last one its service', () => {
  const kv = mapping();
  kv.apply([entry('web/a:1'), entry('web/b:1'), entry('api/c:1')]);
  expect(served(kv.apply([entry('web/a:1'), entry('api/c:1')]))).toEqual({ web: ['a:1'] });
  expect(served(kv.apply([entry('web/a:1')]))).toEqual({ api: undefined });
  expect(served(kv.apply([]))).toEqual({ web: undefined });
  expect(served(kv.apply([entry('web/a:1')]))).toEqual({ web: ['a:1'] });
});

test('a service whose instances are all filtered is still there', () => {
  const changed = mapping().apply([entry('web/no-port')]);
  expect(changed.get('web')).toEqual({
    instances: [],
    filtered: [expect.objectContaining({ reason: 'bad_address' })],
  });
});

test('of two spellings of one address the same one stays, whichever came first', () => {
  const [one, two] = [entry('web/[0:0::1]:80', { weight: 1 }), entry('web/[::1]:80', { weight: 2 })];
  const kv = mapping();
  kv.apply([two]);
  const late = kv.apply([two, one]).get('web');
  const early = mapping().apply([one, two]).get('web');
  expect(late).toEqual(early);
  expect(late?.instances).toHaveLength(1);
  expect(late?.filtered).toMatchObject([{ reason: 'duplicate' }]);
});
