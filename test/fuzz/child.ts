// The process of one target, started by main.ts: a target that takes memory or the process with it costs itself alone.
import { once } from 'node:events';
import type { Report } from './results.js';
import { type FuzzResult, fuzz } from './target.js';
import { TARGETS } from './targets.js';

const [name, cases, seed, seconds] = process.argv.slice(2);
const target = TARGETS.find((one) => one.name === name);
if (target === undefined) throw new Error(`no target "${name}"`);

// Taking the stacks of the errors that registries' bad answers make costs a sixth of the time; a failure is replayed with its own.
Error.stackTraceLimit = 0;
const unhandled: unknown[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));
const orphaned = () => process.exit(1);
process.once('disconnect', orphaned);

/** Waits for the answer, so that whoever suspends the program suspends this process too. */
async function tell(result: FuzzResult, ended: boolean): Promise<void> {
  const answered = once(process, 'message');
  process.send?.({ result, ended } satisfies Report);
  await answered;
}

const result = await fuzz(target, Number(cases), {
  seed: Number(seed),
  seconds: Number(seconds),
  progress: (so) => tell(so, false),
});
const rejections = `${unhandled.length} unhandled rejections, such as ${String(unhandled[0])}`;
await tell(
  unhandled.length > 0 && result.failure === undefined ? { ...result, failure: rejections } : result,
  true,
);
process.off('disconnect', orphaned);
process.disconnect();
