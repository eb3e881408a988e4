import { apiKey, username } from '../../config/consumers.js';
import { type Consumer, TOKEN_ALGORITHMS, type TokenAlgorithm, type TokenKey } from '../../model/consumer.js';
import { isSymmetric, publicJwk, secretJwk } from '../../model/token-key.js';
import { textOf } from '../../text-of.js';
import type { JsonObject } from '../json-document.js';
import type { Decrypt } from './keyring.js';
import { withoutNeutral } from './neutral.js';
import { activePlugins } from './plugins.js';
import type { Reasons } from './reasons.js';

type Proofs = Omit<Consumer, 'name'>;

const ABOUT_IT = ['id', 'name', 'desc', 'labels', 'create_time', 'update_time'];
const OF_CONSUMER = new Set([...ABOUT_IT, 'username', 'plugins', 'group_id']);
const OF_CREDENTIAL = new Set([...ABOUT_IT, 'plugins']);
const KEPT = new Set(['plugins', 'labels']);

/** A consumer as APISIX has it. */
export interface ConsumerDocument {
  readonly consumer: Consumer;
  readonly group: string | undefined;
}

/** `consumers/<name>`. No reason tells anything of a secret. */
export function readConsumer(
  document: JsonObject,
  id: string,
  decrypt: Decrypt,
  reasons: Reasons,
): ConsumerDocument {
  const given = withoutNeutral(document, {}, KEPT);
  reasons.onlyKnown(given, OF_CONSUMER);
  const name = textOf(given.username ?? id);
  if (!apiKey.safeParse(name).success) reasons.add('its name cannot be told to a service: it is no header');
  return {
    consumer: { name, ...readProofs(given.plugins, decrypt, reasons) },
    group: given.group_id === undefined ? undefined : textOf(given.group_id),
  };
}

/** `consumers/<name>/credentials/<id>`. */
export function readCredential(document: JsonObject, decrypt: Decrypt, reasons: Reasons): Proofs {
  const given = withoutNeutral(document, {}, KEPT);
  reasons.onlyKnown(given, OF_CREDENTIAL);
  return readProofs(given.plugins, decrypt, reasons);
}

/** `consumer_groups/<id>`: plugins of all its consumers, which Envoy's routes do not tell apart. */
export function readConsumerGroup(document: JsonObject, _id: string, reasons: Reasons): JsonObject {
  for (const name of activePlugins(document.plugins, reasons).keys()) reasons.add(perConsumer(name));
  return document;
}

function readProofs(plugins: unknown, decrypt: Decrypt, reasons: Reasons): Proofs {
  const secret = (value: unknown, what: string): string => {
    const text = textOf(value ?? '');
    const plain = decrypt(text) ?? text;
    if (plain === '') reasons.add(`${what} is missing`);
    if (/^\$(secret|env):\/\//i.test(plain))
      reasons.add(`${what} refers to a secret, which is not looked up`);
    return plain;
  };
  let proofs: Proofs = {};
  for (const [plugin, options] of activePlugins(plugins, reasons)) {
    switch (plugin) {
      case 'key-auth':
        proofs = { ...proofs, ...keyAuth(options, secret, reasons) };
        break;
      case 'basic-auth':
        proofs = { ...proofs, ...basicAuth(options, secret, reasons) };
        break;
      case 'jwt-auth':
        proofs = { ...proofs, ...jwtAuth(options, secret, reasons) };
        break;
      default:
        reasons.add(perConsumer(plugin));
    }
  }
  return proofs;
}

function perConsumer(plugin: string): string {
  return `plugin "${plugin}" of a consumer is not carried over: Envoy's routes do not tell consumers apart`;
}

type ReadSecret = (value: unknown, what: string) => string;

function keyAuth(options: JsonObject, secret: ReadSecret, reasons: Reasons): Proofs {
  reasons.onlyKnown(options, new Set(['key']), 'key-auth: ');
  const key = secret(options.key, 'key-auth: "key"');
  if (!apiKey.safeParse(key).success) reasons.add('key-auth: "key" cannot be sent in a header');
  return { api_keys: [key] };
}

function basicAuth(options: JsonObject, secret: ReadSecret, reasons: Reasons): Proofs {
  reasons.onlyKnown(options, new Set(['username', 'password']), 'basic-auth: ');
  const name = textOf(options.username ?? '');
  if (!username.safeParse(name).success) reasons.add('basic-auth: "username" is no name of a user');
  return { logins: [{ username: name, password: secret(options.password, 'basic-auth: "password"') }] };
}

/** `exp` and `private_key` are for signing, which APISIX once did. */
const OF_JWT = new Set([
  ...['key', 'secret', 'public_key', 'private_key', 'algorithm', 'exp'],
  ...['base64_secret', 'lifetime_grace_period'],
]);

function jwtAuth(options: JsonObject, secret: ReadSecret, reasons: Reasons): Proofs {
  reasons.onlyKnown(options, OF_JWT, 'jwt-auth: ');
  const { algorithm = 'HS256', lifetime_grace_period: leeway = 0 } = options;
  const key = textOf(options.key ?? '');
  if (key === '') reasons.add('jwt-auth: "key" is missing');
  if (!isAlgorithm(algorithm)) {
    reasons.add(`jwt-auth: algorithm "${textOf(algorithm)}" is not carried over: Envoy does not know it`);
    return {};
  }
  if (typeof leeway !== 'number' || leeway < 0) reasons.add('jwt-auth: "lifetime_grace_period" is no number');
  const token: Omit<TokenKey, 'jwk'> = { key, algorithm, leeway: Math.ceil(Number(leeway)) };
  if (isSymmetric(algorithm)) {
    const text = secret(options.secret, 'jwt-auth: "secret"');
    const bytes = options.base64_secret === true ? Buffer.from(text, 'base64') : Buffer.from(text);
    return { tokens: [{ ...token, jwk: secretJwk(bytes) }] };
  }
  const jwk = publicJwk(secret(options.public_key, 'jwt-auth: "public_key"'), algorithm);
  if (jwk === undefined) reasons.add(`jwt-auth: "public_key" is no public key for ${algorithm}`);
  return { tokens: [{ ...token, jwk: jwk ?? {} }] };
}

function isAlgorithm(text: unknown): text is TokenAlgorithm {
  return TOKEN_ALGORITHMS.some((known) => known === text);
}
