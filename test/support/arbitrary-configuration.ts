import { generateKeyPairSync } from 'node:crypto';
import fc, { type Arbitrary } from 'fast-check';
import type { z } from 'zod';
import { parseConfig } from '../../src/config/load.js';
import { type Config, configSchema } from '../../src/config/schema.js';
import type { Certificates } from '../peers/certificates.js';
import type { FileServices } from './published.js';
import { type Hints, inputOf, keyPaths, keysIn, remove } from './schema-arbitrary.js';

/** A configuration as someone may write it, with what the registry knows. */
export interface Written {
  readonly config: unknown;
  readonly services: FileServices;
}

/** What of the configuration becomes resources; the rest says how Signalbox itself runs. */
const PARTS = [
  ...(['default_service', 'services', 'consumers', 'listeners', 'virtual_hosts', 'routes'] as const),
  'auto_routes',
] as const;
const written = configSchema.pick({
  default_service: true,
  services: true,
  consumers: true,
  listeners: true,
  virtual_hosts: true,
  routes: true,
  auto_routes: true,
});

/** Every key of these parts. Routes of a listener are like those of all. */
export const KEYS: ReadonlySet<string> = new Set(
  keyPaths(written).filter((key) => !key.startsWith('listeners[].routes[]')),
);

/** Envoy's own JSON, which is not made up here. */
const ENVOYS_OWN = /^virtual_hosts|\.(envoy|http_connection_manager|http_filters)(\[\])?$/;

/** The keys that {@link arbitraryConfiguration} says. */
export const ARBITRARY_KEYS: readonly string[] = [...KEYS].filter((key) => !ENVOYS_OWN.test(key));

/** In names, so that configurations can be put side by side: each has its own number in its place. */
const NUMBER = '№';
const serviceName = fc.constantFrom(
  ...['one', 'two', 'three', 'constructor', 'upstreams/a b/', 'a:b', 'é', 'x'.repeat(200)].map(
    (name) => name + NUMBER,
  ),
);
const text = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' });
const host = fc.oneof(
  fc.constantFrom(
    '127.0.0.1',
    '::1',
    'localhost',
    'web.example.com',
    '2001:db8::1',
    '::ffff:1.2.3.4',
    '0.0.0.0',
  ),
  text,
);
const regex = fc.oneof(
  fc.constantFrom(
    '/a/[0-9]+',
    '.*',
    '/(x|y)(/.*)?',
    '(?i)/A',
    '/\\d{2,4}',
    '^https://.*$',
    'a{60}',
    '[^/]{1,30}',
  ),
  text,
);
const path = fc.oneof(
  fc.constantFrom('/', '/a', '/a/', '/a/b', '/%20', '/a.b', '//', '/é'),
  text.map((rest) => `/${rest}`),
);
const listenerName = fc.constantFrom(...['http', 'é', 'a b'].map((name) => name + NUMBER));
const accessLog = fc.oneof(
  fc.constantFrom('%PROTOCOL% %RESPONSE_CODE%\n', '%REQ(:path)%', '%%', '%NONE%'),
  text,
);
const headerValue = fc.oneof(
  fc.constantFrom('a', '%REQ(x-a)%', '100%%', '%PROTOCOL%', '', '%', 'a\tb'),
  text,
);
const headerName = fc.oneof(fc.constantFrom('x-a', 'X-B', 'content-type', 'Host', ':path', 'x_y'), text);
const edits = fc.dictionary(headerName, headerValue, { maxKeys: 2 });
/** An arbitrary text is hardly ever one. */
const range = fc.constantFrom('10.0.0.0/8', '127.0.0.1', '::1', '2001:db8::/32', '0.0.0.0/0', '10.1.2.3/12');
const template = fc.constantFrom('/a/{b}', '/a/**', '/*/b', '/{a}/{b=x/*}', '/{a=**}/c', '/a', '/**.js');

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const public_key = publicKey.export({ format: 'pem', type: 'spki' }).toString();
const tokens = fc.oneof(
  fc.record(
    { key: text.map((key) => key + NUMBER), secret: text, leeway: times() },
    { requiredKeys: ['key', 'secret'] },
  ),
  fc.record({
    key: text.map((key) => key + NUMBER),
    algorithm: fc.constant('ES256'),
    public_key: fc.constant(public_key),
  }),
);

