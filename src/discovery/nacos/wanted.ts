import { publishedName } from '../../catalogue/service-template.js';
import type { NacosScope } from './scope.js';

/** What Nacos takes for the name of a service. */
const NAME = /^(?!@)(?!.*@@)\S{1,512}$/;

/**
 * The services of a scope that would be published under one of these names.
 * @param names as routes and the `services` section have them
 * @param template the registry's `service_template`
 */
export function wantedServices(
  names: readonly string[],
  template: string,
  source: { readonly registry: string; readonly server: string },
  scope: NacosScope,
): readonly string[] {
  const [before = '', after] = publishedName(template, source, { service: '\0', ...scope }).split('\0');
  if (after === undefined) return [];
  const services = names
    .filter((name) => name.startsWith(before) && name.endsWith(after))
    .map((name) => name.slice(before.length, name.length - after.length));
  return [...new Set(services)].filter((service) => NAME.test(service));
}
