import { type Config, configSchema } from '../../src/config/schema.js';

/** A configuration as the file would give it, with defaults for what is not said. */
export function configOf(options: object = {}): Config {
  return configSchema.parse(options);
}
