// The program of a worker process; `WorkerPool` starts it.

import { ProcessFaults } from '../telemetry/process-faults.js';
import type { FromWorker, ToWorker } from './messages.js';
import { Worker } from './worker.js';

// The primary tells when to end: a signal to the whole group of processes must not come before it.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
// It is the primary's: a reader that is gone is no reason to end.
process.stderr.on('error', () => undefined);
// Without a primary the data would grow old.
process.on('disconnect', () => process.exit(0));

const worker = new Worker(
  // What a primary that has just ended is told is lost, and nothing needs to be done about it.
  (message, sent = () => undefined) => process.send?.(message, undefined, {}, sent),
  (code) => process.exit(code),
  new ProcessFaults(process),
);
process.on('message', (message: ToWorker) => worker.receive(message));
process.send?.({ kind: 'ready' } satisfies FromWorker);
