import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteBudget } from '../../../../src/base/byte-budget.js';
import { MessageReader } from '../../../../src/base/grpc/message-reader.js';

const MOST = 50_000;

function framed(body: Uint8Array, compressed = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed, 0);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

test('messages come as they were sent, however they are cut, and nothing is held after them', () => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.integer({ max: MOST, min: 0 }).map((n) => new Uint8Array(n).fill(n)),
  );
  const cuts = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(body, { maxLength: 6 }), cuts, (bodies, sizes) => {
      const budget = new ByteBudget(2 * MOST, 'full');
      const reader = new MessageReader(MOST, budget);
      const all = Buffer.concat(bodies.map((one) => framed(one)));
      const got: Buffer[] = [];
      for (let at = 0, n = 0; at < all.length; n += 1) {
        const end = at + (sizes[n % sizes.length] ?? 1);
        for (const { bytes, held } of reader.read(Buffer.from(all.subarray(at, end)))) {
          got.push(Buffer.from(bytes));
          budget.release(held);
        }
        at = end;
      }
      expect(got.map((bytes) => bytes.toString('base64'))).toEqual(
        bodies.map((one) => Buffer.from(one).toString('base64')),
      );
      expect(reader.waiting).toBe(false);
      expect(budget.bytes).toBe(0);
    }),
  );
});

test('what comes whole is neither copied nor held', () => {
  const budget = new ByteBudget(0, 'full');
  const chunk = Buffer.concat([framed(Buffer.from('one')), framed(Buffer.from('two'), 1)]);
  const [one, two] = new MessageReader(MOST, budget).read(chunk);
  expect(one?.bytes.buffer).toBe(chunk.buffer);
  expect([one?.compressed, two?.compressed]).toEqual([false, true]);
  expect(String(two?.bytes)).toBe('two');
});

test('a message is held as it comes, not as it is announced, and given back where it does not come', () => {
  const budget = new ByteBudget(MOST, 'full');
  const reader = new MessageReader(MOST, budget);
  const message = framed(Buffer.alloc(MOST));
  expect([...reader.read(message.subarray(0, 10))]).toEqual([]);
  expect(budget.bytes).toBe(4_096);
  expect([...reader.read(message.subarray(10, 10_010))]).toEqual([]);
  expect(budget.bytes).toBeLessThan(25_000);
  expect(reader.waiting).toBe(true);
  reader.close();
  expect(budget.bytes).toBe(0);
});

test('a piece does not keep what was read with it', () => {
  const reader = new MessageReader(MOST, new ByteBudget(MOST, 'full'));
  const chunk = framed(Buffer.from('abcdef'));
  expect([...reader.read(chunk.subarray(0, 8))]).toEqual([]);
  chunk.fill(0);
  const [message] = reader.read(Buffer.from('def'));
  expect(String(message?.bytes)).toBe('abcdef');
});

test('what is too large, or finds no room, is refused', () => {
  const large = new MessageReader(10, new ByteBudget(MOST, 'full'));
  expect(() => [...large.read(framed(Buffer.alloc(11)))]).toThrow('at most 10 bytes');
  const narrow = new MessageReader(MOST, new ByteBudget(5_000, 'no room'));
  const message = framed(Buffer.alloc(20_000));
  expect([...narrow.read(message.subarray(0, 1_000))]).toEqual([]);
  expect(() => [...narrow.read(message.subarray(1_000, 9_000))]).toThrow('no room');
});
