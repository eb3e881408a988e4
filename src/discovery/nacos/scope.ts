import type { ServiceKey } from '../source.js';

/** Where services are looked for: service names are unique within a group of a namespace. */
export interface NacosScope {
  readonly namespace: string;
  readonly group: string;
}

/** Service and scope together. */
export type NacosService = Required<ServiceKey>;

export function scopesOf(options: {
  readonly namespace: readonly string[];
  readonly group: readonly string[];
}): readonly NacosScope[] {
  return options.namespace.flatMap((namespace) => options.group.map((group) => ({ namespace, group })));
}

export function serviceText({ namespace, group, service }: NacosService): string {
  return JSON.stringify([namespace, group, service]);
}