/** The paths of the files that TLS options name. */
type Files = Pick<Certificates, 'ca' | 'server'>;

const hints = (files: Files): Hints => [
  [/^services\.\*\.tls\.ca$/, fc.constant(files.ca)],
  [/^services\.\*\.tls\.cert$/, fc.constant(files.server.cert)],
  [/^services\.\*\.tls\.key$/, fc.constant(files.server.key)],
  [
    /^services\{\}$/,
    fc.oneof({ weight: 4, arbitrary: serviceName }, { weight: 1, arbitrary: fc.constant('*') }),
  ],
  [/^(routes|listeners).*\.service_name$|\.sources\[\]\.service$/, serviceName],
  [/\.sources\[\]\.registry$/, fc.constant('file')],
  [/^listeners\[\]\.name$/, listenerName],
  [
    /^listeners\[\]\.address$/,
    fc
      .tuple(
        fc.constantFrom('0.0.0.0', '[::]', '127.0.0.1', '[2001:db8::1]'),
        fc.integer({ min: 1, max: 65_535 }),
      )
      .map(([ip, port]) => `${ip}:${port}`),
  ],
  [/^default_service\.host$/, host],
  [/(?<!rewrite|redirect)\.regex$|\.pattern$/, regex],
  [/\.template$/, template],
  [/routes\[\]\.match\.(path|prefix)$|\.(rewrite|redirect)\.(path|prefix)$/, path],
  [/\.headers\.(request|response)\.(set|add|if_absent)$/, edits],
  [/\.client_addresses\.(allow|deny)\[\]$/, range],
  [/\.rate_limit\.by\[\]\.header$/, fc.constantFrom('x-key', 'X-Tenant', ':authority')],
  [/\.auth\..*\.(header|query|cookie)$/, fc.constantFrom('x-key', 'a_b', 'k')],
  [/^consumers\{\}$/, fc.constantFrom('alice', 'a b', '"]]\\%').map((name) => name + NUMBER)],
  [/\.api_keys\[\]$/, fc.constantFrom('k', 'a b', '"\\').map((key) => key + NUMBER)],
  [/\.username$/, fc.constantFrom('u', 'é', 'a b').map((name) => name + NUMBER)],
  [/\.tokens\[\]$/, tokens],
  [/\.headers\.(request|response)\.remove\[\]$/, headerName],
  [
    /^routes\[\]\.hosts\[\]$/,
    fc.oneof(fc.constantFrom('a.test', '*.test', 'a.*', '*', 'A.test', 'b.test:80', '[::1]'), text),
  ],
  // Enough to try without that most times say more than any service would be given.
  [isDuration, times()],
  [ENVOYS_OWN, fc.constant(undefined)],
  [/\.client_ca$/, fc.constant(files.ca)],
  [/\.certificates\[\]\.cert$/, fc.constant(files.server.cert)],
  [/\.certificates\[\]\.key$/, fc.constant(files.server.key)],
  [/\.access_log\.path$/, fc.constant('/dev/null')],
  [/\.access_log\.format$/, accessLog],
  [
    /\.access_log\.json$/,
    fc.dictionary(text, fc.oneof(accessLog, fc.record({ in: accessLog })), { maxKeys: 3 }),
  ],
  [/^routes\[\]\.listeners\[\]$/, listenerName],
];

