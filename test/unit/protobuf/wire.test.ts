import fc from 'fast-check';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { lengthDelimited, lengthDelimitedHead, text, varint } from '../../../src/protobuf/wire.js';

const field = fc.integer({ min: 1, max: 2 ** 29 - 1 });

test('bytes and texts are read by protobuf as they were written', () => {
  fc.assert(
    fc.property(
      field,
      fc.uint8Array({ maxLength: 300 }),
      fc.string({ unit: 'grapheme' }),
      (number, bytes, words) => {
        const reader = protobuf.Reader.create(
          Buffer.concat([lengthDelimited(number, bytes), text(number, words)]),
        );
        expect(reader.uint32()).toBe(number * 8 + 2);
        expect(Buffer.from(reader.bytes())).toEqual(Buffer.from(bytes));
        expect(reader.uint32()).toBe(number * 8 + 2);
        expect(reader.string()).toBe(words);
        expect(reader.pos).toBe(reader.len);
      },
    ),
  );
});

test('whole numbers are read by protobuf as they were written, large ones too', () => {
  const value = fc.oneof(
    fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
    fc.maxSafeNat(),
  );
  fc.assert(
    fc.property(field, value, (number, written) => {
      const reader = protobuf.Reader.create(varint(number, written));
      expect(reader.uint32()).toBe(number * 8);
      expect(Number(String(reader.uint64()))).toBe(written);
      expect(reader.pos).toBe(reader.len);
    }),
  );
});

test('a head stands for what follows', () => {
  const bytes = Buffer.alloc(200, 1);
  expect(Buffer.concat([lengthDelimitedHead(3, 200), bytes])).toEqual(lengthDelimited(3, bytes));
  expect(lengthDelimitedHead(1, 0)).toEqual(Buffer.from([10, 0]));
});
