import { watchContent } from '../../config/watch-file.js';
import type { SignalboxError } from '../../errors.js';
import { readFile } from './read-file.js';

/**
 * Follows the content of a file until the signal is aborted.
 * @param most bytes; the content of a larger file is an error
 * @param take gets each new content, or why there is none. What it throws ends the watch
 */
export async function followFile(
  path: string,
  most: number,
  take: (content: string | SignalboxError) => void,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((done, defect) => {
    const guarded = (content: string | SignalboxError) => {
      try {
        take(content);
      } catch (thrown) {
        defect(thrown);
      }
    };
    signal.addEventListener('abort', () => done(), { once: true });
    let error: SignalboxError | undefined;
    const read = () => {
      const content = readFile(path, most);
      if (typeof content === 'string') return content;
      // The same error is no change.
      if (error?.message !== content.message) error = content;
      return error;
    };
    watchContent(path, read, guarded, signal);
    guarded(read());
  });
}
