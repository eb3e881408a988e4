// The data that every server of the benchmark serves (see resources/resources.go), as registries would tell it.
import { type Config, configSchema } from '../src/config/schema.js';
import type { Source } from '../src/discovery/source.js';
import type { Instance } from '../src/model/instance.js';

export const SOURCE: Source = { registry: 'bench', server: 'memory', run: async () => undefined };

export function serviceName(service: number): string {
  return `svc-${String(service).padStart(5, '0')}`;
}

/** @param weight of the first instance; the others have 1 */
export function instancesOf(service: number, count: number, weight = 1): readonly Instance[] {
  return Array.from({ length: count }, (_, index) => ({
    host: `127.${(service >> 8) & 255}.${service & 255}.${index + 1}`,
    port: 8080,
    weight: index === 0 ? weight : 1,
    metadata: {},
    locality: { region: 'r1', zone: 'z1' },
  }));
}

/** One listener with a prefix route to each service. */
export function configOf(services: number): Config {
  const names = Array.from({ length: services }, (_, service) => serviceName(service));
  return configSchema.parse({
    listeners: [{ name: 'listener-0', address: '127.0.0.1:19000' }],
    routes: names.map((name) => ({ match: { prefix: `/${name}/` }, service_name: name })),
  });
}
