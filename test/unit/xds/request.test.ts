import { describe, expect, test } from 'vitest';
import { encode } from '../../../src/protobuf/messages.js';
import { NameTable } from '../../../src/xds/name-set.js';
import { RequestReader } from '../../../src/xds/request.js';

const reader = new RequestReader(new NameTable());
const type_url = 'type.googleapis.com/example.Type';

describe('requests as they come', () => {
  test('SotW, every field', () => {
    const bytes = encode('envoy.service.discovery.v3.DiscoveryRequest', {
      version_info: 'v1',
      node: {
        id: 'proxy',
        cluster: 'edge',
        locality: { zone: 'z' },
        metadata: { fields: { k: { stringValue: 'v' } } },
      },
      resource_names: ['a', 'b', 'a'],
      type_url,
      response_nonce: '7',
      error_detail: { code: 13, message: 'no' },
    });
    const request = reader.sotw(bytes);
    expect(request).toMatchObject({ versionInfo: 'v1', typeUrl: type_url, nonce: '7' });
    expect(request.error).toEqual({ code: 13, message: 'no' });
    expect(reader.node('sotw', bytes)).toMatchObject({ id: 'proxy', cluster: 'edge', metadata: { k: 'v' } });
    expect([...request.names].sort()).toEqual(['a', 'b']);
  });

  test('delta, every field', () => {
    const request = reader.delta(
      encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', {
        type_url,
        resource_names_subscribe: ['a', '*'],
        resource_names_unsubscribe: ['c'],
        initial_resource_versions: { a: 'v1', c: 'v2' },
        response_nonce: '7',
        error_detail: { code: 3, message: 'no' },
      }),
    );
    expect([...request.subscribe].sort()).toEqual(['*', 'a']);
    expect([...request.unsubscribe]).toEqual(['c']);
    expect([...request.known].sort()).toEqual([
      ['a', 'v1'],
      ['c', 'v2'],
    ]);
    expect(request).toMatchObject({ nonce: '7', error: { message: 'no' } });
  });

  test('names that are repeated are the same set, and a shorter or longer list is not', () => {
    const ask = (...resource_names: readonly string[]) =>
      reader.sotw(
        encode('envoy.service.discovery.v3.DiscoveryRequest', {
          type_url,
          resource_names: [...resource_names],
        }),
      ).names;
    const names = ask('a', 'b', 'c');
    expect(ask('a', 'b', 'c')).toBe(names);
    expect(ask('c', 'a', 'b')).toBe(names);
    expect([...ask('a', 'b')].sort()).toEqual(['a', 'b']);
    expect([...ask('a', 'b', 'c', 'd')].sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(ask().size).toBe(0);
  });

  test('what is not a message is refused', () => {
    expect(() => reader.sotw(Buffer.from([0x0a, 0xff]))).toThrow();
    expect(() => reader.delta(Buffer.from([0xff, 0xff, 0xff]))).toThrow();
  });
});
