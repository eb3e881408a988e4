import type { Placed } from './discovery-block.js';
import type { Config } from './schema.js';

/** What is wrong with the services that are made of others. */
export function derivedProblems({ services, discovery }: Config): readonly Placed[] {
  return Object.entries(services).flatMap(([name, { sources = [] }]): readonly Placed[] => {
    const path = ['services', name, 'sources'];
    if (name === '*' && sources.length > 0)
      return [{ path, message: '"*" stands for all services, which cannot be made of the same parts' }];
    return sources.flatMap(({ registry }, index): readonly Placed[] =>
      registry === undefined || Object.hasOwn(discovery, registry)
        ? []
        : [{ path: [...path, index, 'registry'], message: `there is no registry "${registry}" here` }],
    );
  });
}

/** Parts of namespaces and groups that no registry reads, so that they have no instances. */
export function unreadScopes({ services, discovery }: Config): readonly Placed[] {
  return Object.entries(services).flatMap(([name, { sources = [] }]) =>
    sources.flatMap(({ registry, where = {} }, index) => {
      const asked = Object.entries(discovery).filter(
        ([other]) => registry === undefined || registry === other,
      );
      return (['namespace', 'group'] as const).flatMap((key) => {
        const said = where[key];
        if (said === undefined || asked.some(([, of]) => of.type === 'nacos' && of[key].includes(said)))
          return [];
        const message = `no registry reads the ${key} "${said}": add it to "${key}" of a registry of the type nacos`;
        return [{ path: ['services', name, 'sources', index, 'where', key], message }];
      });
    }),
  );
}
