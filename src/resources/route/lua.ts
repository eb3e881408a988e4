import type { RouteRule } from '../../model/route.js';
import { pack } from '../../protobuf/messages.js';

/** The script of a route that does what no option of Envoy's does; undefined where there is nothing of it. */
export function luaOf({ rewrite, response }: RouteRule) {
  const method = rewrite?.method;
  const { status, body } = response ?? {};
  const script = [
    ...(method === undefined
      ? []
      : ['function envoy_on_request(h)', `h:headers():replace(":method", ${quoted(method)})`, 'end']),
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
                `h:body(true):setBytes(${quoted(body)})`,
              ]),
          'end',
        ]),
  ];
  if (script.length === 0) return undefined;
  return pack('envoy.extensions.filters.http.lua.v3.LuaPerRoute', {
    source_code: { inline_string: script.join('\n') },
  });
}

/** A text of Lua's; whatever is not a letter or a digit stands as the number of its byte, so that nothing in it can end it. */
function quoted(text: string): string {
  const bytes = [...Buffer.from(text)].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9 ]/.test(character) ? character : `\\${String(byte).padStart(3, '0')}`;
  });
  return `"${bytes.join('')}"`;
}
