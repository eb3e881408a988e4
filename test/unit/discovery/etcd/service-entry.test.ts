import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEntry, readEntryKey } from '../../../../src/discovery/etcd/service-entry.js';

describe('readEntryKey', () => {
  it.each([
    ['user/10.0.0.1:80', { service: 'user', entry: '10.0.0.1:80' }],
    ['team/one/user/10.0.0.1:80', { service: 'team/one/user', entry: '10.0.0.1:80' }],
    ['/user/10.0.0.1:80', { service: 'user', entry: '10.0.0.1:80' }],
    ['user/', undefined],
    ['/10.0.0.1:80', undefined],
    ['10.0.0.1:80', undefined],
    ['', undefined],
  ])('%s', (key, expected) => {
    expect(readEntryKey(key)).toEqual(expected);
  });
});

describe('readEntry', () => {
  const read = (value: string, entry = '10.0.0.1:80') => readEntry(entry, value, 1);
  const plain = { host: '10.0.0.1', port: 80, weight: 1, metadata: {} };

  it('reads what lua-resty-upstream-etcd writes', () => {
    expect(
      read('{"weight":3,"slow_start":30,"checkurl":"/health","max_fails":2,"fail_timeout":"10"}').instance,
    ).toEqual({
      ...plain,
      weight: 3,
      policy: { slowStartSeconds: 30, healthCheckPath: '/health', maxFails: 2, failTimeoutSeconds: 10 },
    });
    expect(read('{"status":"down"}').filtered?.reason).toBe('status');
    expect(read('{"status":"up"}').instance).toEqual(plain);
  });

  it('reads the naming form, whose address counts and not the key', () => {
    expect(read('{"Op":0,"Addr":"[2001:DB8::1]:90","Metadata":{"zone":"a"}}', 'id-1').instance).toEqual({
      host: '2001:db8::1',
      port: 90,
      weight: 1,
      metadata: { zone: 'a' },
      locality: { zone: 'a' },
    });
    expect(read('{"Addr":"10.0.0.2:90","Metadata":null}').instance?.host).toBe('10.0.0.2');
    expect(read('{"Addr":"nowhere at all"}').filtered).toMatchObject({ reason: 'bad_address' });
    expect(read('{"Addr":"10.0.0.2"}').filtered).toMatchObject({ reason: 'bad_port' });
  });

  it.each([
    ['', 'the value is empty; weight 1 is used'],
    ['{', 'the value is no JSON; weight 1 is used'],
    ['weight=3', 'the value is no JSON; weight 1 is used'],
    ['[1]', 'the value is no JSON object; weight 1 is used'],
    ['null', 'the value is no JSON object; weight 1 is used'],
    ['7', 'the value is no JSON object; weight 1 is used'],
    ['{"weight":"heavy"}', 'weight "heavy" is no number; 1 is used'],
    ['{"checkurl":"health"}', 'checkurl is no path that begins with "/" and is ignored'],
    ['{"checkurl":"/a\\nb"}', 'checkurl is no path that begins with "/" and is ignored'],
    ['{"slow_start":-1}', 'slow_start is no number from 0 up and is ignored'],
  ])('serves %s with a remark', (value, remark) => {
    expect(read(value).instance).toEqual({ ...plain, remarks: [remark] });
  });

  it('refuses what no instance can be made of', () => {
    expect(read('{}', 'user').filtered?.reason).toBe('bad_port');
    expect(read('{}', '10.0.0.1:0').filtered?.reason).toBe('bad_port');
    expect(read('{}', '10.0.0.300:80').filtered?.reason).toBe('bad_address');
    expect(read('{"weight":-1}').filtered?.reason).toBe('bad_weight');
    expect(read('{"weight":0}').filtered?.reason).toBe('weight_zero');
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), fc.oneof(fc.string(), fc.json()), (entry, value) => {
        const result = readEntry(entry, value, 1);
        expect(result.instance === undefined).toBe(result.filtered !== undefined);
      }),
    );
  });
});
