import { createHash, timingSafeEqual } from 'node:crypto';
import { globMatcher } from '../base/glob.js';
import type { AllowRule } from '../config/allow.js';
import type { NodeGroup } from '../config/node-groups.js';
import { Secret } from '../config/secret.js';
import { watchFile } from '../config/watch-file.js';
import { groupSelector } from '../groups/group-selector.js';
import type { Group } from '../snapshot/cache.js';
import type { ProxyNode } from '../xds/node.js';

/** What the configuration says of who gets what. Plain data: it is handed to worker processes too. */
export interface AdmissionRules {
  /** Undefined: everybody may ask for everything. */
  readonly allow: readonly AllowRule[] | undefined;
  readonly groups: Readonly<Record<Group, NodeGroup>>;
}

/** What a client has shown of itself. */
export interface Credentials {
  /** DNS names and URIs of its certificate, if that was found valid. */
  readonly names: readonly string[];
  /** The bearer token that it sent. */
  readonly token: string | undefined;
}

/** A client that is known, and what it may ask for. */
export interface Permission {
  /** Why the configuration of a node is none of its business; undefined where it may have it. Names no secret. */
  refusal(node: ProxyNode): string | undefined;
  /** Whether it may ask for the status of all clients. */
  readonly clientStatus: boolean;
}

interface Rule {
  readonly shownBy: (credentials: Credentials) => boolean;
  readonly covers: (node: ProxyNode, group: Group) => boolean;
  readonly clientStatus: boolean;
}

const EVERYTHING: Permission = { refusal: () => undefined, clientStatus: true };
/** A token file may be empty or away for a moment while it is written: so long it is waited for, milliseconds. */
const SETTLE = 1_000;

/** Decides which clients may ask for the configuration of which nodes. */
export class Admission {
  readonly #rules: readonly Rule[] | undefined;
  readonly #groupOf: (node: ProxyNode) => Group;

  readonly #matchedMetadata: ReadonlySet<string>;
  readonly #tokenFiles: ReadonlySet<string>;

  constructor({ allow, groups }: AdmissionRules) {
    this.#groupOf = groupSelector(groups);
    this.#matchedMetadata = new Set(
      Object.values(groups).flatMap(({ match }) => Object.keys(match.metadata ?? {})),
    );
    this.#rules = allow?.map(ruleOf);
    this.#tokenFiles = new Set(allow?.flatMap(({ token_file }) => token_file ?? []));
  }

  /** Calls back when a token that stands in a file is another one, or is none any more, until the signal is aborted. */
  watchTokens(onChange: () => void, signal: AbortSignal): void {
    let settling: NodeJS.Timeout | undefined;
    signal.addEventListener('abort', () => clearTimeout(settling), { once: true });
    const changed = (content: string | undefined) => {
      clearTimeout(settling);
      if (content?.trim()) onChange();
      else settling = setTimeout(onChange, SETTLE);
    };
    for (const path of this.#tokenFiles) watchFile(path, changed, signal);
  }

  /** Whether clients have to show who they are. */
  get restricted(): boolean {
    return this.#rules !== undefined;
  }

  /** The keys of a node's metadata that groups match by. */
  get matchedMetadata(): ReadonlySet<string> {
    return this.#matchedMetadata;
  }

  /** The configured group of a node. */
  groupOf(node: ProxyNode): Group {
    return this.#groupOf(node);
  }

  /** What a client may do; undefined for one that no rule knows. */
  permission(credentials: Credentials): Permission | undefined {
    if (this.#rules === undefined) return EVERYTHING;
    const rules = this.#rules.filter(({ shownBy }) => shownBy(credentials));
    if (rules.length === 0) return undefined;
    return {
      refusal: (node) => {
        const group = this.#groupOf(node);
        if (rules.some(({ covers }) => covers(node, group))) return undefined;
        return `this client may not ask for the configuration of this node and cluster, which are in group "${group}"`;
      },
      clientStatus: rules.some(({ clientStatus }) => clientStatus),
    };
  }
}

function ruleOf(rule: AllowRule): Rule {
  const { nodes, clusters, groups } = rule;
  const unrestricted = [nodes, clusters, groups].every((patterns) => patterns === undefined);
  const test = (patterns: readonly string[] | undefined) =>
    patterns === undefined ? () => true : globMatcher(patterns);
  const [node, cluster, group] = [test(nodes), test(clusters), test(groups)];
  return {
    shownBy: credentialsTest(rule),
    covers: ({ id, cluster: ofNode }, ofGroup) => node(id) && cluster(ofNode) && group(ofGroup),
    clientStatus: rule.client_status ?? unrestricted,
  };
}

function credentialsTest({ san, token, token_file }: AllowRule): Rule['shownBy'] {
  if (san !== undefined) {
    const matches = globMatcher(san);
    return ({ names }) => names.some(matches);
  }
  const secret = Secret.from(token, token_file);
  return (shown) => {
    const expected = secret && current(secret);
    return shown.token !== undefined && expected !== undefined && sameText(shown.token, expected);
  };
}

/** A token whose file cannot be read lets nobody in. */
function current(secret: Secret): string | undefined {
  try {
    return secret.current() || undefined;
  } catch {
    return undefined;
  }
}

/** In a time that tells nothing about where the texts differ. */
function sameText(a: string, b: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
