import { isTextDeeperThan } from './nesting.js';

/** How much of somebody else's data is taken as one thing. */
export interface DataBounds {
  /** The most levels of arrays and objects. */
  readonly nesting: number;
  /** The most bytes of its JSON, in UTF-8. */
  readonly bytes: number;
}

/** What one entry of a registry or one document may have. */
export const ENTRY_BOUNDS: DataBounds = { nesting: 32, bytes: 256 * 1024 };

/** How far the size of data is counted beyond the bound, as a multiple of it: data may be larger than anybody can count. */
const COUNTED = 64;

/** A value out of a text, or why there is none. */
export type ReadJson =
  | { readonly value: unknown; readonly problem?: undefined }
  | { readonly problem: string; readonly value?: undefined };

/**
 * Parses a JSON text that is within the bounds.
 * @returns the value, or in words why the text has none; never throws
 */
export function readJson(text: string, bounds: DataBounds = ENTRY_BOUNDS): ReadJson {
  const problem = textProblem(text, bounds);
  if (problem !== undefined) return { problem };
  try {
    const value: unknown = JSON.parse(text);
    // Only an escape can make half of a pair.
    return /\\ud/i.test(text) && !isUnicode(value) ? { problem: `has ${HALF_A_PAIR}` } : { value };
  } catch (thrown) {
    return { problem: `is not valid JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}` };
  }
}

/** What UTF-8 cannot say, and with it no message of protobuf. */
export const HALF_A_PAIR = 'half of a surrogate pair, which is no Unicode';

/** Whether a text has no half of a surrogate pair. */
export function isUnicodeText(text: string): boolean {
  return text.isWellFormed();
}

function isUnicode(value: unknown): boolean {
  if (typeof value === 'string') return isUnicodeText(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.keys(value).every(isUnicodeText) && Object.values(value).every(isUnicode);
}

/** Why a text is beyond the bounds, in words; undefined where it is not. */
export function textProblem(text: string, { nesting, bytes }: DataBounds = ENTRY_BOUNDS): string | undefined {
  // A character has at most three bytes.
  const size = text.length * 3 > bytes ? Buffer.byteLength(text) : 0;
  if (size > bytes) return `has ${size} bytes, and ${bytes} is the most`;
  return isTextDeeperThan(text, nesting) ? tooDeep(nesting) : undefined;
}

/**
 * Why data, such as JSON or YAML gives, are beyond the bounds, in words; undefined where they are not. It does not
 * recurse. Parts that stand in several places count in each of them.
 */
export function dataProblem(
  value: unknown,
  { nesting, bytes }: DataBounds = ENTRY_BOUNDS,
): string | undefined {
  const most = bytes * COUNTED;
  // Counting characters is quicker, and one has at most three bytes.
  let size = sizeOf(value, nesting, most, (text) => text.length * 3);
  if (size !== undefined && size > bytes) size = sizeOf(value, nesting, most, Buffer.byteLength);
  if (size === undefined) return tooDeep(nesting);
  if (size > most) return `has more than ${most} bytes, and ${bytes} is the most`;
  return size > bytes ? `has ${size} bytes, and ${bytes} is the most` : undefined;
}

/** The size of the JSON of data as if nothing had to be escaped, counted up to `most`; undefined where they are too deep. */
function sizeOf(
  value: unknown,
  nesting: number,
  most: number,
  sizeOfText: (text: string) => number,
): number | undefined {
  const containers: object[] = [];
  const levels: number[] = [];
  let size = 0;
  let level = 0;
  const add = (part: unknown): void => {
    if (typeof part === 'string') size += sizeOfText(part) + 2;
    else if (typeof part !== 'object' || part === null) size += String(part).length;
    else {
      containers.push(part);
      levels.push(level + 1);
    }
  };
  add(value);
  for (let next = containers.pop(); next !== undefined && size <= most; next = containers.pop()) {
    level = levels.pop() ?? 0;
    if (level > nesting) return undefined;
    const isList = Array.isArray(next);
    const parts: readonly unknown[] = Array.isArray(next) ? next : Object.values(next);
    // The brackets, a comma between two parts, a colon for each key.
    size += Math.max(2, (isList ? 1 : 2) * parts.length + 1);
    if (!isList) for (const key of Object.keys(next)) size += sizeOfText(key) + 2;
    for (const part of parts) add(part);
  }
  return size;
}

function tooDeep(nesting: number): string {
  return `is nested deeper than ${nesting} levels`;
}
