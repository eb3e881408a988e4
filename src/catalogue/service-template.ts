import type { ServiceKey, Source } from '../discovery/source.js';

/** The name under which a service of a registry is published, by the registry's `service_template`. */
export function publishedName(
  template: string,
  source: Pick<Source, 'registry' | 'server'>,
  key: ServiceKey,
): string {
  const values: Readonly<Record<string, string>> = {
    registry: source.registry,
    server: source.server,
    service: key.service,
    namespace: key.namespace ?? '',
    group: key.group ?? '',
  };
  return template.replace(
    /\{(registry|server|service|namespace|group)\}/g,
    (_text, name: string) => values[name] ?? '',
  );
}
