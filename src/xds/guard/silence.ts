import { status } from '@grpc/grpc-js';
import type { StreamError } from '../stream-call.js';

interface Speaking {
  on(event: 'data' | 'end' | 'error' | 'cancelled', listener: () => void): unknown;
  emit(event: 'error', error: Pick<StreamError, 'code' | 'details'>): unknown;
}

/**
 * Ends a call on which nothing comes for so long.
 * @param call one whose client asks again and again
 */
export function endSilent(call: Speaking, milliseconds: number): void {
  const silent = { code: status.DEADLINE_EXCEEDED, details: 'nothing has come on this stream for too long' };
  const timer = setTimeout(() => call.emit('error', silent), milliseconds).unref();
  call.on('data', () => timer.refresh());
  for (const end of ['end', 'error', 'cancelled'] as const) call.on(end, () => clearTimeout(timer));
}
