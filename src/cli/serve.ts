import type { Logger } from 'pino';
import { loadConfig } from '../config/load.js';
import { formatProblem, type Problem } from '../config/problem.js';
import type { Config } from '../config/schema.js';
import { watchFile } from '../config/watch-file.js';
import { messageOf } from '../errors.js';
import type { Address } from '../model/address.js';
import type { LogFormat, LogLevel } from '../telemetry/log-level.js';
import { createLogger } from '../telemetry/logger.js';
import type { ProcessFaults } from '../telemetry/process-faults.js';
import type { App, StartApp } from './app-handle.js';
import type { Output } from './output.js';

export interface ServeOptions {
  readonly config: string;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** In place of what the file says. */
  readonly xds?: Address | undefined;
  readonly admin?: Address | undefined;
  readonly workers?: number | undefined;
}

/** Milliseconds for an orderly end; what is not done by then is cut off, so that the end is there within 5 s. */
const DRAIN = 4_500;

/**
 * Runs the control plane until SIGTERM or SIGINT. SIGHUP and a change of the file load the configuration again.
 * @param startApp called only when there is a configuration to start with
 * @param faults told of the log
 * @returns the exit code
 */
export async function runServe(
  options: ServeOptions,
  output: Output,
  startApp: StartApp,
  faults?: ProcessFaults,
): Promise<number> {
  const life = new AbortController();
  const reloads = new Reloads();
  // Watched before it is read: a change in between is not missed.
  watchFile(options.config, () => reloads.request(), life.signal);
  try {
    const first = await loadConfig(options.config, process.env);
    if (first.problems !== undefined) {
      for (const problem of first.problems) output.stderr.write(`${formatProblem(problem)}\n`);
      return 1;
    }
    const logger = createLogger(options.logLevel, options.logFormat);
    faults?.logTo(logger);
    for (const warning of first.warnings) logger.warn(fields(warning), warning.message);
    listenToSignals(life, () => reloads.request(), logger);
    const { logFormat } = options;
    const config = overridden(first.config, options);
    const unhandledRejections = () => faults?.rejections ?? 0;
    const app = await startApp(config, { logger, logFormat, unhandledRejections }).catch(
      (thrown: unknown) => {
        logger.fatal({ err: thrown }, `cannot start: ${messageOf(thrown)}`);
      },
    );
    return app === undefined ? 1 : await run(app, options, reloads, life.signal, logger);
  } finally {
    life.abort();
  }
}

async function run(
  app: App,
  options: ServeOptions,
  reloads: Reloads,
  signal: AbortSignal,
  logger: Logger,
): Promise<number> {
  logger.info({ xds: app.xdsAddress, admin: app.adminAddress }, 'serving');
  for await (const _ of reloads.until(signal)) await reload(app, options, logger);
  try {
    await app.stop();
    logger.info('stopped');
    return 0;
  } catch (thrown) {
    logger.error({ err: thrown }, `stopped with an error: ${messageOf(thrown)}`);
    return 1;
  }
}

/**
 * They stay until the process ends: a signal that comes while it ends must not have its default meaning.
 * @param life ended by SIGTERM and SIGINT
 * @param reload called for SIGHUP
 */
export function listenToSignals(life: AbortController, reload: () => void, logger: Logger): void {
  process.on('SIGHUP', reload);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // A second one does not wait.
      if (life.signal.aborted) process.exit(1);
      logger.info({ signal }, 'stopping');
      setTimeout(() => {
        logger.error('could not end in time: cut off');
        process.exit(1);
      }, DRAIN).unref();
      life.abort();
    });
  }
}

async function reload(app: App, options: ServeOptions, logger: Logger): Promise<void> {
  const loaded = await loadConfig(options.config, process.env);
  if (loaded.problems !== undefined) {
    for (const problem of loaded.problems) logger.error(fields(problem), problem.message);
    logger.error(
      { problems: loaded.problems.length },
      'the configuration is not valid: the running one stays',
    );
    return;
  }
  for (const warning of loaded.warnings) logger.warn(fields(warning), warning.message);
  try {
    await app.reload(overridden(loaded.config, options));
    logger.info({ file: options.config }, 'configuration reloaded');
  } catch (thrown) {
    logger.error({ err: thrown }, `the configuration cannot be taken over: ${messageOf(thrown)}`);
  }
}

/** Requests to load again, one at a time; those that come while one is under way make one more. */
class Reloads {
  #requested = false;
  #wake: () => void = () => undefined;

  request(): void {
    this.#requested = true;
    this.#wake();
  }

  async *until(signal: AbortSignal): AsyncGenerator<void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted) {
      if (this.#requested) {
        this.#requested = false;
        yield;
      } else {
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
      }
    }
  }
}

function overridden(config: Config, { xds, admin, workers }: ServeOptions): Config {
  return {
    ...config,
    xds: {
      ...config.xds,
      ...(xds !== undefined && { listen: xds }),
      ...(workers !== undefined && { workers }),
    },
    ...(admin !== undefined && { admin: { ...config.admin, listen: admin } }),
  };
}

function fields({ message: _, ...place }: Problem): Omit<Problem, 'message'> {
  return place;
}
