import type { HeaderEdit } from '../../../model/route.js';
import { textOf } from '../../../text-of.js';
import { isObject, type JsonObject } from '../../json-document.js';
import type { Reasons } from '../reasons.js';
import { headerFormat } from '../variables.js';
import type { PluginContext } from './table.js';

const KNOWN = new Set(['headers', 'body', 'body_base64', 'status_code']);
const AT = 'response-rewrite: ';

export function readResponseRewrite(options: JsonObject, { plan, reasons }: PluginContext): void {
  const { vars, filters, ...rest } = options;
  if (vars !== undefined)
    reasons.add(`${AT}"vars" is not carried over: Envoy's routes do not look at answers`);
  if (filters !== undefined)
    reasons.add(`${AT}"filters" is not carried over: Envoy replaces bodies as a whole`);
  reasons.onlyKnown(rest, KNOWN, AT);
  const { headers, status_code: status, body, body_base64: encoded } = options;
  if (isObject(headers) && Object.keys(headers).length > 0)
    plan.addResponseHeaders(edits(withStatus(headers, status), reasons));
  const text = body === undefined ? undefined : decoded(textOf(body), encoded === true, reasons);
  if (status === undefined && text === undefined) return;
  plan.addForward({
    response: {
      ...(status !== undefined && { status: Number(status) }),
      ...(text !== undefined && { body: text }),
    },
  });
}

/** `$status` is the status that the client sees, which Envoy's own command does not know here. */
function withStatus(headers: JsonObject, status: unknown): JsonObject {
  if (status === undefined) return headers;
  const told = (value: unknown): unknown => {
    if (typeof value === 'string') return value.replace(/\$(\{status\}|status(?!\w))/g, textOf(status));
    if (Array.isArray(value)) return value.map(told);
    return isObject(value) ? withStatus(value, status) : value;
  };
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, told(value)]));
}

function decoded(body: string, encoded: boolean, reasons: Reasons): string {
  if (!encoded) return body;
  const bytes = Buffer.from(body, 'base64');
  const text = bytes.toString();
  if (Buffer.from(text).equals(bytes)) return text;
  reasons.add(`${AT}a body of other bytes than UTF-8 is not carried over`);
  return '';
}

/** `{ set, add, remove }` with a list of lines to add, or the older flat form, in which an empty text takes a header away. */
function edits(headers: JsonObject, reasons: Reasons): HeaderEdit {
  const { set, add, remove } = headers;
  if (!isObject(set) && !Array.isArray(add) && !Array.isArray(remove)) return values(headers, reasons);
  reasons.onlyKnown(headers, new Set(['set', 'add', 'remove']), `${AT}headers: `);
  const { remove: emptied = [], ...rest } = isObject(set) ? values(set, reasons) : {};
  const removed = [...emptied, ...(Array.isArray(remove) ? remove.map(textOf) : [])];
  return {
    ...rest,
    ...(Array.isArray(add) && { add: lines(add, reasons) }),
    ...(removed.length > 0 && { remove: removed }),
  };
}

function values(given: JsonObject, reasons: Reasons): HeaderEdit {
  const entries = Object.entries(given);
  const removed = entries.filter(([, value]) => value === '').map(([name]) => name);
  const set = entries
    .filter(([, value]) => value !== '')
    .map(([name, value]) => [name, headerFormat(value, 'response', `${AT}header "${name}"`, reasons)]);
  return { set: Object.fromEntries(set), ...(removed.length > 0 && { remove: removed }) };
}

function lines(given: readonly unknown[], reasons: Reasons): Readonly<Record<string, string>> {
  const added = new Map<string, string>();
  for (const line of given) {
    const [, name = '', value = ''] = /^([^:\s]+)\s*:\s*([^:]+)$/s.exec(textOf(line)) ?? [];
    if (name === '') reasons.add(`${AT}headers.add "${textOf(line)}" is no "name: value"`);
    if (added.has(name)) reasons.add(`${AT}several lines of one header are not carried over`);
    added.set(name, headerFormat(value, 'response', `${AT}header "${name}"`, reasons));
  }
  return Object.fromEntries(added);
}
