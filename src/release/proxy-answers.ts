import { printable } from '../base/printable.js';
import type { Group } from '../snapshot/cache.js';
import type { Resource } from '../snapshot/resource.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { mentionedIn } from '../xds/mentions.js';
import type { KnownProxy, ReportedVersions, XdsObserver } from '../xds/observer.js';
import type { Response } from '../xds/response.js';
import { suspectsOf } from '../xds/type-state.js';
import type { ResourceVersion } from './accepted.js';
import type { Rejected } from './quarantine.js';
import { baseOf } from './rollout.js';

/** An answer of a proxy, in a form that processes can exchange. */
export type ProxyAnswer =
  | { readonly kind: 'accepted'; readonly group: Group; readonly versions: readonly ResourceVersion[] }
  /** A proxy came back and has these; without a version where it does not say which it has. */
  | { readonly kind: 'reported'; readonly group: Group; readonly versions: readonly ResourceVersion[] }
  | { readonly kind: 'rejected'; readonly rejected: Rejected }
  /** A proxy accepted a response after a rejection, or disconnected. */
  | { readonly kind: 'settled'; readonly group: Group; readonly node: string; readonly typeUrl: string };

/** What proxies say to what they were sent. */
export interface AnswerSink {
  told(answer: ProxyAnswer): void;
}

/** The `user_agent_name` of a relay. */
export const RELAY_USER_AGENT = 'signalbox-relay';

/** Envoy's words for an address that its machine does not let it have. */
const UNBOUND =
  /cannot (bind|listen)|address already in use|permission denied|cannot assign requested address/i;

/** Reports the acceptance of a response once per group, since most proxies send the same answer. */
export class ProxyAnswers implements XdsObserver {
  readonly #last = { response: undefined as Response | undefined, group: undefined as Group | undefined };
  readonly #accepted = new WeakMap<Response, Set<Group>>();

  constructor(private readonly sink: AnswerSink) {}

  sent(): void {}

  acknowledged(response: Response, proxy: KnownProxy): void {
    const { group } = proxy;
    if (response === this.#last.response && group === this.#last.group) return;
    if (!counts(proxy)) return;
    this.#last.response = response;
    this.#last.group = group;
    const groups = this.#accepted.get(response) ?? new Set();
    if (groups.has(group)) return;
    this.#accepted.set(response, groups.add(group));
    if (response.changed.length === 0) return;
    this.sink.told({ kind: 'accepted', group: baseOf(group), versions: response.changed.map(versionOf) });
  }

  rejected(response: Response, message: string, proxy: KnownProxy): void {
    if (!counts(proxy)) return;
    const { typeUrl } = response;
    const { resources, named } = suspectsOf(response, message);
    const suspects = resources.map(versionOf);
    const rejected = {
      ...{ typeUrl, suspects, named },
      message: printable(message),
      group: baseOf(proxy.group),
      node: proxy.node.id,
      unbound: typeUrl === TYPE_URL.listener ? unboundOf(suspects, message) : [],
    };
    this.sink.told({ kind: 'rejected', rejected });
  }

  reported(typeUrl: string, reported: ReportedVersions, proxy: KnownProxy): void {
    if (!counts(proxy)) return;
    const versions = reported.map(([name, version]) => ({ typeUrl, name, version }));
    this.sink.told({ kind: 'reported', group: baseOf(proxy.group), versions });
  }

  settled(typeUrl: string, proxy: KnownProxy): void {
    if (!counts(proxy)) return;
    this.sink.told({ kind: 'settled', group: baseOf(proxy.group), node: proxy.node.id, typeUrl });
  }
}

/**
 * Whether what a proxy says tells about others: an Envoy, or a client that does not say what it is. A relay takes
 * everything, and gRPC clients refuse what Envoys take.
 */
function counts({ node: { userAgent } }: KnownProxy): boolean {
  return userAgent === 'envoy' || userAgent === '';
}

/** Envoy reports each rejected listener on its own line. */
function unboundOf(suspects: readonly ResourceVersion[], message: string): readonly string[] {
  const names = suspects.map(({ name }) => name);
  const lines = message.split('\n').filter((line) => UNBOUND.test(line));
  const mentioned = new Set(lines.flatMap((line) => [...mentionedIn(line, names)]));
  // One that names no listener means any of them.
  return lines.length > 0 && mentioned.size === 0 ? names : [...mentioned];
}

function versionOf({ typeUrl, name, version }: Resource): ResourceVersion {
  return { typeUrl, name, version };
}
