import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../../src/protobuf/messages.js';
import { plainStruct, structOf } from '../../../src/protobuf/struct.js';
import { encodeStruct, readStruct } from '../../../src/protobuf/struct-bytes.js';
import { lengthDelimited, text } from '../../../src/protobuf/wire.js';

const BOUNDS = { nesting: 32, values: 1_000 };
const NAME = 'google.protobuf.Struct';

const plain = {
  text: 'ü',
  empty: '',
  number: -0.5,
  zero: 0,
  yes: true,
  no: false,
  nothing: null,
  list: [1, 'a', [], [null], {}],
  deep: { a: { b: { c: [{ d: 1 }] } } },
  none: {},
  '': 'no key',
};

/** `{ s: { s: … 1 } }` of so many levels. */
function nested(levels: number, list = false): Buffer {
  let value: Buffer = Buffer.concat([Buffer.from([0x11]), Buffer.alloc(8)]);
  for (let level = 1; level < levels; level += 1) {
    value = list
      ? lengthDelimited(6, lengthDelimited(1, value))
      : lengthDelimited(5, lengthDelimited(1, Buffer.concat([text(1, 's'), lengthDelimited(2, value)])));
  }
  return lengthDelimited(1, Buffer.concat([text(1, 's'), lengthDelimited(2, value)]));
}

describe('a struct', () => {
  test('is read as protobufjs reads it', () => {
    const bytes = encode(NAME, structOf(plain));
    expect(readStruct(bytes, BOUNDS)).toEqual(plain);
    expect(readStruct(new Uint8Array(bytes), BOUNDS)).toEqual(plainStruct(decode(NAME, bytes)));
    expect(readStruct(new Uint8Array(), BOUNDS)).toEqual({});
  });

  test('is written as protobufjs reads it', () => {
    expect(plainStruct(decode(NAME, encodeStruct(plain)))).toEqual(plain);
    expect(readStruct(encodeStruct(plain), BOUNDS)).toEqual(plain);
  });

  test('a key such as __proto__ is a key', () => {
    const odd = JSON.parse('{ "__proto__": { "x": 1 }, "constructor": "y" }');
    const read = readStruct(encodeStruct(odd), BOUNDS);
    expect(JSON.stringify(read)).toBe(JSON.stringify(odd));
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
  });

  test('what is no text can be written again', () => {
    const entry = Buffer.concat([lengthDelimited(1, Buffer.from([0xff])), lengthDelimited(2, text(3, 'v'))]);
    const read = readStruct(lengthDelimited(1, entry), BOUNDS);
    expect(read).toEqual({ '\ufffd': 'v' });
    expect(readStruct(encodeStruct({ a: '\ud800' }), BOUNDS)).toEqual({ a: '\ufffd' });
  });

  test('fields that it does not know are stepped over', () => {
    const value = Buffer.concat([text(15, 'new'), Buffer.from([0x78, 1]), text(3, 'v')]);
    const entry = Buffer.concat([text(9, 'new'), text(1, 'k'), lengthDelimited(2, value)]);
    const bytes = Buffer.concat([text(2, 'new'), Buffer.from([0x08, 1]), lengthDelimited(1, entry)]);
    expect(readStruct(bytes, BOUNDS)).toEqual({ k: 'v' });
  });
});

describe('the bounds of a struct', () => {
  test.each([false, true])('nesting, lists: %s', (list) => {
    expect(() => readStruct(nested(32, list), BOUNDS)).not.toThrow();
    expect(() => readStruct(nested(33, list), BOUNDS)).toThrow(/nested 32 levels/);
    expect(() => readStruct(nested(1_000, list), BOUNDS)).toThrow(/nested 32 levels/);
  });

  test('values, of all levels together', () => {
    const struct = (list: number, keys: number) =>
      encodeStruct({
        list: Array.from({ length: list }, () => null),
        ...Object.fromEntries(Array.from({ length: keys }, (_, n) => [`k${n}`, { a: 1 }])),
      });
    expect(() => readStruct(struct(999, 0), BOUNDS)).not.toThrow();
    expect(() => readStruct(struct(1_000, 0), BOUNDS)).toThrow(/1000 values/);
    expect(() => readStruct(struct(0, 499), BOUNDS)).not.toThrow();
    expect(() => readStruct(struct(0, 500), BOUNDS)).toThrow(/1000 values/);
  });

  test.each([
    ['cut off', Buffer.from([0x0a, 0x05, 0x0a])],
    ['a part longer than the whole', Buffer.from([0x0a, 0x04, 0x0a, 0x0f, 0x61, 0x61, 0x61, 0x61])],
    ['a number cut off', lengthDelimited(1, lengthDelimited(2, Buffer.from([0x11, 0, 0])))],
    [
      'a number beyond its value',
      Buffer.concat([lengthDelimited(1, lengthDelimited(2, Buffer.from([0x11, 0]))), Buffer.alloc(8)]),
    ],
    ['an unfinished tag', Buffer.from([0x0a, 0x02, 0xff, 0xff])],
  ])('bytes that are none: %s', (_what, bytes) => {
    expect(() => readStruct(bytes, BOUNDS)).toThrow();
  });
});
