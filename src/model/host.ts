import ipaddr from 'ipaddr.js';

const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** The canonical form of an address or host name, without brackets; undefined if it is neither. */
export function canonicalHost(text: string): string | undefined {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  if (bare.includes(':'))
    return ipaddr.IPv6.isValid(bare) && !bare.includes('%') ? ipaddr.IPv6.parse(bare).toString() : undefined;
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return bare;
  const name = bare.toLowerCase().replace(/\.$/, '');
  const labels = name.split('.');
  const numeric = /^[0-9]+$/.test(labels.at(-1) ?? '');
  return name.length <= 253 && !numeric && labels.every((label) => LABEL.test(label)) ? name : undefined;
}

/** Whether a canonical host is an address, not a name to be resolved. */
export function isAddress(host: string): boolean {
  // No name ends in a label of digits.
  return host.includes(':') || /^[\d.]+$/.test(host);
}

/** Splits `host:port`, `[v6]:port`; undefined where there is no such form. The parts are not checked. */
export function splitAddress(text: string): { readonly host: string; readonly port: string } | undefined {
  const match = /^(\[[^\]]*\]|[^:]*):([^:]+)$/.exec(text);
  if (match === null) return undefined;
  const [, host = '', port = ''] = match;
  return { host, port };
}
