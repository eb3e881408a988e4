import type { serviceSummary } from '../../admin/services.js';
import { printable } from '../../base/printable.js';
import { table } from './table.js';

/** The answer of `/services`. */
export interface ServicesAnswer {
  readonly services: readonly ReturnType<typeof serviceSummary>[];
}

export function servicesText({ services }: ServicesAnswer): string {
  if (services.length === 0) return 'There are no services.\n';
  const failing = services.filter((service) => service.failing > 0);
  const list = table(
    ['SERVICE', 'INSTANCES', 'FILTERED', 'SERVED FROM', 'REGISTRIES'],
    services.map(({ name, instances, filtered, served_from, registries }) => [
      name,
      instances,
      filtered,
      served_from,
      registries.join(', '),
    ]),
  );
  return failing.length === 0 ? list : `${list}\n${failingText(failing.map(({ name }) => name))}`;
}

/** Services that are named; of more, their number is told. */
const MOST_NAMED = 10;

function failingText(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).map((name) => JSON.stringify(name));
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return `${printable(`Failing: ${shown.join(', ')}${more}. signalbox explain NAME tells why.`)}\n`;
}
