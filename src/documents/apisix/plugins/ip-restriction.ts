import { isIP } from 'node:net';
import { textOf } from '../../../text-of.js';
import type { JsonObject } from '../../json-document.js';
import type { PluginContext } from './table.js';

const KNOWN = new Set(['whitelist', 'blacklist', 'message', 'response_code']);
const AT = 'ip-restriction: ';
const MESSAGE = 'Your IP address is not allowed';

export function readIpRestriction(options: JsonObject, { plan, reasons }: PluginContext): void {
  reasons.onlyKnown(options, KNOWN, AT);
  const { whitelist, blacklist, message = MESSAGE, response_code: code = 403 } = options;
  if (code !== 403) reasons.add(`${AT}response_code ${textOf(code)} is not carried over: Envoy answers 403`);
  if (message !== MESSAGE) reasons.differs(`${AT}"message" is not sent: Envoy answers "RBAC: access denied"`);
  else reasons.differs(`${AT}Envoy answers "RBAC: access denied"`);
  const ranges = (given: unknown): readonly string[] => {
    const texts = Array.isArray(given) ? given.map(textOf) : [];
    for (const text of texts) if (!isRange(text)) reasons.add(`${AT}"${text}" is no address and no range`);
    return texts;
  };
  if (whitelist === undefined && blacklist === undefined) {
    reasons.add(`${AT}it has neither "whitelist" nor "blacklist"`);
    return;
  }
  // Where there are both, the first one decides in APISIX.
  plan.addForward({
    client_addresses: whitelist === undefined ? { deny: ranges(blacklist) } : { allow: ranges(whitelist) },
  });
}

function isRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32));
}
