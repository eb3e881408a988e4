import { describe, expect, test } from 'vitest';
import type { DeltaDiscoveryRequest } from '../../../src/generated/types/envoy/service/discovery/v3/DeltaDiscoveryRequest.js';
import type { DiscoveryRequest } from '../../../src/generated/types/envoy/service/discovery/v3/DiscoveryRequest.js';
import { encode } from '../../../src/protobuf/messages.js';
import { atOnce } from '../../../src/snapshot/steps.js';
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

  test('long lists are read in steps, and the same again at once', () => {
    const names = Array.from({ length: 10_000 }, (_, n) => `service-${n}`);
    const bytes = encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', {
      type_url,
      resource_names_subscribe: names,
      initial_resource_versions: Object.fromEntries(names.map((name) => [name, 'v'])),
    });
    const steps = reader.readDelta(bytes);
    expect(steps.next().done).toBe(false);
    const request = atOnce(steps);
    expect([request.subscribe.size, request.known.size]).toEqual([10_000, 10_000]);
    // Not remembered as a whole, since it is too long for that.
    expect(reader.delta(bytes)).toBe(request);
  });

  test('names and versions beyond the limit are not read, however they stand', () => {
    const strict = new RequestReader(new NameTable(), 3);
    const names = (...resource_names: string[]) =>
      encode('envoy.service.discovery.v3.DiscoveryRequest', { type_url, resource_names });
    expect(strict.sotw(names('a', 'b', 'c')).names.size).toBe(3);
    expect(() => strict.sotw(names('a', 'a', 'a', 'a'))).toThrow(/may have 3 resource names/);
    const delta = encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', {
      resource_names_subscribe: ['a', 'b'],
      resource_names_unsubscribe: ['c'],
      initial_resource_versions: { a: '1' },
    });
    expect(() => strict.delta(delta)).toThrow(/may have 3 resource names/);
    const alternating = Buffer.concat(
      Array.from({ length: 2_000 }, () => Buffer.from([0x1a, 1, 97, 0x22, 1, 98])),
    );
    expect(() => reader.delta(alternating)).toThrow(/fields/);
    expect(() => reader.node('sotw', alternating)).toThrow(/fields/);
  });

  test('versions in several runs are one list', () => {
    const part = (name: string) =>
      encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', {
        initial_resource_versions: { [name]: '1' },
        response_nonce: name,
      });
    expect([...reader.delta(Buffer.concat([part('a'), part('b')])).known.keys()]).toEqual(['a', 'b']);
  });

  test('a message of an error is cut where it is no text for people any more', () => {
    const bytes = encode('envoy.service.discovery.v3.DiscoveryRequest', {
      error_detail: { code: 1, message: 'x'.repeat(1_000_000) },
    });
    expect(reader.sotw(bytes).error?.message).toHaveLength(16_384);
  });

  test('the last bytes of a message are those of a character', () => {
    const message = 'é'.repeat(10_000);
    const bytes = encode('envoy.service.discovery.v3.DiscoveryRequest', {
      error_detail: { code: 1, message },
    });
    expect(reader.sotw(bytes).error?.message).toBe('é'.repeat(8_192));
  });

  test('what is not a message is refused', () => {
    expect(() => reader.sotw(Buffer.from([0x0a, 0xff]))).toThrow();
    expect(() => reader.delta(Buffer.from([0xff, 0xff, 0xff]))).toThrow();
  });
});

describe('the bounds of texts', () => {
  const name = (length: number) => 'é'.repeat(length / 2).padEnd(length / 2 + (length % 2), 'x');
  const delta = (request: DeltaDiscoveryRequest) =>
    reader.delta(encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', request));
  const sotw = (request: DiscoveryRequest) =>
    reader.sotw(encode('envoy.service.discovery.v3.DiscoveryRequest', request));

  test.each([
    ['SotW', (names: string[]) => sotw({ resource_names: names })],
    ['subscribed', (names: string[]) => delta({ resource_names_subscribe: names })],
    ['unsubscribed', (names: string[]) => delta({ resource_names_unsubscribe: names })],
    [
      'known',
      (names: string[]) =>
        delta({ initial_resource_versions: Object.fromEntries(names.map((key) => [key, '1'])) }),
    ],
  ])('names have 4 KiB: %s', (_what, ask) => {
    expect(() => ask(['a', name(4_096)])).not.toThrow();
    expect(() => ask(['a', name(4_097)])).toThrow('the name of a resource may have 4096 bytes');
    expect(() => ask(['a', 'secret'.repeat(10_000)])).not.toThrow(/secret/);
  });

  test('a name that is too long is refused before the list is read', () => {
    const names = Array.from({ length: 50_000 }, (_, n) => `service-${n}`);
    const steps = reader.readDelta(
      encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', {
        resource_names_subscribe: [...names, 'x'.repeat(5_000)],
      }),
    );
    expect(() => steps.next()).toThrow(/4096 bytes/);
  });

  test('type URLs have 256 bytes', () => {
    for (const ask of [sotw, delta]) {
      expect(ask({ type_url: 'x'.repeat(256) }).typeUrl).toHaveLength(256);
      expect(() => ask({ type_url: 'x'.repeat(257) })).toThrow('a type URL may have 256 bytes');
    }
  });

  test('versions that are longer than ours are none', () => {
    const known = (version: string) => delta({ initial_resource_versions: { a: version } }).known.get('a');
    expect([known('x'.repeat(256)), known('x'.repeat(257))]).toEqual(['x'.repeat(256), '']);
    expect(() => known('x'.repeat(6_000))).toThrow(/a known version may have 5120 bytes/);
    expect(sotw({ version_info: 'x'.repeat(256) }).versionInfo).toHaveLength(256);
    expect(sotw({ version_info: 'x'.repeat(1_000_000) }).versionInfo).toBe('');
  });

  test('nonces that are longer than ours are others', () => {
    for (const ask of [sotw, delta])
      expect(ask({ response_nonce: `0000000001${'x'.repeat(1_000_000)}` }).nonce).toHaveLength(64);
  });

  test('what is remembered of requests is bounded in bytes', () => {
    const own = new RequestReader(new NameTable());
    const ask = (n: number) =>
      own.delta(
        encode('envoy.service.discovery.v3.DeltaDiscoveryRequest', {
          resource_names_subscribe: Array.from({ length: 3_000 }, (_, index) =>
            `${n} ${index}`.padEnd(4_000, 'x'),
          ),
        }),
      );
    const first = ask(0);
    expect(ask(0)).toBe(first);
    // 12 MB each.
    for (let n = 1; n <= 3; n += 1) ask(n);
    expect(ask(0)).not.toBe(first);
  });
});
