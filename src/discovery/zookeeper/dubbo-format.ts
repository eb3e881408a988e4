import { badValue, mapEntry, type ReadInstance } from '../../model/read-entry.js';
import { checkInstance } from '../../model/read-instance.js';
import { statedPort } from '../../model/stated-port.js';
import { readDubboProvider } from '../dubbo-provider.js';

/** What Dubbo 2 has under an interface; only providers are instances. */
export const DUBBO_CATEGORIES: ReadonlySet<string> = new Set([
  'providers',
  'consumers',
  'configurators',
  'routers',
]);

/** The ports of Dubbo's protocols (`getDefaultPort`), which a URL need not name, and those of the web's. */
const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ['dubbo', 20880],
  ['tri', 50051],
  ['grpc', 50051],
  ['rest', 80],
  ['http', 80],
  ['https', 443],
  ['hessian', 80],
  ['webservice', 80],
  ['xmlrpc', 80],
  ['ws', 80],
  ['wss', 443],
  ['rmi', 1099],
  ['redis', 6379],
  ['memcached', 11211],
  ['thrift', 40880],
  ['native-thrift', 40880],
]);

/**
 * Reads a znode's name such as `dubbo%3A%2F%2F10.0.0.1%3A20880%2Fcom.foo.Bar%3Fversion%3D1.0.0%26weight%3D200`. The
 * service is the interface; `version`, `group` and the other parameters are metadata.
 */
export function readDubboUrl(name: string, defaultWeight: number): ReadInstance {
  return mapEntry(name, name, () => readText(name, decodeURIComponent(name), defaultWeight));
}

function readText(name: string, text: string, defaultWeight: number): ReadInstance {
  // Node's own reader of URLs forgets a port that is the scheme's, and takes no -1.
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?]+)[^?]*(?:\?(.*))?$/is.exec(text);
  if (match === null) return badValue(name, 'the name is no URL of a provider');
  const [, scheme = '', authority = '', query = ''] = match;
  const protocol = scheme.toLowerCase();
  const { host, port } = readAuthority(authority);
  const provider = readDubboProvider(Object.fromEntries(new URLSearchParams(query)));
  const { weight: _, ...parameters } = provider.parameters;
  return checkInstance(
    {
      ...provider,
      host,
      port: statedPort(port) ?? DEFAULT_PORTS.get(protocol),
      metadata: { ...parameters, protocol },
    },
    defaultWeight,
  );
}

/** `user@host:port`; as in Dubbo, what follows the last colon is the port. */
function readAuthority(authority: string): { readonly host: string; readonly port: string | undefined } {
  const place = authority.slice(authority.lastIndexOf('@') + 1);
  const colon = place.lastIndexOf(':');
  if (colon < 0 || place.endsWith(']')) return { host: place, port: undefined };
  return { host: place.slice(0, colon), port: place.slice(colon + 1) };
}
