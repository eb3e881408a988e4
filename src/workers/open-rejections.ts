import type { AnswerSink, ProxyAnswer } from '../release/proxy-answers.js';

/** Passes on the answers of a worker's proxies, and settles their rejections when the worker ends. */
export class OpenRejections implements AnswerSink {
  readonly #open = new Map<string, ProxyAnswer>();

  constructor(private readonly sink: AnswerSink) {}

  told(answer: ProxyAnswer): void {
    if (answer.kind === 'rejected') {
      const { group, node, typeUrl } = answer.rejected;
      this.#open.set(keyOf(answer.rejected), { kind: 'settled', group, node, typeUrl });
    }
    if (answer.kind === 'settled') this.#open.delete(keyOf(answer));
    this.sink.told(answer);
  }

  /** The worker and its streams are gone. */
  end(): void {
    for (const settled of this.#open.values()) this.sink.told(settled);
    this.#open.clear();
  }
}

function keyOf({
  group,
  node,
  typeUrl,
}: {
  readonly group: string;
  readonly node: string;
  readonly typeUrl: string;
}) {
  return JSON.stringify([group, typeUrl, node]);
}
