import { CONFIGURATION } from './configuration.js';
import { DOCUMENTS } from './documents.js';
import { LAST_KNOWN_GOOD } from './last-known-good.js';
import { MASS_LOSS } from './mass-loss.js';
import { PATTERNS } from './patterns.js';
import { PORT } from './port.js';
import { REGISTRIES } from './registries.js';
import { REQUESTS } from './requests.js';
import type { FuzzTarget } from './target.js';
import { YAML } from './yaml.js';

export const TARGETS: readonly FuzzTarget[] = [
  ...REGISTRIES,
  ...DOCUMENTS,
  ...YAML,
  ...CONFIGURATION,
  ...REQUESTS,
  ...PORT,
  ...PATTERNS,
  ...MASS_LOSS,
  ...LAST_KNOWN_GOOD,
];
