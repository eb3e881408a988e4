import { readInstance } from '../../../model/read-instance.js';
import { textOf } from '../../../text-of.js';
import type { JsonObject } from '../../json-document.js';
import { portOf, schemePolicy } from '../scheme.js';
import type { PluginContext } from './table.js';

const KNOWN = new Set(['host', 'path', 'path_concat_mode', 'sample_ratio']);
const AT = 'proxy-mirror: ';

export function readProxyMirror(options: JsonObject, { plan, reasons, ownName }: PluginContext): void {
  reasons.onlyKnown(options, KNOWN, AT);
  const { host, sample_ratio: ratio = 1 } = options;
  if (options.path !== undefined)
    reasons.add(`${AT}"path" is not carried over: Envoy copies requests as they are`);
  const text = textOf(host);
  const url = /^(https?|grpcs?):\/\/[^/]+$/.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || typeof ratio !== 'number') {
    reasons.add(`${AT}host "${text}" is no URL of a host`);
    return;
  }
  const scheme = url.protocol.slice(0, -1);
  const port = url.port === '' ? portOf(scheme) : Number(url.port);
  const { instance, filtered } = readInstance({ host: url.hostname.replace(/^\[|\]$/g, ''), port }, 1);
  if (filtered !== undefined) reasons.add(`${AT}host "${text}": ${filtered.detail}`);
  const policy = schemePolicy(scheme);
  const service = `${ownName}/mirror`;
  plan.own.push({
    service,
    nodes: { instances: instance === undefined ? [] : [instance], filtered: [] },
    policy: Object.keys(policy).length > 0 ? policy : undefined,
    times: undefined,
    retries: 0,
    host: undefined,
    hashing: undefined,
  });
  reasons.differs(`${AT}Envoy adds "-shadow" to the Host header of copies`);
  plan.addForward({ mirror: [{ service_name: service, percent: ratio * 100 }] });
}
