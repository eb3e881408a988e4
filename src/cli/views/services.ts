import type { serviceSummary } from '../../admin/services.js';
import { table } from './table.js';

/** The answer of `/services`. */
export interface ServicesAnswer {
  readonly services: readonly ReturnType<typeof serviceSummary>[];
}

export function servicesText({ services }: ServicesAnswer): string {
  if (services.length === 0) return 'There are no services.\n';
  return table(
    ['SERVICE', 'INSTANCES', 'FILTERED', 'SERVED FROM', 'REGISTRIES'],
    services.map(({ name, instances, filtered, served_from, registries }) => [
      name,
      instances,
      filtered,
      served_from,
      registries.join(', '),
    ]),
  );
}
