import { messageOf } from '../errors.js';

/** A stream of the process, as far as its errors go. */
interface Stream {
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown;
  write(text: string): unknown;
}

/**
 * Sees to it that an output that cannot be written does not end the process. A reader that has seen enough, such as
 * `head`, is no error; a full disk is.
 * @returns tells whether something could not be written that should have been
 */
export function watchOutput({
  stdout,
  stderr,
}: Readonly<Record<'stdout' | 'stderr', Stream>>): () => boolean {
  let failed = false;
  stdout.on('error', (error) => {
    if (error.code === 'EPIPE') return;
    failed = true;
    stderr.write(`cannot write the output: ${messageOf(error)}\n`);
  });
  // There is nowhere to tell it.
  stderr.on('error', () => undefined);
  return () => failed;
}
