import { CONFIGURATION } from './configuration.js';
import { LAST_KNOWN_GOOD } from './last-known-good.js';
import { PATTERNS } from './patterns.js';
import { REGISTRIES } from './registries.js';
import { REQUESTS } from './requests.js';
import type { FuzzTarget } from './target.js';

export const TARGETS: readonly FuzzTarget[] = [
  ...REGISTRIES,
  ...CONFIGURATION,
  ...REQUESTS,
  ...PATTERNS,
  ...LAST_KNOWN_GOOD,
];
