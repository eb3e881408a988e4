import { CONSUMER_HEADER } from '../../resources/consumers/filters.js';
import { literalFormat } from '../../resources/route/header-format.js';
import { textOf } from '../../text-of.js';
import type { Reasons } from './reasons.js';
import { headerOf } from './vars.js';

/** nginx's variables and Envoy's commands that say the same. */
const COMMANDS: Readonly<Record<string, string>> = {
  remote_addr: 'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT',
  server_addr: 'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT',
  server_port: 'DOWNSTREAM_LOCAL_PORT',
  host: 'REQ(:authority)',
  request_method: 'REQ(:method)',
  scheme: 'REQ(:scheme)',
  request_id: 'REQ(x-request-id)',
  consumer_name: `REQ(${CONSUMER_HEADER})`,
};
const OF_RESPONSE: Readonly<Record<string, string>> = { status: 'RESPONSE_CODE' };

const VARIABLE = /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g;

/** A text without nginx's variables, which Envoy does not know there; a number counts as a text. */
export function plainText(value: unknown, what: string, reasons: Reasons): string {
  const text = given(value, what, reasons);
  if (hasVariables(text)) reasons.add(`${what}: variables such as in "${text}" are not carried over`);
  return text;
}

/** The value of a header as Envoy takes it: variables that it has commands for, all else as it stands. */
export function headerFormat(
  value: unknown,
  of: 'request' | 'response',
  what: string,
  reasons: Reasons,
): string {
  const text = given(value, what, reasons).replaceAll('$balancer_ip:$balancer_port', '${balancer}');
  let end = 0;
  const parts: string[] = [];
  for (const match of text.matchAll(VARIABLE)) {
    const name = match[1] ?? match[2] ?? '';
    const command = commandOf(name, of);
    if (command === undefined) reasons.add(`${what}: the variable "$${name}" is not carried over`);
    parts.push(literalFormat(text.slice(end, match.index)), `%${command ?? ''}%`);
    end = match.index + match[0].length;
  }
  return [...parts, literalFormat(text.slice(end))].join('');
}

export function hasVariables(text: string): boolean {
  return /\$[A-Za-z_{]/.test(text);
}

function commandOf(name: string, of: 'request' | 'response'): string | undefined {
  const [, kind, key = ''] = /^(http|sent_http|upstream_http)_(.+)$/.exec(name) ?? [];
  if (kind === 'http') return `REQ(${headerOf(key)})`;
  if (of === 'response') {
    if (kind !== undefined) return `RESP(${headerOf(key)})`;
    if (name === 'balancer') return 'UPSTREAM_REMOTE_ADDRESS';
    if (Object.hasOwn(OF_RESPONSE, name)) return OF_RESPONSE[name];
  }
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

function given(value: unknown, what: string, reasons: Reasons): string {
  if (typeof value === 'string' || typeof value === 'number') return textOf(value);
  reasons.add(`${what} is no text`);
  return '';
}
