import { messageOf, SignalboxError } from '../errors.js';
import { ProxyAnswers } from '../release/proxy-answers.js';
import { SnapshotCache } from '../snapshot/cache.js';
import { createLogger } from '../telemetry/logger.js';
import { type ClientStatusAnswer, unavailable } from '../xds/csds/service.js';
import { LoadReporting } from '../xds/load-reports/service.js';
import type { FromWorker, Question, ToWorker, WorkerTask } from './messages.js';
import { ProcessMeter } from './process-meter.js';
import { LocalProxyServer } from './proxy-server.js';
import { Questions } from './questions.js';
import { unpackStep } from './snapshot-step.js';

/** Collecting from all workers takes the primary as long as it waits for each, and a little. Milliseconds. */
const PRIMARY_LIMIT = 3_000;

/** The inside of a worker process: a server of its own over a cache that follows the primary's. */
export class Worker {
  // What changed is shown by the primary, so that nothing need be remembered here.
  readonly #cache = new SnapshotCache(0);
  readonly #primary: Questions;
  #server: LocalProxyServer | undefined;
  #meter: ProcessMeter | undefined;

  /**
   * @param send tells the primary something; calls `sent` when that is on its way
   * @param exit ends the process with a code
   */
  constructor(
    private readonly send: (message: FromWorker, sent?: () => void) => void,
    private readonly exit: (code: number) => void,
  ) {
    this.#primary = new Questions('the primary process', send, PRIMARY_LIMIT);
  }

  /** Takes a message of the primary. */
  async receive(message: ToWorker): Promise<void> {
    this.#primary.heard();
    switch (message.kind) {
      case 'step': {
        const { group, changes } = unpackStep(message.step);
        this.#cache.updateResources(group, changes);
        this.send({ kind: 'taken' });
        return;
      }
      case 'published':
        this.#server?.published(message.publication);
        return;
      case 'serve':
        return await this.#serve(message.task);
      case 'question':
        return await this.#answer(message);
      case 'answer':
        this.#primary.answered(message.id, message.answer);
        return;
      case 'loadReports':
        this.#server?.configureLoadReports(message.settings);
        return;
      case 'admission':
        this.#server?.replaceAdmission(message.rules);
        return;
      case 'stop':
        await this.#server?.stop();
        this.exit(0);
    }
  }

  async #serve(task: WorkerTask): Promise<void> {
    const { worker, listen, loadReports, logLevel, logFormat, ...options } = task;
    const logger = createLogger(logLevel, logFormat).child({ worker });
    const server = new LocalProxyServer(this.#cache, {
      ...options,
      observer: new ProxyAnswers({
        accepted: (versions) => this.send({ kind: 'accepted', versions }),
        rejected: (rejected) => this.send({ kind: 'rejected', rejected }),
      }),
      reached: (publication, sent) => this.send({ kind: 'reached', publication, sent }),
      logger,
      loadReporting: new LoadReporting(
        loadReports,
        (clusters) => {
          if (clusters.length > 0) this.send({ kind: 'load', clusters });
        },
        logger,
      ),
      clientStatus: (request) => this.#clientStatus(request),
    });
    try {
      const address = await server.listen(listen);
      this.#server = server;
      this.#meter = new ProcessMeter(worker);
      this.send({ kind: 'serving', address });
    } catch (thrown) {
      const { code, message } = SignalboxError.from(thrown);
      this.send({ kind: 'failed', code, message }, () => this.exit(1));
    }
  }

  async #answer({ id, ...asked }: Question): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const answer = (given: Extract<FromWorker, { readonly kind: 'answer' }>['answer']) =>
      this.send({ kind: 'answer', id, answer: given });
    switch (asked.topic) {
      case 'proxies':
        return answer(await server.proxies());
      case 'proxyStatuses':
        return answer(await server.proxyStatuses(asked.question));
      case 'totals':
        return answer({ ...(await server.totals()), workers: this.#meter ? [this.#meter.read()] : [] });
      case 'clientStatus':
        return answer(server.clientStatus(asked.question));
    }
  }

  /** Of the clients of all workers, which the primary collects. */
  async #clientStatus(request: Uint8Array): Promise<ClientStatusAnswer> {
    try {
      const answer = await this.#primary.ask('clientStatus', request);
      return answer ?? unavailable('the control plane is shutting down');
    } catch (thrown) {
      return unavailable(messageOf(thrown));
    }
  }
}
