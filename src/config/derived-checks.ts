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
