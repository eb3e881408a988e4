import { setTimeout } from 'node:timers/promises';

/** Waits; resolves at once, without an error, when the signal is aborted. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal, ref: true }).catch(() => undefined);
}
