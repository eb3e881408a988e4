import { randomBytes } from 'node:crypto';
import { renameSync } from 'node:fs';
import { lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { requireRegularFile } from './regular-file.js';

/** Milliseconds after which a file that nobody has written to was left behind by a crash. */
const ABANDONED = 60_000;
/** Bytes of a random name. */
const RANDOM = 8;
const SUFFIX = /^\.[0-9a-f]{16}\.new$/;

/**
 * Writes a file, so that a crash at any moment leaves the file before or the file after, whole. Only this user may read
 * it, nobody can know the name under which it is written, and no symbolic link is followed.
 * @param chunks written in order, with a turn for everything else between them
 * @throws SignalboxError `file_unsafe` where something else than a regular file is in its place
 * @throws Error of the file system, or of `chunks`; the file before stays
 */
export async function replaceFile(path: string, chunks: Iterable<string | Uint8Array>): Promise<void> {
  await requireRegularFile(path);
  const temporary = `${path}.${randomBytes(RANDOM).toString('hex')}.new`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      for (const chunk of chunks) await file.appendFile(chunk);
      await file.sync();
    } finally {
      await file.close();
    }
    // It replaces what is there, also a link that was planted meanwhile.
    await rename(temporary, path);
  } catch (thrown) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw thrown;
  }
  await syncFolder(dirname(path));
  // What is left behind is no reason to say that nothing was written.
  await removeAbandoned(path).catch(() => undefined);
}

/** Puts a file that cannot be used beside its place, to be looked at. @returns where it lies now */
export function setAside(path: string): string {
  const aside = `${path}.damaged`;
  renameSync(path, aside);
  return aside;
}

/** A new name is on the disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Removes what a process that was killed while it wrote has left behind; random names are never used again. */
async function removeAbandoned(path: string): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)];
  for (const other of await readdir(folder)) {
    if (!other.startsWith(name) || !SUFFIX.test(other.slice(name.length))) continue;
    const found = await lstat(join(folder, other)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > ABANDONED)
      await rm(join(folder, other), { force: true });
  }
}
