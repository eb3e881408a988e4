import { readJson } from '../base/data-bounds.js';
import { textOf } from '../text-of.js';

type Fields = Readonly<Record<string, unknown>>;

/** The protocol that an instance expects from its clients. */
export interface SpokenProtocol {
  /** True or false where it says so itself, with the word that says it, such as `secure=true`. */
  readonly tls?: { readonly secure: boolean; readonly by: string };
  readonly http2?: true;
  /** Unreadable values, for people. */
  readonly remarks: readonly string[];
}

interface Meaning {
  readonly tls?: true;
  readonly http2?: true;
}

/** The meaning of protocol names and URL schemes. Others, such as `http` and `dubbo`, have none. */
const PROTOCOLS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['http2', { http2: true }],
  ['http/2', { http2: true }],
  ['http/2.0', { http2: true }],
  ['h2', { http2: true }],
  ['h2c', { http2: true }],
  ['kubernetes.io/h2c', { http2: true }],
  ['grpc', { http2: true }],
  ['tri', { http2: true }],
  ['triple', { http2: true }],
  ['grpcs', { http2: true, tls: true }],
  ['https', { tls: true }],
  ['wss', { tls: true }],
  ['tls', { tls: true }],
  ['ssl', { tls: true }],
]);

/** Keys that say yes or no to TLS; Spring Cloud writes the first, Dubbo the second. */
const SWITCHES = ['secure', 'ssl-enabled'];
/** Keys that name a protocol. */
const NAMES = ['scheme', 'protocol'];

/**
 * What an instance speaks by the words of its metadata, in whichever registry they stand. Of words that contradict one
 * another about TLS the first counts: `secure`, `ssl-enabled`, `scheme`, `protocol`.
 * @param fields its metadata and what else it says
 * @param port its own, by which Dubbo 3 tells the endpoints of an instance apart
 */
export function readSpokenProtocol(fields: Fields, port: number): SpokenProtocol {
  const remarks: string[] = [];
  const switched = SWITCHES.flatMap((key) => {
    const secure = readSwitch(fields[key]);
    if (secure === 'unclear')
      remarks.push(`${key} "${textOf(fields[key])}" is neither true nor false and is ignored`);
    return typeof secure === 'boolean' ? [{ secure, by: `${key}=${secure}` }] : [];
  });
  const named = [
    ...NAMES.map((key) => [key, fields[key]] as const),
    ['dubbo.endpoints', dubboProtocol(fields['dubbo.endpoints'], port)] as const,
  ].flatMap(([key, word]) => {
    const meaning = typeof word === 'string' ? PROTOCOLS.get(word.trim().toLowerCase()) : undefined;
    return meaning === undefined ? [] : [{ ...meaning, by: `${key}=${textOf(word)}` }];
  });
  const byName = named.find(({ tls }) => tls === true);
  const tls = switched[0] ?? (byName === undefined ? undefined : { secure: true, by: byName.by });
  return {
    ...(tls !== undefined && { tls }),
    ...(named.some(({ http2 }) => http2 === true) && { http2: true }),
    remarks,
  };
}

/** Reads a switch; undefined for a neutral value. */
export function readSwitch(value: unknown): boolean | 'unclear' | undefined {
  if (typeof value === 'boolean') return value;
  if (value === undefined || value === null || value === 0) return undefined;
  const text = textOf(value).trim().toLowerCase();
  if (text === '' || text === '0') return undefined;
  return text === 'true' ? true : text === 'false' ? false : 'unclear';
}

/** The protocol of a Dubbo 3 instance's own port, out of `[{"port":50051,"protocol":"tri"}]`. */
function dubboProtocol(endpoints: unknown, port: number): unknown {
  const { value } = typeof endpoints === 'string' ? readJson(endpoints) : {};
  if (!Array.isArray(value)) return undefined;
  const own = value.find(
    (endpoint: unknown): endpoint is Fields =>
      typeof endpoint === 'object' && endpoint !== null && 'port' in endpoint && endpoint.port === port,
  );
  return own?.protocol;
}
