import type { Aliases } from '../../config/aliases.js';

/** Older spellings of the options, from before APISIX settled on the names of today. */
export const consulKvAliases: Aliases = {
  connect_type: { option: 'keepalive', values: { long: true, short: false } },
  delay: { option: 'fetch_interval' },
  interval: { option: 'fetch_interval' },
  default_server: { option: 'default_service' },
};
