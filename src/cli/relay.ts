import { once } from 'node:events';
import { messageOf } from '../errors.js';
import { Relay, type RelayOptions } from '../relay/relay.js';
import type { LogLevel } from '../telemetry/log-level.js';
import { createLogger } from '../telemetry/logger.js';
import type { ProcessFaults } from '../telemetry/process-faults.js';
import type { Output } from './output.js';
import { listenToSignals } from './serve.js';

export interface RunRelayOptions extends RelayOptions {
  readonly logLevel: LogLevel;
}

/**
 * Runs a relay until SIGTERM or SIGINT.
 * @param faults told of the log
 * @returns the exit code
 */
export async function runRelay(
  options: RunRelayOptions,
  output: Output,
  faults?: ProcessFaults,
): Promise<number> {
  const life = new AbortController();
  const logger = createLogger(options.logLevel);
  faults?.logTo(logger);
  listenToSignals(life, () => undefined, logger);
  try {
    const relay = await Relay.start(options, logger);
    logger.info({ xds: relay.xdsAddress, admin: relay.adminAddress }, 'serving');
    if (!life.signal.aborted) await once(life.signal, 'abort');
    await relay.stop();
    logger.info('stopped');
    return 0;
  } catch (thrown) {
    output.stderr.write(`cannot relay: ${messageOf(thrown)}\n`);
    return 1;
  }
}
