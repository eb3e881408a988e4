import type { Consumer } from '../../model/consumer.js';
import { pack } from '../../protobuf/messages.js';
import { quotedForLua } from '../route/lua.js';
import { CONSUMER_HEADER } from './filters.js';
import type { TokenProvider } from './tokens.js';

const HEADER = quotedForLua(CONSUMER_HEADER);

/** Puts the consumer's name in the place of the name that they log in with. */
export function consumersOfLogins(consumers: readonly Consumer[]) {
  const names = consumers.flatMap(({ name, logins = [] }) =>
    logins.map(({ username }) => [username, name] as const),
  );
  return script([
    table('names', names),
    'function envoy_on_request(h)',
    `local name = names[h:headers():get(${HEADER})]`,
    `if name ~= nil then h:headers():replace(${HEADER}, name) end`,
    'end',
  ]);
}

/**
 * Takes a token only where it names the key that it was signed with, and tells the service whose it is. Whatever goes
 * wrong in it refuses the request: Envoy would let it pass.
 */
export function consumersOfTokens(providers: Iterable<readonly TokenProvider[]>) {
  const all = [...providers].flat();
  const of = (value: (provider: TokenProvider) => string) =>
    all.map((provider) => [provider.name, value(provider)] as const);
  return script([
    table(
      'names',
      of(({ consumer }) => consumer),
    ),
    table(
      'claims',
      of(({ claim }) => claim),
    ),
    table(
      'keys',
      of(({ key }) => key.key),
    ),
    'local function find(h)',
    'local found = h:streamInfo():dynamicMetadata():get("envoy.filters.http.jwt_authn")',
    'for provider, payload in pairs(found) do',
    'if keys[provider] ~= nil and payload[claims[provider]] == keys[provider] then return names[provider] end',
    'end',
    'end',
    'function envoy_on_request(h)',
    'local ok, name = pcall(find, h)',
    'if ok and name ~= nil then',
    `h:headers():replace(${HEADER}, name)`,
    'else',
    'h:respond({[":status"] = "401", ["www-authenticate"] = "Bearer"}, "Jwt is of no consumer")',
    'end',
    'end',
  ]);
}

function table(name: string, entries: readonly (readonly [string, string])[]): string {
  const lines = entries.map(([key, value]) => `[${quotedForLua(key)}]=${quotedForLua(value)},`);
  return `local ${name} = {${lines.join('\n')}}`;
}

function script(lines: readonly string[]) {
  return pack('envoy.extensions.filters.http.lua.v3.Lua', {
    default_source_code: { inline_string: lines.join('\n') },
  });
}
