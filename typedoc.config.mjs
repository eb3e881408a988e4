// npm run docs:api: the reference of everything that the package exports, into build/api.
import { readFileSync } from 'node:fs';

/** Envoy's own messages are described by Envoy. */
const messages = readFileSync(new URL('src/generated/messages.ts', import.meta.url), 'utf8').matchAll(
  /import type { (?<name>\w+) as \w+ } from '\.\/(?<path>.+)\.js'/g,
);

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: 'Signalbox',
  entryPoints: ['src/index.ts', 'src/discovery/index.ts', 'src/resources/index.ts', 'src/testing/index.ts'],
  tsconfig: 'tsconfig.build.json',
  out: 'build/api',
  readme: 'none',
  disableSources: true,
  excludePrivate: true,
  treatWarningsAsErrors: true,
  intentionallyNotExported: [
    ...[...messages].map(({ groups }) => `src/generated/${groups.path}.ts:${groups.name}`),
    'src/generated/types/envoy/config/core/v3/ConfigSource.ts:ConfigSource',
    'src/generated/types/envoy/config/cluster/v3/Cluster.ts:_envoy_config_cluster_v3_Cluster_LbPolicy',
    'src/config/registries.ts:RegistryOptions',
  ],
  requiredToBeDocumented: [
    ...['Class', 'Interface', 'Function', 'Method', 'TypeAlias', 'Variable', 'Accessor', 'Constructor'],
  ],
  validation: { notExported: true, invalidLink: true, notDocumented: true },
};
