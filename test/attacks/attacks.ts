import { ADMIN_FLOODS } from './admin/floods.js';
import { OTHER_ORIGIN } from './admin/other-origin.js';
import type { Attack } from './attack.js';
import { CLIENT_STATUS } from './port/client-status.js';
import { CONNECTIONS } from './port/connections.js';
import { FRAMES } from './port/frames.js';
import { HEADERS } from './port/headers.js';
import { HELD } from './port/held.js';
import { LOAD_REPORTS } from './port/load-reports.js';
import { MALFORMED } from './port/malformed.js';
import { MESSAGES } from './port/messages.js';
import { NAMES } from './port/names.js';
import { NODES } from './port/nodes.js';
import { PATTERNS } from './port/patterns.js';
import { REFUSALS } from './port/refusals.js';
import { REFUSED } from './port/refused.js';
import { REMOVED_RULE } from './port/removed-rule.js';
import { TLS } from './port/tls.js';
import { TYPES } from './port/types.js';
import { UNREAD } from './port/unread.js';
import { ANSWERS } from './registry/answers.js';
import { CONSUL } from './registry/consul.js';
import { DOCUMENTS } from './registry/documents.js';
import { FILES } from './registry/files.js';
import { KEYS } from './registry/keys.js';

/** Seconds of an attack that strikes once. */
const ONCE = 3;

const SINGLE: readonly Attack[] = [
  ...CONNECTIONS,
  ...TLS,
  ...FRAMES,
  ...HEADERS,
  ...MESSAGES,
  ...MALFORMED,
  ...NAMES,
  ...TYPES,
  ...NODES,
  ...REFUSALS,
  ...REFUSED,
  ...HELD,
  ...UNREAD,
  ...LOAD_REPORTS,
  ...CLIENT_STATUS,
  ...PATTERNS,
  ...REMOVED_RULE,
  ...[...KEYS, ...CONSUL, ...DOCUMENTS, ...FILES].map(striking(ONCE)),
  ...ANSWERS,
  ...ADMIN_FLOODS,
  ...OTHER_ORIGIN,
];

/** One of each kind, also against a server whose workers serve the proxies. */
const WITH_WORKERS: ReadonlySet<string> = new Set([
  'nodes with metadata 20 to 60 deep, and CSDS',
  '31 invented types with names of 16 MB on a stream (delta)',
  'calls of unknown methods at full speed',
  'load reports of 15 MiB, invented clusters',
  'CSDS questions whose answers nobody reads',
  'malformed messages to every method',
]);

/** All attacks, in the order of the table. */
export const ATTACKS: readonly Attack[] = [
  ...SINGLE,
  ...SINGLE.filter(({ name }) => WITH_WORKERS.has(name)).map(againstWorkers),
];

function againstWorkers(attack: Attack): Attack {
  return {
    ...attack,
    name: `2 workers: ${attack.name}`,
    stage: async (world) => {
      const stage = (await attack.stage?.(world)) ?? {};
      const xds = { ...(stage.config?.xds as object | undefined), workers: 2 };
      return { ...stage, config: { ...stage.config, xds } };
    },
  };
}

function striking(seconds: number): (attack: Attack) => Attack {
  return (attack) => ({ ...attack, seconds });
}
