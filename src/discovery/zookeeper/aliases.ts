import type { Aliases } from '../../config/aliases.js';

/** The names that plugins of APISIX give to the options. */
export const zookeeperAliases: Aliases = {
  connect_string: { option: 'hosts', member: true },
  root_path: { option: 'prefix' },
};
