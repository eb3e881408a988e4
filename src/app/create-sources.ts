import type { Logger } from 'pino';
import { globMatcher } from '../base/glob.js';
import { askOutside } from '../base/outside-code.js';
import { prepareDiscovery } from '../config/discovery-block.js';
import { formatPath } from '../config/problem.js';
import { type RegistryType, registryOptions } from '../config/registries.js';
import { check } from '../config/schema-problems.js';
import { SkippingSource } from '../discovery/skipping-source.js';
import type { Source } from '../discovery/source.js';
import { DocumentSet } from '../documents/document-set.js';
import { messageOf, SignalboxError } from '../errors.js';
import { guardedLogger } from '../telemetry/guarded-logger.js';
import { SourceFactory } from './sources.js';

/** A registry as the `discovery` block of a configuration file describes it: its type, and the options of that type. */
export interface RegistryDescription {
  readonly type: RegistryType;
  /** Such as `servers`, see docs/registries. */
  readonly [option: string]: unknown;
}

/** What {@link createSources} takes beside the description. */
export interface CreateSourcesOptions {
  /** Nothing is logged without it. */
  readonly logger?: Logger;
  /**
   * The services of interest, for a registry that is asked for named ones only (Nacos); all that it lists without it. Where
   * it throws, what it said before counts, and the error is logged.
   */
  readonly wanted?: () => readonly string[];
}

/**
 * Makes the sources of one registry: one, or one for each of its independent servers. Of the options these belong to the
 * `signalbox` program and have no effect here: `service_template`, `default_service`, `mass_loss`, `dump`.
 * @param name the registry's name, which instances are told apart by
 * @param description its type and options, as in the configuration file
 * @throws SignalboxError `config_invalid`; the message names each option that is wrong
 */
export async function createSources(
  name: string,
  description: RegistryDescription,
  options: CreateSourcesOptions = {},
): Promise<readonly Source[]> {
  const logger = guardedLogger(options.logger);
  let last: readonly string[] = [];
  const wanted = () => {
    last = askOutside(options.wanted ?? (() => []), (thrown) => {
      logger.error({ registry: name, err: thrown }, `the function "wanted" failed: ${messageOf(thrown)}`);
      return last;
    });
    return last;
  };
  const prepared = prepareDiscovery({ discovery: { [name]: description } }, process.cwd());
  const { discovery } = prepared.value as { readonly discovery: Readonly<Record<string, unknown>> };
  const read = check(registryOptions, discovery[name]);
  const problems = [...prepared.problems, ...(read.problems ?? [])];
  if (read.value === undefined || problems.length > 0) {
    const told = problems.map(({ path, message }) => `${formatPath(path)}: ${message}`);
    throw new SignalboxError('config_invalid', `registry "${name}": ${told.join('; ')}`);
  }
  const factory = new SourceFactory({ wanted, documents: new DocumentSet() });
  const sources = await factory.create(name, read.value, { logger });
  const skipped = globMatcher(read.value.skip_services);
  return sources.map((source) => new SkippingSource(source, skipped));
}
