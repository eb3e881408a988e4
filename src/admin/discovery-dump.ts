import type { ServiceView } from '../catalogue/service-view.js';

/** What the dump is made of. */
export interface DumpSubject {
  readonly serviceNames: () => Iterable<string>;
  readonly service: (name: string) => ServiceView | undefined;
  readonly sources: () => readonly { readonly registry: string }[];
}

/**
 * What a registry knows, as `/v1/discovery/<type>/dump` of APISIX's control API has it; its options, which hold credentials, are left
 * out. Undefined where there is no such registry.
 */
export function discoveryDump(registry: string, subject: DumpSubject) {
  if (!subject.sources().some((source) => source.registry === registry)) return undefined;
  const services = [...subject.serviceNames()].sort().flatMap((name) => {
    const view = subject.service(name);
    if (view === undefined || !view.registries.includes(registry)) return [];
    const nodes = view.instances
      .filter((instance) => instance.registry === registry)
      .map(({ host, port, weight, metadata }) => ({
        ...{ host, port, weight },
        ...(Object.keys(metadata).length > 0 && { metadata }),
      }));
    return [[name, nodes] as const];
  });
  return { services: Object.fromEntries(services) };
}
