import { mapEntry, type ReadInstance } from '../../model/read-entry.js';
import { checkInstance } from '../../model/read-instance.js';

/** What Dubbo 2 has under an interface; only providers are instances. */
export const DUBBO_CATEGORIES: ReadonlySet<string> = new Set([
  'providers',
  'consumers',
  'configurators',
  'routers',
]);

/**
 * Reads a znode's name such as `dubbo%3A%2F%2F10.0.0.1%3A20880%2Fcom.foo.Bar%3Fversion%3D1.0.0%26weight%3D200`. The
 * service is the interface; `version`, `group` and the other parameters are metadata.
 */
export function readDubboProvider(name: string, defaultWeight: number): ReadInstance {
  return mapEntry(name, name, () => readUrl(new URL(decodeURIComponent(name)), defaultWeight));
}

function readUrl(url: URL, defaultWeight: number): ReadInstance {
  const { weight, ...parameters }: Readonly<Record<string, string>> = Object.fromEntries(url.searchParams);
  const down =
    parameters.enabled === 'false' || parameters.disabled === 'true'
      ? ({ reason: 'disabled', detail: 'the provider is disabled' } as const)
      : undefined;
  return checkInstance(
    {
      host: url.hostname,
      port: url.port,
      weight,
      metadata: { ...parameters, protocol: url.protocol.slice(0, -1) },
      ...(down !== undefined && { down }),
    },
    defaultWeight,
  );
}
