import { textOf } from '../../../text-of.js';
import type { JsonObject } from '../../json-document.js';
import type { PluginContext } from './table.js';

const KNOWN = new Set(['header_name', 'include_in_response', 'algorithm', 'range_id']);
const AT = 'request-id: ';
/** Which Envoy gives every request that has none. */
const OWN = 'x-request-id';

export function readRequestId(options: JsonObject, { plan, reasons }: PluginContext): void {
  reasons.onlyKnown(options, KNOWN, AT);
  const {
    header_name: name = 'X-Request-Id',
    include_in_response: shown = true,
    algorithm = 'uuid',
  } = options;
  if (algorithm !== 'uuid')
    reasons.add(`${AT}algorithm "${textOf(algorithm)}" is not carried over: Envoy makes UUIDs`);
  const header = textOf(name);
  const own = header.toLowerCase() === OWN;
  reasons.differs(
    `${AT}with "use_remote_address" of the listener Envoy does not keep the id that a client sends`,
  );
  if (!own) plan.addRequestHeaders({ if_absent: { [header]: `%REQ(${OWN})%` } });
  if (!own && shown === true)
    reasons.differs(`${AT}the answer has Envoy's id where the client sent one in "${header}"`);
  if (shown === true) plan.addResponseHeaders({ if_absent: { [header]: `%REQ(${OWN})%` } });
}
