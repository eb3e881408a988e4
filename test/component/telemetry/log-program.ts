import { createLogger } from '../../../src/telemetry/logger.js';

// Logs a line, and when it is told to, so many more, and ends at once.
const logger = createLogger('info');
logger.info({ line: 0 }, 'started');
process.stdin.once('data', (told) => {
  const count = Number(String(told));
  for (let line = 1; line <= count; line += 1) logger.info({ line, text: 'x'.repeat(200) }, 'more');
  process.exit(3);
});
