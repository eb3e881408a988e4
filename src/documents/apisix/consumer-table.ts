import type { ConsumerOutcome } from '../document-table.js';
import { type JsonObject, mapDocument, readSecretJson } from '../json-document.js';
import { readConsumer, readConsumerGroup, readCredential } from './consumer.js';
import { HeldDocuments } from './held-documents.js';
import type { Decrypt } from './keyring.js';
import { Reasons } from './reasons.js';

interface Own {
  text: string | undefined;
  readonly credentials: Map<string, string>;
}

/** `consumers/<name>`, `consumers/<name>/credentials/<id>` and the `consumer_groups/<id>` that they are in. */
export class ConsumerTable {
  readonly #consumers = new Map<string, Own>();
  readonly #groups = new HeldDocuments<JsonObject>(readConsumerGroup);
  /** Names of consumers, and the ids of credentials whose documents are to be read anew. */
  #dirty = new Map<string, Set<string>>();

  constructor(private readonly decrypt: Decrypt) {}

  /** @returns whether it is a document of this table */
  change(key: string, value: string | undefined): boolean {
    const [, folder, id = '', , credential] =
      /^(consumers|consumer_groups)\/([^/]+)(\/credentials\/(.+))?$/s.exec(key) ?? [];
    if (folder === undefined) return false;
    if (folder === 'consumer_groups') {
      this.#groups.change(id, value);
      for (const name of this.#consumers.keys()) this.#mark(name);
      return true;
    }
    const own = this.#consumers.get(id) ?? { text: undefined, credentials: new Map() };
    this.#consumers.set(id, own);
    if (credential === undefined) own.text = value;
    else if (value === undefined) own.credentials.delete(credential);
    else own.credentials.set(credential, value);
    this.#mark(id, credential === undefined ? own.credentials.keys() : [credential]);
    if (own.text === undefined && own.credentials.size === 0) this.#consumers.delete(id);
    return true;
  }

  /** What has changed since the last call, by key. */
  take(): ReadonlyMap<string, ConsumerOutcome | undefined> {
    const outcomes = new Map<string, ConsumerOutcome | undefined>();
    for (const [name, credentials] of this.#dirty) {
      const own = this.#consumers.get(name);
      outcomes.set(`consumers/${name}`, own?.text === undefined ? undefined : this.#consumer(name, own.text));
      for (const id of credentials)
        outcomes.set(`consumers/${name}/credentials/${id}`, this.#credential(name, id));
    }
    this.#dirty = new Map();
    return outcomes;
  }

  #mark(
    name: string,
    credentials: Iterable<string> = this.#consumers.get(name)?.credentials.keys() ?? [],
  ): void {
    const ids = this.#dirty.get(name) ?? new Set();
    for (const id of credentials) ids.add(id);
    this.#dirty.set(name, ids);
  }

  #consumer(name: string, text: string): ConsumerOutcome {
    return outcomeOf(text, (given, reasons) => {
      const { consumer, group } = readConsumer(given, name, this.decrypt, reasons);
      if (group !== undefined) this.#groups.get(group, `consumer group "${group}"`, reasons);
      return consumer;
    });
  }

  /** Without its consumer it says nothing. */
  #credential(name: string, id: string): ConsumerOutcome | undefined {
    const own = this.#consumers.get(name);
    const text = own?.credentials.get(id);
    if (own?.text === undefined || text === undefined) return undefined;
    const { consumer } = this.#consumer(name, own.text);
    if (consumer === undefined) return { rejected: 'its consumer is rejected' };
    return outcomeOf(text, (given, reasons) => ({
      name: consumer.name,
      ...readCredential(given, this.decrypt, reasons),
    }));
  }
}

function outcomeOf(
  text: string,
  read: (given: JsonObject, reasons: Reasons) => ConsumerOutcome['consumer'],
): ConsumerOutcome {
  const json = readSecretJson(text);
  if (json.rejected !== undefined) return json;
  const reasons = new Reasons();
  return mapDocument<ConsumerOutcome>(
    () => {
      const consumer = read(json.value, reasons);
      const rejected = reasons.text;
      if (rejected !== undefined) return { rejected };
      return consumer === undefined ? { rejected: 'it is no consumer' } : { consumer };
    },
    (rejected) => ({ rejected }),
  );
}
