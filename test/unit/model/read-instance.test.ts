import { describe, expect, test } from 'vitest';
import { type RawInstance, readInstance, withoutDuplicates } from '../../../src/model/read-instance.js';
import { instanceAt } from '../../support/instances.js';

const read = (more: Partial<RawInstance>) => readInstance({ host: '127.0.0.1', port: 80, ...more }, 7);

describe('weight', () => {
  test.each([
    [undefined, 7],
    [null, 7],
    [3, 3],
    [0.25, 0.25],
    ['120', 120],
    [' 1.5 ', 1.5],
  ])('%j counts as %d', (weight, value) => {
    expect(read({ weight }).instance).toEqual({ host: '127.0.0.1', port: 80, weight: value, metadata: {} });
  });

  test.each(['heavy', '', Number.NaN, Number.POSITIVE_INFINITY, true, {}, []])(
    '%j is no number: the default and a remark',
    (weight) => {
      const { instance } = read({ weight });
      expect(instance?.weight).toBe(7);
      expect(instance?.remarks).toEqual([expect.stringContaining('is no number; 7 is used')]);
    },
  );

  test('the default of 0 takes out what has no weight', () => {
    expect(readInstance({ host: 'a', port: 80 }, 0).filtered?.reason).toBe('weight_zero');
  });
});

describe('metadata', () => {
  test('values become texts, nulls are left out', () => {
    const metadata = { a: 'x', b: 1, c: true, d: null, e: { f: [1] } };
    expect(read({ metadata }).instance?.metadata).toEqual({ a: 'x', b: '1', c: 'true', e: '{"f":[1]}' });
  });

  test.each([['text'], [['a']], [5]])('%j is none, with a remark', (metadata) => {
    const { instance } = read({ metadata });
    expect(instance?.metadata).toEqual({});
    expect(instance?.remarks).toEqual([expect.stringMatching(/^metadata ".*" is no map and is ignored$/)]);
  });

  test.each([null, undefined])('%j is none', (metadata) => {
    expect(read({ metadata }).instance).toMatchObject({ metadata: {} });
    expect(read({ metadata }).instance).not.toHaveProperty('remarks');
  });
});

describe('what metadata say of an instance besides', () => {
  test('where it runs, part by part behind what the registry says itself', () => {
    const metadata = { region: 'eu', zone: 'a', sub_zone: '' };
    expect(read({ metadata }).instance?.locality).toEqual({ region: 'eu', zone: 'a' });
    const extra = { locality: { zone: 'b' } };
    expect(read({ metadata, extra }).instance?.locality).toEqual({ region: 'eu', zone: 'b' });
    expect(read({ metadata: { zone: 7 } }).instance).not.toHaveProperty('locality');
  });

  test('how its service is to be treated, behind what the registry says itself', () => {
    const metadata = {
      slow_start: '30',
      checkurl: '/health',
      max_fails: 2,
      fail_timeout: 3,
      protocol: 'GRPC',
    };
    const policy = {
      slowStartSeconds: 30,
      healthCheckPath: '/health',
      maxFails: 2,
      failTimeoutSeconds: 3,
      http2: true,
    };
    expect(read({ metadata }).instance?.policy).toEqual(policy);
    const beside = { max_fails: 9, slow_start: '', checkurl: null };
    expect(read({ metadata, beside }).instance?.policy).toEqual({ ...policy, maxFails: 9 });
    const behind = { max_fails: 9, protocol: 'http1' };
    expect(read({ metadata, behind }).instance?.policy).toEqual(policy);
    expect(read({ behind }).instance?.policy).toEqual({ maxFails: 9 });
  });

  test('nothing, where it is no such thing; what looks like one is remarked upon', () => {
    const { instance } = read({ metadata: { protocol: 'dubbo', slow_start: 'soon', checkurl: 'health' } });
    expect(instance).not.toHaveProperty('policy');
    expect(instance?.remarks).toEqual([
      'slow_start is no number from 0 up and is ignored',
      'checkurl is no path that begins with "/" and is ignored',
    ]);
  });
});

test('an instance that is degraded is served as that', () => {
  expect(read({ status: 'DEGRADED' }).instance?.health).toBe('DEGRADED');
});

test.each([80, '80', '080'])('port %j is taken', (port) => {
  expect(read({ port }).instance?.port).toBe(80);
});

test.each([
  [{ port: 80.5 }, 'bad_port'],
  [{ port: '' }, 'bad_port'],
  [{ port: '0x50' }, 'bad_port'],
  [{ port: '8'.repeat(40) }, 'bad_port'],
  [{ port: null }, 'bad_port'],
  [{ host: undefined }, 'bad_address'],
  [{ host: { a: 1 } }, 'bad_address'],
  [{ weight: -0.1 }, 'bad_weight'],
  [{ weight: '-3' }, 'bad_weight'],
  [{ weight: '0' }, 'weight_zero'],
  [{ check_status: 'FALSE' }, 'check_status'],
  [{ status: 'DOWN' }, 'status'],
  [{ status: 'OUT_OF_SERVICE' }, 'status'],
  [{ down: { reason: 'unhealthy', detail: 'not passing' } }, 'unhealthy'],
] as const)('%j is filtered: %s', (raw, reason) => {
  expect(read(raw).filtered).toMatchObject({ reason });
});

test.each([{ status: 'up' }, { status: 5 }, { check_status: true }, { check_status: undefined }])(
  '%j is served',
  (raw) => {
    expect(read(raw).instance).toBeDefined();
  },
);

test('a bad weight is told before the state that would hide it', () => {
  expect(read({ weight: -1, status: 'down' }).filtered?.reason).toBe('bad_weight');
});

test('what could not be read is shown, cut where it is long', () => {
  expect(read({ host: 'x y'.repeat(100) }).filtered?.address).toMatch(/^x y.{76}…:80$/);
  expect(read({ host: undefined }).filtered?.address).toBe('undefined:80');
});

test('of equal addresses the first one stays', () => {
  const first = instanceAt('[::1]:80', { weight: 1 });
  const { instances, filtered } = withoutDuplicates([first, instanceAt('a:80'), { ...first, weight: 2 }]);
  expect(instances).toEqual([first, instanceAt('a:80')]);
  expect(filtered).toEqual([
    { address: '[::1]:80', reason: 'duplicate', detail: 'the same host and port came before' },
  ]);
});
