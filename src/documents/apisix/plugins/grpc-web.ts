import type { JsonObject } from '../../json-document.js';
import type { PluginContext } from './table.js';

const AT = 'grpc-web: ';

export function readGrpcWeb(options: JsonObject, { plan, reasons }: PluginContext): void {
  reasons.onlyKnown(options, new Set(['cors_allow_headers']), AT);
  if (options.cors_allow_headers !== undefined)
    reasons.add(`${AT}"cors_allow_headers" is not carried over: use the plugin "cors"`);
  reasons.differs(`${AT}Envoy lets no page of another origin ask: the plugin "cors" does`);
  plan.addForward({ grpc_web: true });
}
