import type { ServiceKey } from '../discovery/source.js';

/** A service's key as a text, to find it by. */
export function keyText(key: ServiceKey): string {
  return JSON.stringify([key.namespace ?? '', key.group ?? '', key.service]);
}
