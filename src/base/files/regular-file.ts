import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { SignalboxError } from '../../errors.js';

/**
 * Reads a file as a whole, where it is a file and not what somebody else has put in its place: no symbolic link is
 * followed, and a pipe or a device holds nothing up.
 * @returns undefined where there is none
 * @throws SignalboxError `file_unsafe` for anything but a regular file
 * @throws Error of the file system
 */
export function readRegularFile(path: string): Buffer | undefined {
  const file = openExisting(path);
  if (file === undefined) return undefined;
  try {
    if (!fstatSync(file).isFile()) throw unsafe(path, 'is no regular file');
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Whether a file may be put at a path: nothing is there, or a regular file.
 * @throws SignalboxError `file_unsafe`
 */
export async function requireRegularFile(path: string): Promise<void> {
  const there = await lstat(path).catch((thrown: unknown) => {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  });
  if (there?.isSymbolicLink() === true) throw unsafe(path, 'is a symbolic link');
  if (there?.isFile() === false) throw unsafe(path, 'is no regular file');
}

function openExisting(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (thrown) {
    // open(2): ELOOP is what O_NOFOLLOW makes of a link.
    if (codeOf(thrown) === 'ELOOP') throw unsafe(path, 'is a symbolic link');
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

function unsafe(path: string, what: string): SignalboxError {
  return new SignalboxError('file_unsafe', `${path} ${what}: remove it, or name another file`);
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}
