import { addressOf, type Instance } from '../../model/instance.js';
import { textOf } from '../../text-of.js';
import type { JsonObject } from '../json-document.js';
import type { Reasons } from './reasons.js';
import { portOf } from './scheme.js';

/** What stands in place of the client's Host header: `pass_host` and `upstream_host`. */
export function readHost(
  { pass_host: pass = 'pass', upstream_host: host }: JsonObject,
  scheme: string,
  nodes: readonly Instance[] | undefined,
  reasons: Reasons,
): string | undefined {
  switch (pass) {
    case 'pass':
      return undefined;
    case 'rewrite':
      if (typeof host === 'string') return host;
      reasons.add('upstream: "upstream_host" is no text');
      return undefined;
    case 'node':
      return hostOfNodes(nodes, scheme, reasons);
    default:
      reasons.add(`upstream: pass_host "${textOf(pass)}" is not carried over`);
      return undefined;
  }
}

/** The host of the nodes, with a port that the scheme does not stand for; Envoy has one text for all of them. */
function hostOfNodes(
  nodes: readonly Instance[] | undefined,
  scheme: string,
  reasons: Reasons,
): string | undefined {
  const texts = new Set(
    nodes?.map((node) => {
      const address = addressOf(node);
      return node.port === portOf(scheme) ? address.slice(0, address.lastIndexOf(':')) : address;
    }),
  );
  if (nodes !== undefined && texts.size <= 1) return [...texts][0];
  reasons.add(
    nodes === undefined
      ? 'upstream: pass_host "node" is not carried over where a registry knows the nodes'
      : 'upstream: pass_host "node" is not carried over for nodes of several hosts or ports',
  );
  return undefined;
}
