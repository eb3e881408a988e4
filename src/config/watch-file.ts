import { readFileSync, statSync } from 'node:fs';

/**
 * Calls back when the text of a file has changed, see {@link watchContent}.
 * @param onChange gets the new text, undefined where there is no readable file now
 */
export function watchFile(
  path: string,
  onChange: (content: string | undefined) => void,
  signal: AbortSignal,
  every?: number,
): void {
  watchContent(path, read, onChange, signal, every);
}

/**
 * Calls back when what stands in a file has changed, until the signal is aborted. A first content that counts as known
 * is read before this returns: who then reads the file misses nothing.
 *
 * It polls, because notifications are tied to an inode or a folder and are lost when an editor renames a new file into
 * place, when Kubernetes swaps the symlink of a folder above it, and on network file systems. Polling follows the path.
 * @param read what counts as the content of the file, or of its absence
 * @param onChange gets the new content
 * @param every milliseconds
 */
export function watchContent<T>(
  path: string,
  read: (path: string) => T,
  onChange: (content: T) => void,
  signal: AbortSignal,
  every = 200,
): void {
  if (signal.aborted) return;
  let content = read(path);
  // Not taken here: the content may have changed since it was read, and then the first look must read it again.
  let seen: string | undefined;
  const timer = setInterval(() => {
    const identity = identify(path);
    if (identity === seen) return;
    seen = identity;
    const now = read(path);
    if (now === content) return;
    content = now;
    onChange(now);
  }, every);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

function identify(path: string): string {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(':');
  } catch {
    return 'unreadable';
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
