import type { SignalboxError } from '../errors.js';
import { inParallel } from './in-parallel.js';
import { pause } from './pause.js';

/** So many services at most are tried a second time before they count as failing, after so many milliseconds. */
const MOST_REPEATED = 8;
const REPEAT_AFTER = 500;

/**
 * Reads services, `most` at a time. One that fails is read once more before it counts as failing, so that a lone error
 * is not reported; where more than a few fail, that is not waited for.
 * @param read resolves with the error where the query of this service failed; what it rejects with ends everything
 * @returns the services that fail, each with its last error
 */
export async function readEach<K>(
  services: Iterable<K>,
  most: number,
  read: (service: K) => Promise<SignalboxError | undefined>,
  signal: AbortSignal,
): Promise<ReadonlyMap<K, SignalboxError>> {
  const failing = new Map<K, SignalboxError>();
  const attempt = async (service: K) => {
    const error = await read(service);
    if (error === undefined) failing.delete(service);
    else failing.set(service, error);
  };
  await inParallel(services, most, attempt);
  if (failing.size > 0 && failing.size <= MOST_REPEATED) {
    await pause(REPEAT_AFTER, signal);
    if (!signal.aborted) await inParallel([...failing.keys()], most, attempt);
  }
  return failing;
}
