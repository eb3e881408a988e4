import type { HashPolicy } from '../../model/route.js';
import { textOf } from '../../text-of.js';
import type { JsonObject } from '../json-document.js';
import type { Reasons } from './reasons.js';
import { headerOf } from './vars.js';

const OF_CLIENT: HashPolicy = { source_ip: true };

/** The hash key of `chash`. Without a value the client's address counts, as in APISIX. */
export function readHashing(
  { hash_on: on = 'vars', key = '' }: JsonObject,
  reasons: Reasons,
): readonly HashPolicy[] {
  const found = ofKey(textOf(on), textOf(key));
  if (found === undefined) {
    reasons.add(
      `upstream: chash by "${textOf(on)}" of "${textOf(key)}" is not carried over: Envoy cannot hash it`,
    );
    return [];
  }
  return found.source_ip === true ? [OF_CLIENT] : [{ ...found, terminal: true }, OF_CLIENT];
}

function ofKey(on: string, key: string): HashPolicy | undefined {
  if (key === '' || !/^[\w.-]+$/.test(key)) return undefined;
  if (on === 'header') return { header: headerOf(key.replace(/^http_/, '')) };
  if (on === 'cookie') return { cookie: { name: key.replace(/^cookie_/, '') } };
  return on === 'vars' ? ofVariable(key) : undefined;
}

function ofVariable(name: string): HashPolicy | undefined {
  if (name === 'remote_addr') return OF_CLIENT;
  if (name === 'request_uri') return { header: ':path' };
  if (name === 'host' || name === 'http_host') return { header: ':authority' };
  const [, kind, key = ''] = /^(arg|http|cookie)_(.+)$/.exec(name) ?? [];
  if (kind === 'arg') return { query: key };
  if (kind === 'http') return { header: headerOf(key) };
  return kind === 'cookie' ? { cookie: { name: key } } : undefined;
}
