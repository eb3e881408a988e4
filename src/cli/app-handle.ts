import type { Logger } from 'pino';
import type { Config } from '../config/schema.js';
import type { LogFormat } from '../telemetry/log-level.js';

/** A running control plane, as the command line sees it. */
export interface App {
  /** Takes over another configuration; rejects, and stays as it was, where that cannot be. */
  reload(config: Config): Promise<void>;
  /** `host:port`, with the port that the system chose where it was left open. */
  readonly xdsAddress: string;
  readonly adminAddress: string;
  /** Drains and ends. */
  stop(): Promise<void>;
}

export interface AppDependencies {
  readonly logger: Logger;
  /** How processes that it starts write their lines; `json` where nothing is said. */
  readonly logFormat?: LogFormat;
  /** How many promises of this process were rejected and awaited by nobody. */
  readonly unhandledRejections?: () => number;
}

export type StartApp = (config: Config, deps: AppDependencies) => Promise<App>;
