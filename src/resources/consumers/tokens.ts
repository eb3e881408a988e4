import type { JwtProvider } from '../../generated/types/envoy/extensions/filters/http/jwt_authn/v3/JwtProvider.js';
import type { Consumer, TokenKey } from '../../model/consumer.js';
import type { TokenAuth } from '../../model/route.js';
import { pack } from '../../protobuf/messages.js';

const CLAIM = 'key';
/** Seconds. Envoy takes 0 for its own default of 60. */
const LEAST_LEEWAY = 1;
/** Envoy wants a key. Nobody kept the private half of this one, and what is signed with it is of no consumer. */
const NOBODY = {
  kty: 'EC',
  crv: 'P-256',
  alg: 'ES256',
  x: 'uu_A-3HvRDWntsP7QsRy_q4nLn04CLtVo92pGn8DrwM',
  y: 'QkNahYjp8rvzc25dxsgG4RH970getpkPotuQQEy5rkU',
};
const OF_NOBODY: JwtProvider = { local_jwks: { inline_string: JSON.stringify({ keys: [NOBODY] }) } };

/** The name of what routes with the same options ask for. */
export function requirementOf({ header, query, cookie, claim = CLAIM, hide = false }: TokenAuth): string {
  return JSON.stringify([header ?? null, query ?? null, cookie ?? null, claim, hide]);
}

/** A token key of a consumer, for one set of options of routes. */
export interface TokenProvider {
  /** Under which the claims of a token are found once its signature was right. */
  readonly name: string;
  readonly consumer: string;
  readonly claim: string;
  readonly key: TokenKey;
}

/** Every token key for each of the options. */
export function tokenProviders(
  consumers: readonly Consumer[],
  options: readonly TokenAuth[],
): ReadonlyMap<TokenAuth, readonly TokenProvider[]> {
  const keys = consumers.flatMap(({ name, tokens = [] }) => tokens.map((key) => ({ consumer: name, key })));
  return new Map(
    options.map((auth) => {
      const { claim = CLAIM } = auth;
      const name = ({ key }: TokenKey) => `${requirementOf(auth)} ${key}`;
      return [auth, keys.map(({ consumer, key }) => ({ name: name(key), consumer, claim, key }))];
    }),
  );
}

/**
 * The filter that checks signatures and times. A token is that of a consumer whose key it was signed with; whether it says
 * so itself is checked after it.
 */
export function tokenFilter(providers: ReadonlyMap<TokenAuth, readonly TokenProvider[]>) {
  const made = [...providers].map(([auth, some]) => {
    const entries = some.flatMap((provider) => variants(auth, provider));
    const all = entries.length > 0 ? entries : [[`${requirementOf(auth)} none`, OF_NOBODY] as const];
    return [requirementOf(auth), all] as const;
  });
  return pack('envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', {
    providers: Object.fromEntries(made.flatMap(([, entries]) => entries)),
    requirement_map: Object.fromEntries(
      made.map(([name, entries]) => {
        const requirements = entries.map(([provider_name]) => ({ provider_name }));
        const [first = {}, ...more] = requirements;
        return [name, more.length === 0 ? first : { requires_any: { requirements } }];
      }),
    ),
  });
}

/** Envoy asks for every token that it finds to be right: with "Bearer" and without it are two ways to look. */
function variants(
  { header, query, cookie, hide }: TokenAuth,
  { name, key: { algorithm, jwk, leeway = 0 } }: TokenProvider,
): readonly (readonly [string, JwtProvider])[] {
  const common: JwtProvider = {
    local_jwks: { inline_string: JSON.stringify({ keys: [{ ...jwk, alg: algorithm }] }) },
    forward: hide !== true,
    payload_in_metadata: name,
    clock_skew_seconds: Math.max(LEAST_LEEWAY, leeway),
  };
  const elsewhere = {
    ...(query !== undefined && { from_params: [query] }),
    ...(cookie !== undefined && { from_cookies: [cookie] }),
  };
  if (header === undefined) return [[name, { ...common, ...elsewhere }]];
  const prefixes = ['Bearer ', 'bearer '].map((value_prefix) => ({ name: header, value_prefix }));
  return [
    [name, { ...common, ...elsewhere, from_headers: prefixes }],
    [`${name} plain`, { ...common, from_headers: [{ name: header }] }],
  ];
}
