import { expect, test } from 'vitest';
import { decode, encode } from '../../../src/protobuf/messages.js';
import { plainStruct, textStruct } from '../../../src/protobuf/struct.js';

test('texts survive', () => {
  const texts = { b: '2', a: '', ü: 'x' };
  expect(
    plainStruct(decode('google.protobuf.Struct', encode('google.protobuf.Struct', textStruct(texts)))),
  ).toEqual(texts);
});

test('equal texts have equal bytes, whatever the order of their keys', () => {
  const bytes = (texts: Record<string, string>) => encode('google.protobuf.Struct', textStruct(texts));
  expect(bytes({ a: '1', b: '2', '10': '3' })).toEqual(bytes({ b: '2', '10': '3', a: '1' }));
});

test('every kind of value becomes plain', () => {
  const struct = {
    fields: {
      text: { stringValue: '' },
      number: { numberValue: 0 },
      flag: { boolValue: false },
      none: { nullValue: 'NULL_VALUE' as const },
      list: { listValue: { values: [{ numberValue: 1 }, { listValue: {} }] } },
      deep: { structValue: { fields: { a: { boolValue: true } } } },
      empty: { structValue: {} },
    },
  };
  expect(plainStruct(struct)).toEqual({
    text: '',
    number: 0,
    flag: false,
    none: null,
    list: [1, []],
    deep: { a: true },
    empty: {},
  });
  expect(plainStruct({})).toEqual({});
});
