import { z } from 'zod';
import { type Consumer, TOKEN_ALGORITHMS, type TokenKey } from '../model/consumer.js';
import { isSymmetric, publicJwk, secretJwk } from '../model/token-key.js';
import { duration } from './values.js';

/** What a header can carry. */
export const apiKey = z.string().regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, 'expected printable ASCII');
/** Envoy reads a line for each user, up to a colon. */
export const username = z.string().regex(/^[^:\0\r\n]+$/, 'expected a name without ":" and line breaks');

const login = z.strictObject({ username, password: z.string().min(1) });

const token = z
  .strictObject({
    key: z.string().min(1),
    algorithm: z.enum(TOKEN_ALGORITHMS).default('HS256'),
    /** Of HS256, HS384 and HS512. */
    secret: z.string().min(1).optional(),
    /** Of all others; PEM. */
    public_key: z.string().min(1).optional(),
    /** How long after its end a token is taken. */
    leeway: duration('s').optional(),
  })
  .transform(({ key, algorithm, secret, public_key, leeway }, context): TokenKey => {
    const wrong = (message: string) => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    const common = { key, algorithm, ...(leeway !== undefined && { leeway: Math.ceil(leeway / 1_000) }) };
    if (isSymmetric(algorithm)) {
      if (secret === undefined || public_key !== undefined)
        return wrong(`"${algorithm}" needs "secret", and no "public_key"`);
      return { ...common, jwk: secretJwk(Buffer.from(secret)) };
    }
    if (public_key === undefined || secret !== undefined)
      return wrong(`"${algorithm}" needs "public_key", and no "secret"`);
    const jwk = publicJwk(public_key, algorithm);
    return jwk === undefined ? wrong(`"public_key" is no public key for ${algorithm}`) : { ...common, jwk };
  });

/** What a consumer proves to be one by. */
export const consumer = z.strictObject({
  api_keys: z.array(apiKey).min(1).optional(),
  logins: z.array(login).min(1).optional(),
  tokens: z.array(token).min(1).optional(),
}) satisfies z.ZodType<Omit<Consumer, 'name'>>;

/** By name. A name is the value of a header. */
export const consumers = z.record(apiKey.max(200), consumer);

/** The consumers of the configuration file. */
export function configuredConsumers(config: {
  readonly consumers: Readonly<Record<string, Omit<Consumer, 'name'>>>;
}): readonly Consumer[] {
  return Object.entries(config.consumers).map(([name, proofs]) => ({ name, ...proofs }));
}
