/** How tokens of a consumer are signed. */
export type TokenAlgorithm =
  | 'HS256'
  | 'HS384'
  | 'HS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA';

/** Those of JSON Web Tokens that Envoy checks. */
export const TOKEN_ALGORITHMS: readonly TokenAlgorithm[] = [
  ...(['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA'] as const),
];

/** A key that tokens of a consumer are signed with. */
export interface TokenKey {
  /** What a token says of itself in the claim that a route looks at. */
  readonly key: string;
  readonly algorithm: TokenAlgorithm;
  /** The key that signatures are checked with, as a JSON Web Key without its "alg". */
  readonly jwk: Readonly<Record<string, unknown>>;
  /** How long after its end a token is taken, seconds. */
  readonly leeway?: number | undefined;
}

/** Somebody who may call routes that have an `auth`, and what they prove it by. */
export interface Consumer {
  readonly name: string;
  readonly api_keys?: readonly string[] | undefined;
  readonly logins?: readonly { readonly username: string; readonly password: string }[] | undefined;
  readonly tokens?: readonly TokenKey[] | undefined;
}

/** Every token may be that of each of these, and Envoy tries one key after the other. */
const MOST_TOKEN_KEYS = 200;

/** A consumer in its place in the order. */
interface Placed {
  readonly consumer: Consumer;
}

/**
 * Tells consumers apart that prove to be somebody by the same key, login or claim: the first one counts. Envoy refuses all
 * consumers for two that are the same.
 * @returns the ones that count, and of the others the reason
 */
export function distinctConsumers<T extends Placed>(
  placed: readonly T[],
): { readonly counting: readonly T[]; readonly refused: ReadonlyMap<T, string> } {
  const taken = new Set<string>();
  const refused = new Map<T, string>();
  let tokens = 0;
  const counting = placed.filter((one) => {
    const { consumer } = one;
    const own = proofsOf(consumer);
    const ofIt = new Set<string>();
    const [, twice] = own.find(([proof]) => taken.has(proof) || ofIt.size === ofIt.add(proof).size) ?? [];
    const more = consumer.tokens?.length ?? 0;
    const reason =
      twice !== undefined
        ? `${twice} belongs to a consumer already`
        : more > 0 && tokens + more > MOST_TOKEN_KEYS
          ? `there are ${MOST_TOKEN_KEYS} keys for tokens already, and Envoy tries each of them`
          : undefined;
    if (reason !== undefined) {
      refused.set(one, reason);
      return false;
    }
    tokens += more;
    for (const [proof] of own) taken.add(proof);
    return true;
  });
  return { counting, refused };
}

function proofsOf({
  api_keys = [],
  logins = [],
  tokens = [],
}: Consumer): readonly (readonly [string, string])[] {
  return [
    ...api_keys.map((key) => [`key ${key}`, 'an API key'] as const),
    ...logins.map(({ username }) => [`login ${username}`, `the login "${username}"`] as const),
    ...tokens.map(({ key }) => [`token ${key}`, `the token key "${key}"`] as const),
  ];
}
