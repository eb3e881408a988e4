import type { RouteRule } from '../../model/route.js';
import { pack } from '../../protobuf/messages.js';

/** The Lua script for options that no Envoy setting covers; undefined if the route has none. */
export function luaOf({ rewrite, response }: RouteRule) {
  const method = rewrite?.method;
  const { status, body } = response ?? {};
  const script = [
    ...(method === undefined
      ? []
      : ['function envoy_on_request(h)', `h:headers():replace(":method", ${quotedForLua(method)})`, 'end']),
    ...(status === undefined && body === undefined
      ? []
      : [
          'function envoy_on_response(h)',
          ...(status === undefined ? [] : [`h:headers():replace(":status", "${status}")`]),
          // Of the old body; the length of the new one is set with it.
          ...(body === undefined
            ? []
            : [
                ...['content-encoding', 'etag', 'last-modified'].map(
                  (name) => `h:headers():remove("${name}")`,
                ),
                `h:body(true):setBytes(${quotedForLua(body)})`,
              ]),
          'end',
        ]),
  ];
  if (script.length === 0) return undefined;
  return pack('envoy.extensions.filters.http.lua.v3.LuaPerRoute', {
    source_code: { inline_string: script.join('\n') },
  });
}

/** Quotes a text for Lua. All bytes but letters, digits and spaces are escaped, so that the text cannot end the string. */
export function quotedForLua(text: string): string {
  const bytes = [...Buffer.from(text)].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9 ]/.test(character) ? character : `\\${String(byte).padStart(3, '0')}`;
  });
  return `"${bytes.join('')}"`;
}
