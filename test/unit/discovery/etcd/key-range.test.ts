import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { after, keyText, prefixRange } from '../../../../src/discovery/etcd/key-range.js';
import { folderOf } from '../../../../src/discovery/etcd/source.js';

const bytes = fc.uint8Array({ maxLength: 6 }).map((array) => Buffer.from(array));
/** Mostly bytes at the edges, where the carry is. */
const edges = fc
  .array(fc.constantFrom(0x00, 0x01, 0x2d, 0xfe, 0xff), { maxLength: 5 })
  .map((array) => Buffer.from(array));

describe('prefixRange', () => {
  it('holds exactly what begins with the prefix', () => {
    fc.assert(
      fc.property(fc.oneof(bytes, edges), fc.oneof(bytes, edges), (prefix, suffix) => {
        const { start, end } = prefixRange(prefix);
        const endless = end.equals(Buffer.of(0));
        const holds = (key: Buffer) =>
          Buffer.compare(key, start) >= 0 && (endless || Buffer.compare(key, end) < 0);
        // etcd has no empty key.
        for (const key of [Buffer.concat([prefix, suffix]), suffix].filter(({ length }) => length > 0))
          expect(holds(key)).toBe(key.subarray(0, prefix.length).equals(prefix));
      }),
      { numRuns: 2_000 },
    );
  });

  it('carries over 0xff', () => {
    expect(prefixRange(Buffer.from([0x61, 0xff, 0xff])).end).toEqual(Buffer.from([0x62]));
    expect(prefixRange(Buffer.from([0xff])).end).toEqual(Buffer.of(0));
    expect(prefixRange(Buffer.alloc(0))).toEqual({ start: Buffer.of(0), end: Buffer.of(0) });
  });
});

describe('after', () => {
  it('leaves no room between', () => {
    expect(after(Buffer.from('a'))).toEqual(Buffer.from('a\0'));
  });
});

describe('keyText', () => {
  it('leaves the prefix out and shows bytes that are no text', () => {
    expect(keyText(Buffer.from('/s/grün'), 3)).toBe('grün');
    expect(keyText(Buffer.from([0x61, 0xff, 0x00]))).toBe('a\\xff\\x00');
  });
});

describe('folderOf', () => {
  it.each([
    ['/services', '/services/'],
    ['/services/', '/services/'],
    ['/v1', '/v1/'],
    ['svc-', 'svc-'],
    ['', ''],
  ])('%s means %s', (prefix, folder) => {
    expect(folderOf(prefix)).toBe(folder);
  });
});
