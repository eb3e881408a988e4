import { describe, expect, test } from 'vitest';
import { encode } from '../../../src/protobuf/messages.js';
import { encodeStruct } from '../../../src/protobuf/struct-bytes.js';
import { lengthDelimited, text, varint } from '../../../src/protobuf/wire.js';
import { NameTable } from '../../../src/xds/name-set.js';
import { readNode } from '../../../src/xds/node.js';
import { bytesOfNode, excerptOf } from '../../../src/xds/node-excerpt.js';
import { RequestReader } from '../../../src/xds/request.js';

const withMetadata = (metadata: Readonly<Record<string, unknown>>) =>
  readNode(lengthDelimited(3, encodeStruct(metadata)));
const NOTHING: ReadonlySet<string> = new Set();

describe('a node', () => {
  test('all that is used of it', () => {
    const node = {
      id: 'a',
      cluster: 'b',
      metadata: { fields: { k: { listValue: { values: [{ boolValue: true }] } } } },
      locality: { region: 'r', zone: 'z', sub_zone: 's' },
      user_agent_name: 'envoy',
      user_agent_build_version: { version: { major_number: 1, minor_number: 40, patch: 2 } },
      extensions: [{ name: 'x' }],
    };
    const bytes = encode('envoy.service.discovery.v3.DiscoveryRequest', { node });
    expect(new RequestReader(new NameTable()).node('sotw', bytes)).toEqual({
      id: 'a',
      cluster: 'b',
      metadata: { k: [true] },
      locality: { region: 'r', zone: 'z', sub_zone: 's' },
      userAgent: 'envoy',
      userAgentVersion: '1.40.2',
    });
  });

  test.each([
    [1, 'id of a node'],
    [2, 'cluster of a node'],
  ])('its names have 1 KiB: field %i', (field, what) => {
    expect(() => readNode(text(field, 'é'.repeat(512)))).not.toThrow();
    expect(() => readNode(text(field, 'é'.repeat(513)))).toThrow(`the ${what} may have 1024 bytes`);
  });

  test.each([1, 2, 3])('its locality too: field %i', (field) => {
    expect(() => readNode(lengthDelimited(4, text(field, 'x'.repeat(1_024))))).not.toThrow();
    expect(() => readNode(lengthDelimited(4, text(field, 'x'.repeat(1_025))))).toThrow(/1024 bytes/);
  });

  test('a refusal repeats nothing of it', () => {
    expect(() => readNode(text(1, 'secret'.repeat(1_000)))).not.toThrow(/secret/);
  });

  test('its metadata has 256 KiB, 32 levels, 10,000 values', () => {
    expect(() => withMetadata({ a: 'x'.repeat(256_000) })).not.toThrow();
    expect(() => withMetadata({ a: 'x'.repeat(256 * 1_024) })).toThrow(/262144 bytes/);
    expect(() => withMetadata({ a: Array.from({ length: 10_000 }, () => null) })).toThrow(/10000 values/);
    let deep: Record<string, unknown> = {};
    for (let level = 0; level < 32; level += 1) deep = { deep };
    expect(() => withMetadata(deep)).toThrow(/32 levels/);
  });

  test('what its program is called is cut', () => {
    const node = readNode(Buffer.concat([text(6, 'x'.repeat(9_999)), text(7, 'y'.repeat(9_999))]));
    expect([node.userAgent.length, node.userAgentVersion.length]).toEqual([256, 256]);
  });

  /** The number of a field became the index of an array of which a text was made. */
  test.each([0, 4, 536_870_911])('a version with a field %i is one without it', (field) => {
    const version = Buffer.concat([varint(1, 1), varint(field, 7), varint(3, 2)]);
    const read = readNode(lengthDelimited(8, lengthDelimited(1, version)));
    expect(read.userAgentVersion).toBe('1.0.2');
  });

  test('very many fields', () => {
    const extension = lengthDelimited(9, Buffer.alloc(0));
    expect(() => readNode(Buffer.concat(Array.from({ length: 20_000 }, () => extension)))).not.toThrow();
    expect(() => readNode(Buffer.concat(Array.from({ length: 20_001 }, () => extension)))).toThrow(/fields/);
  });
});

describe('what is kept of a node', () => {
  test('all of a usual one, the very same', () => {
    const node = withMetadata({ a: { b: 'c' }, list: [1, 2] });
    expect(excerptOf(node, NOTHING)).toBe(node);
  });

  test('8 KiB of its metadata, whatever stands in the others', () => {
    const node = withMetadata({
      small: 'x',
      large: 'x'.repeat(9_000),
      many: Array.from({ length: 2_000 }, () => null),
      other: { a: 1 },
    });
    const kept = excerptOf(node, NOTHING);
    expect(Object.keys(kept.metadata)).toEqual(['small', 'other']);
    expect({ ...kept, metadata: {} }).toEqual({ ...node, metadata: {} });
    expect(bytesOfNode(kept)).toBeLessThan(1_000);
  });

  test('100 keys', () => {
    const node = withMetadata(Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`k${n}`, n])));
    expect(Object.keys(excerptOf(node, NOTHING).metadata)).toHaveLength(100);
  });

  test('first what rules match by, if that is no hiding place', () => {
    const filler = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`k${n}`, 'x'.repeat(100)]));
    const node = withMetadata({ ...filler, role: 'edge', deep: { role: 'edge' }, blob: 'x'.repeat(3_000) });
    const kept = excerptOf(node, new Set(['role', 'deep', 'blob', 'missing']));
    expect(kept.metadata).toMatchObject({ role: 'edge', deep: { role: 'edge' } });
    expect(Object.hasOwn(kept.metadata, 'blob')).toBe(false);
  });
});
