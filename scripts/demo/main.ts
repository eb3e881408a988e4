import { parseArgs } from 'node:util';
import { checkAnswers } from './check.js';
import { Demo } from './demo.js';

const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } });

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Asked twice: at once. What was started is killed as this process ends.
    if (interrupted.signal.aborted) process.exit(130);
    interrupted.abort();
  });
}
if (process.env.npm_lifecycle_event !== undefined) {
  // npm's shell ends on SIGTERM without a word to what it runs.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && interrupted.abort(), 500).unref();
}

const demo = new Demo();
try {
  await demo.start(interrupted.signal);
  if (values.once) await checkAnswers(demo);
  else {
    console.log(demo.description());
    await demo.untilEnd(interrupted.signal);
  }
} catch (thrown) {
  if (!interrupted.signal.aborted) {
    console.error(`demo: ${thrown instanceof Error ? thrown.message : thrown}`);
    process.exitCode = 1;
  }
} finally {
  await demo.stop();
}
if (interrupted.signal.aborted) console.log('\ndemo: ended');
