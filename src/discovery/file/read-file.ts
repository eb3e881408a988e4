import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { SignalboxError } from '../../errors.js';

/** Bytes that are read at a time. */
const PART = 1 << 20;

/**
 * The text of a file, or why there is none.
 * @param most bytes; of a larger file no more than that is read
 */
export function readFile(path: string, most: number): string | SignalboxError {
  let file: number;
  try {
    // A pipe would keep the process until somebody writes into it.
    if (!statSync(path).isFile())
      return new SignalboxError('registry_bad_answer', `${path}: this is no regular file`);
    file = openSync(path, 'r');
  } catch {
    return new SignalboxError('registry_unreachable', `${path}: there is no file to read`);
  }
  try {
    const parts: Buffer[] = [];
    let size = 0;
    for (;;) {
      const part = Buffer.allocUnsafe(PART);
      const length = readSync(file, part);
      if (length === 0) return Buffer.concat(parts, size).toString('utf8');
      size += length;
      if (size > most)
        return new SignalboxError(
          'registry_bad_answer',
          `${path}: it is larger than max_answer, ${most} bytes`,
        );
      parts.push(part.subarray(0, length));
    }
  } catch {
    return new SignalboxError('registry_unreachable', `${path}: the file cannot be read`);
  } finally {
    closeSync(file);
  }
}