/** A number or a text with a unit. */
function isDuration(schema: z.core.$ZodType): boolean {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type !== 'union') return false;
  const kinds = def.options.map((option) => (option as z.core.$ZodTypes)._zod.def.type);
  return kinds.join() === 'number,string';
}

function times(): Arbitrary<unknown> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('1s', '250ms', '90m', 30, '5s', '1.5s') },
    { weight: 1, arbitrary: fc.constantFrom(0, '0.1ms', '1ms', '51ms', '48h', 1e9, 9e9, 1e12, 1e300) },
  );
}

const item = fc.record(
  {
    host,
    port: fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom(0, 70_000, '80')),
    weight: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(1e300, 1e-300, 0.1, -1, 'x')),
    metadata: fc.oneof(
      fc.dictionary(text, fc.oneof(text, fc.double(), fc.boolean()), { maxKeys: 3 }),
      fc.record(
        {
          version: fc.constantFrom('v1', 'v2'),
          slow_start: fc.constantFrom(30, '1e9', -1, 1e300, 'x'),
          checkurl: fc.constantFrom('/health', 'x', '/a b', ''),
          max_fails: fc.constantFrom(0, 1, 1e300, 'x'),
          fail_timeout: fc.constantFrom(0, 10, 1e300, 'x'),
        },
        { requiredKeys: [] },
      ),
    ),
    locality: fc.record({ region: text, zone: text, sub_zone: text }, { requiredKeys: [] }),
    secure: fc.boolean(),
    status: fc.constantFrom('up', 'down'),
  },
  { requiredKeys: ['host', 'port'] },
);

/** Configurations over the whole schema, most of them right in most parts. */
export function arbitraryConfiguration(files: Files): Arbitrary<Written> {
  const everywhere = hints(files);
  const route = inputOf(written.shape.routes, everywhere, 'routes');
  const known: Hints = [[/^listeners\[\]\.routes$/, route], ...everywhere];
  const part = (name: (typeof PARTS)[number]) => inputOf(written.shape[name], known, name);
  return fc.record({
    config: fc.record(
      {
        default_service: part('default_service'),
        services: part('services'),
        consumers: part('consumers'),
        listeners: part('listeners'),
        routes: part('routes'),
        auto_routes: part('auto_routes'),
      },
      { requiredKeys: ['services', 'listeners', 'routes'] },
    ),
    services: fc.dictionary(serviceName, fc.array(item, { maxLength: 4 }), { maxKeys: 4 }),
  });
}

export interface Accepted {
  readonly config: Config;
  readonly services: FileServices;
  /** The keys that it says. */
  readonly keys: readonly string[];
  /** As it stood in the file. */
  readonly text: string;
}

/** More would be a configuration that is thrown away bit by bit. */
const MOST_REPAIRS = 20;

/**
 * What is left of a configuration when each part that `validate` tells of is taken out.
 * @param number makes its names its own
 */
export function accepted({ config, services }: Written, number: number): Accepted | undefined {
  const numbered = <T>(value: T): T =>
    JSON.parse(JSON.stringify(value).replaceAll(NUMBER, `.${number}`)) as T;
  const rest = numbered({ discovery: { file: { path: 'services.json' } }, ...(config as object) });
  for (let repairs = 0; repairs < MOST_REPAIRS; repairs += 1) {
    const text = JSON.stringify(rest, null, 1);
    const loaded = parseConfig(text, 'signalbox.yaml', {});
    if (loaded.problems === undefined)
      return { config: loaded.config, services: numbered(services), keys: keysIn(rest, KEYS), text };
    const [problem] = loaded.problems;
    if (problem?.path === undefined || !remove(rest, partsOf(problem.path))) return undefined;
  }
  return undefined;
}

/** `routes[0].match` in its parts. */
function partsOf(path: string): readonly PropertyKey[] {
  const parts = path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.?([^.[\]]+)/g);
  return [...parts].map(([, index, quoted, name = '']) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? name : String(JSON.parse(quoted));
  });
}
