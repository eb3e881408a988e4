import type protobuf from 'protobufjs';
import { textOf } from '../text-of.js';

export type ScalarRead = { readonly value: unknown } | { readonly wrong: string };

const INTEGERS: Readonly<Record<string, readonly [least: bigint, most: bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  sfixed32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sint64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
};

/** A value of a scalar type out of protobuf's JSON. https://protobuf.dev/programming-guides/json/ */
export function scalarFromJson(type: string, json: unknown): ScalarRead {
  const bounds = INTEGERS[type];
  if (bounds !== undefined) return integer(type, bounds, json);
  switch (type) {
    case 'bool':
      return typeof json === 'boolean' ? { value: json } : { wrong: 'expected true or false' };
    case 'string':
      return typeof json === 'string' ? { value: json } : { wrong: 'expected a text' };
    case 'bytes':
      return typeof json === 'string' && /^[A-Za-z0-9+/_-]*={0,2}$/.test(json)
        ? { value: Buffer.from(json, 'base64') }
        : { wrong: 'expected bytes in base64' };
    default:
      return fraction(json);
  }
}

/** An enum's value by its name, or its number. */
export function enumFromJson(type: protobuf.Enum, json: unknown): ScalarRead {
  const number = typeof json === 'string' ? type.values[json] : json;
  if (typeof number === 'number' && Object.hasOwn(type.valuesById, number)) return { value: number };
  return { wrong: `expected one of: ${Object.keys(type.values).join(', ')}` };
}

/** `google.protobuf.Duration`: seconds, with at most nine digits after the point and an `s`. */
export function durationFromJson(json: unknown): ScalarRead {
  const [, sign = '', seconds, fraction = ''] =
    /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(typeof json === 'string' ? json : '') ?? [];
  if (seconds === undefined || Number(seconds) > 315_576_000_000)
    return { wrong: 'expected a time in seconds with its unit, such as "1.5s"' };
  const factor = sign === '' ? 1 : -1;
  const value = { seconds: factor * Number(seconds), nanos: factor * Number(fraction.padEnd(9, '0')) };
  // There is no negative zero in an integer field.
  return { value: { seconds: value.seconds || 0, nanos: value.nanos || 0 } };
}

/** `google.protobuf.Timestamp`: RFC 3339. */
export function timestampFromJson(json: unknown): ScalarRead {
  const milliseconds =
    typeof json === 'string' && /^\d{4}-\d\d-\d\dT/.test(json) ? Date.parse(json) : Number.NaN;
  if (Number.isNaN(milliseconds)) return { wrong: 'expected a time such as "2030-01-31T12:00:00Z"' };
  const seconds = Math.floor(milliseconds / 1_000);
  return { value: { seconds, nanos: (milliseconds - seconds * 1_000) * 1_000_000 } };
}

function integer(type: string, [least, most]: readonly [bigint, bigint], json: unknown): ScalarRead {
  const wrong = { wrong: `expected a whole number from ${least} to ${most}` };
  const whole = typeof json === 'number' ? Number.isSafeInteger(json) : /^-?\d{1,20}$/.test(textOf(json));
  if (!whole || (typeof json !== 'number' && typeof json !== 'string')) return wrong;
  const value = BigInt(json);
  if (value < least || value > most) return wrong;
  // What does not fit a number stays a text, which protobufjs takes.
  return { value: type.endsWith('64') ? String(value) : Number(value) };
}

function fraction(json: unknown): ScalarRead {
  const named = ['NaN', 'Infinity', '-Infinity'].includes(textOf(json));
  const text = typeof json === 'string' && (named || /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(json));
  return typeof json === 'number' || text ? { value: Number(json) } : { wrong: 'expected a number' };
}
