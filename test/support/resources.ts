import { makeResource, type Resource } from '../../src/snapshot/resource.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';

/** A resource of arbitrary content; only what is not the default need be said. */
export function aResource(
  name: string,
  content = '',
  { typeUrl = TYPE_URL.cluster as string, ttl }: { readonly typeUrl?: string; readonly ttl?: number } = {},
): Resource {
  return makeResource(typeUrl, name, Buffer.from(content), [], ttl);
}
