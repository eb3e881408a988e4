import type { RouteRule } from '../../model/route.js';
import type { Resource } from '../../snapshot/resource.js';
import { RouteConfigurations } from './configuration.js';

/**
 * The RDS resource of a route configuration. The most specific rule wins whatever the order: priority, then exact paths,
 * then the longest prefix, then regular expressions.
 * @param name of the route configuration: that of the listener that {@link listenerResource} makes for it
 */
export function routeResource(name: string, rules: readonly RouteRule[]): Resource {
  const [made] = new RouteConfigurations().build(
    [name],
    rules.map(({ listeners: _, ...rule }) => rule),
  );
  if (made === undefined) throw new Error('a listener without a route configuration');
  return made;
}
