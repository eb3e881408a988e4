import type { Config } from '../config/schema.js';
import type { DocumentSet } from '../documents/document-set.js';
import type { RouteDocument } from '../documents/documents.js';
import type { RouteRule } from '../model/route.js';
import type { Plan } from '../publish/plan.js';

/** Every route with where it came from: the configuration file, a document, or `auto_routes`. */
export function listRoutes(
  config: Config,
  documents: DocumentSet,
  plan: Plan,
  services: Iterable<string>,
): readonly RouteDocument[] {
  const place = (source: string, name: string, rules: readonly RouteRule[]) =>
    rules.map((rule, index): RouteDocument => ({ id: `${name}[${index}]`, source, rules: [rule] }));
  const automatic = plan.routes(services).slice(plan.rules.length);
  return [
    ...place('file', 'routes', config.routes),
    ...documents.routes(),
    ...place('auto_routes', 'auto_routes', automatic),
  ];
}
