import fc, { type Arbitrary } from 'fast-check';

/** Values that software of this kind trips over. */
const AWKWARD: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 1, 1.5, 80, 65_535, 65_536, 1e21, 1e308, -1e308, 2 ** 53],
  ...[
    '',
    ' ',
    '0',
    '80',
    '-1',
    '1e999',
    'NaN',
    'true',
    'false',
    'UP',
    'up',
    'DOWN',
    '127.0.0.1',
    '::1',
    '[::1]',
  ],
  ...[
    '10.0.0.1:80',
    'host.example',
    'a'.repeat(300),
    '__proto__',
    'constructor',
    'é',
    '\u0000',
    '\ud800',
    '$',
    '%',
  ],
  ...[
    [],
    {},
    [null],
    [[]],
    { $: 80, '@enabled': 'true' },
    { $: null },
    { toString: null },
    { toString: 'x', valueOf: 1 },
    JSON.parse('{"__proto__":{"weight":1}}'),
  ],
];

const awkward = fc.constantFrom(...AWKWARD);

/** Mostly awkward, now and then anything that JSON can say. */
export const anything: Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: awkward },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  { weight: 1, arbitrary: fc.string() },
);

/** An object of this shape in which any field may be missing or anything at all. */
export function roughly(shape: Readonly<Record<string, Arbitrary<unknown>>>): Arbitrary<unknown> {
  const fields = Object.fromEntries(
    Object.entries(shape).map(([key, value]) => [
      key,
      fc.oneof({ weight: 3, arbitrary: value }, { weight: 1, arbitrary: anything }),
    ]),
  );
  const record = fc.record(fields, { requiredKeys: [] });
  return fc.oneof({ weight: 12, arbitrary: record }, { weight: 1, arbitrary: anything });
}

/** A list of these; now and then something else. */
export function list(of: Arbitrary<unknown>, maxLength = 4): Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: fc.array(of, { maxLength }) }, { weight: 1, arbitrary: anything });
}

/** The JSON of these values, broken now and then. */
export function jsonOf(values: Arbitrary<unknown>): Arbitrary<string> {
  return damaged(values.map((value) => JSON.stringify(value) ?? ''));
}

/** A text as it is, or cut off, or with something else in the middle. */
export function damaged(texts: Arbitrary<string>): Arbitrary<string> {
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  return fc
    .tuple(texts, fc.constantFrom('whole', 'whole', 'whole', 'cut', 'patched'), place, fc.string())
    .map(([text, how, where, patch]) => {
      const at = Math.floor(where * text.length);
      if (how === 'whole') return text;
      return how === 'cut' ? text.slice(0, at) : text.slice(0, at) + patch + text.slice(at + patch.length);
    });
}

/** Bytes as they are, or cut off, or with some of them changed. */
export function damagedBytes(of: Arbitrary<Uint8Array>): Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  return fc
    .tuple(of, fc.array(change, { maxLength: 4 }), fc.constantFrom(0, 0, 0, 1), fc.nat())
    .map(([bytes, changes, cut, at]) => {
      const copy = Uint8Array.from(cut === 1 ? bytes.subarray(0, at % (bytes.length + 1)) : bytes);
      if (copy.length > 0) for (const [where, value] of changes) copy[where % copy.length] = value;
      return copy;
    });
}
