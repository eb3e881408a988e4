import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Packet, PacketReader } from '../../../../src/discovery/zookeeper/packet-reader.js';

const MOST = 64;

/** A packet whose content begins like the header of a reply. */
function packet(length: number, xid = 7): Buffer {
  const bytes = Buffer.alloc(4 + length, 1);
  bytes.writeInt32BE(length, 0);
  if (length >= 4) bytes.writeInt32BE(xid, 4);
  return bytes;
}

/** What is taken of bytes that come in parts of these sizes, again and again. */
function taken(bytes: Buffer, sizes: readonly number[] = [bytes.length]): readonly Packet[] {
  const packets: Packet[] = [];
  const reader = new PacketReader(MOST, (each) => void packets.push(each));
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    reader.push(bytes.subarray(at, at + size));
    at += size;
  }
  return packets;
}

const HEADER = 16;
/** A reply that is too large, as it is told: its header alone. */
const cut = (length: number) => {
  const bytes = packet(length).subarray(0, 4 + HEADER);
  bytes.writeInt32BE(HEADER, 0);
  return { bytes, tooLarge: length };
};

test('packets are whole and in order, however they are cut, and those that are too large are their headers', () => {
  const lengths = fc.array(fc.oneof(fc.nat(MOST), fc.integer({ min: MOST + 1, max: 500 })), { maxLength: 8 });
  const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(lengths, sizes, (all, parts) => {
      const expected = all.map((length) => (length <= MOST ? { bytes: packet(length) } : cut(length)));
      expect(taken(Buffer.concat(all.map((length) => packet(length))), parts)).toEqual(expected);
    }),
  );
});

test('of a reply that is too large nothing but its header is kept, and what comes after it is taken', () => {
  const packets: Packet[] = [];
  const reader = new PacketReader(MOST, (each) => void packets.push(each));
  const huge = packet(100_000_000);
  const before = process.memoryUsage().arrayBuffers;
  for (let at = 0; at < huge.length; at += 65_536) reader.push(huge.subarray(at, at + 65_536));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  reader.push(packet(5));
  expect(packets.map(({ bytes, tooLarge }) => [bytes.length, tooLarge])).toEqual([
    [20, 100_000_000],
    [9, undefined],
  ]);
});

describe('what ends the session', () => {
  const length = Buffer.alloc(4);
  test('a length that is none', () => {
    length.writeInt32BE(-5);
    expect(() => taken(length)).toThrowError(expect.objectContaining({ code: 'registry_bad_answer' }));
  });
  test('an event that is too large: it cannot be asked for again', () => {
    expect(() => taken(packet(MOST + 1, -1))).toThrowError(
      expect.objectContaining({
        code: 'registry_bad_answer',
        message: expect.stringContaining('max_answer'),
      }),
    );
  });
});
