import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { watchFile } from '../config/watch-file.js';
import { authoritySecret, certificateSecret } from '../resources/listener/secret.js';
import type { SecretFiles } from '../resources/listener/tls.js';
import type { Resource } from '../snapshot/resource.js';
import { type CertificateFacts, readAuthorities, readCertificate } from './pem.js';

/** How a secret is, without anything of it. */
export interface SecretStatus {
  readonly name: string;
  /** The paths it is made of. */
  readonly files: readonly string[];
  /** Of what is served; undefined while nothing is. */
  readonly served: (CertificateFacts & { readonly version: string }) | undefined;
  /** Why the files as they are now are not served. */
  readonly problem: { readonly message: string; readonly at: number } | undefined;
}

interface Held {
  readonly files: SecretFiles;
  readonly life: AbortController;
  resource: Resource | undefined;
  facts: CertificateFacts | undefined;
  problem: SecretStatus['problem'];
}

export interface SecretStoreOptions {
  readonly logger: Logger;
  /** Called when what is served has changed. */
  readonly onChange: () => void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** A renewal writes two files one after the other: so long they may not belong together before it is reported. Milliseconds. */
const SETTLE = 1_000;

/**
 * Makes SDS secrets of files, and makes them anew when the files change. Files that are broken or do not belong together
 * change nothing: what was good before is served on, and the problem is reported.
 */
export class SecretStore {
  readonly #held = new Map<string, Held>();

  constructor(
    private readonly options: SecretStoreOptions,
    private readonly signal: AbortSignal,
  ) {}

  /** The secrets that are good, by name. */
  resources(): ReadonlyMap<string, Resource> {
    return new Map(
      [...this.#held].flatMap(([name, { resource }]) =>
        resource === undefined ? [] : [[name, resource] as const],
      ),
    );
  }

  statuses(): readonly SecretStatus[] {
    return [...this.#held.values()].map(({ files, resource, facts, problem }) => ({
      name: files.name,
      files: pathsOf(files),
      served:
        resource === undefined || facts === undefined ? undefined : { ...facts, version: resource.version },
      problem,
    }));
  }

  /** Keeps these secrets and no others; what is there now is read before this returns. */
  apply(wanted: readonly SecretFiles[]): void {
    const names = new Set(wanted.map(({ name }) => name));
    for (const [name, { life }] of this.#held) {
      if (names.has(name)) continue;
      life.abort();
      this.#held.delete(name);
    }
    for (const files of wanted) {
      const before = this.#held.get(files.name);
      if (before !== undefined && pathsOf(before.files).join('\n') === pathsOf(files).join('\n')) continue;
      before?.life.abort();
      this.#held.set(files.name, this.#watch(files));
    }
  }

  #watch(files: SecretFiles): Held {
    const life = new AbortController();
    const signal = AbortSignal.any([life.signal, this.signal]);
    const held: Held = { files, life, resource: undefined, facts: undefined, problem: undefined };
    let late: NodeJS.Timeout | undefined;
    signal.addEventListener('abort', () => clearTimeout(late), { once: true });
    const changed = () => {
      clearTimeout(late);
      const wrong = this.#take(held);
      if (wrong !== undefined) late = setTimeout(() => this.#report(held), SETTLE);
    };
    for (const path of new Set(pathsOf(files))) watchFile(path, changed, signal);
    if (this.#take(held) !== undefined) this.#report(held);
    return held;
  }

  /** Takes what the files say if it is good. @returns what is wrong with it */
  #take(held: Held): string | undefined {
    const { files } = held;
    const [first, second] = pathsOf(files).map(contentOf);
    const isPair = 'key' in files;
    const { facts, wrong } = isPair ? readCertificate(first, second) : readAuthorities(first);
    if (facts === undefined) return wrong;
    held.problem = undefined;
    held.facts = facts;
    const resource = isPair
      ? certificateSecret(files.name, first ?? '', second ?? '')
      : authoritySecret(files.name, first ?? '');
    const before = held.resource;
    if (before?.version === resource.version) return undefined;
    held.resource = resource;
    const { subject, names, notAfter } = facts;
    const fields = {
      secret: files.name,
      files: pathsOf(files),
      subject,
      names,
      expires: notAfter.toISOString(),
    };
    if (notAfter.getTime() < this.#now()) this.options.logger.warn(fields, 'the certificate has expired');
    if (before !== undefined) this.options.logger.info(fields, 'the certificate was renewed');
    // At the first reading whoever asked for it takes it up.
    if (this.#held.get(files.name) === held) this.options.onChange();
    return undefined;
  }

  #report(held: Held): void {
    const message = this.#take(held);
    if (message === undefined) return;
    held.problem = { message, at: this.#now() };
    const { files } = held;
    const consequence =
      held.resource === undefined ? 'its listener waits for it' : 'the one before is served on';
    this.options.logger.error({ secret: files.name, files: pathsOf(files) }, `${message}: ${consequence}`);
  }

  #now(): number {
    return (this.options.now ?? Date.now)();
  }
}

function pathsOf(files: SecretFiles): readonly string[] {
  return 'key' in files ? [files.cert, files.key] : [files.ca];
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
