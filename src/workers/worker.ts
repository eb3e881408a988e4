import type { Logger } from 'pino';
import { SharedRun } from '../base/shared-run.js';
import { messageOf, SignalboxError } from '../errors.js';
import { ProxyAnswers } from '../release/proxy-answers.js';
import { SnapshotCache } from '../snapshot/cache.js';
import { createLogger } from '../telemetry/logger.js';
import type { ProcessFaults } from '../telemetry/process-faults.js';
import { type ClientStatusAnswer, unavailable } from '../xds/csds/answer.js';
import { LoadReporting } from '../xds/load-reports/service.js';
import { DoubtFeed } from './doubt-feed.js';
import type { FromWorker, Question, Topic, Topics, ToWorker, WorkerTask } from './messages.js';
import { ProcessMeter } from './process-meter.js';
import { LocalProxyServer } from './proxy-server.js';
import { Questions } from './questions.js';
import { unpackStep } from './snapshot-step.js';

/** The primary collects from one worker after the other. Milliseconds. */
const PRIMARY_LIMIT = 10_000;

/** The inside of a worker process: a server of its own over a cache that follows the primary's. */
export class Worker {
  // What changed is shown by the primary, so that nothing need be remembered here.
  readonly #cache = new SnapshotCache(0);
  readonly #primary: Questions;
  readonly #doubts: DoubtFeed;
  readonly #reportsTaken = new SharedRun(() => this.#catchUp());
  #server: LocalProxyServer | undefined;
  #meter: ProcessMeter | undefined;
  #logger: Logger | undefined;

  /**
   * @param send tells the primary something; calls `sent` when that is on its way
   * @param exit ends the process with a code
   * @param faults told of the log
   */
  constructor(
    private readonly send: (message: FromWorker, sent?: () => void) => void,
    private readonly exit: (code: number) => void,
    private readonly faults: ProcessFaults,
  ) {
    this.#primary = new Questions('the primary process', send, PRIMARY_LIMIT);
    this.#doubts = new DoubtFeed(
      (node) => this.#server?.doubts.told(node) ?? [],
      (doubts) => send({ kind: 'doubts', doubts }),
    );
  }

  /** Takes a message of the primary. Where that fails the process ends: it would be out of step with the primary. */
  receive(message: ToWorker): void {
    this.#take(message).catch((thrown: unknown) => {
      this.#logger?.fatal(
        { err: thrown },
        `cannot take a message of the primary process: ${messageOf(thrown)}`,
      );
      this.#fail(thrown);
    });
  }

  async #take(message: ToWorker): Promise<void> {
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
      case 'noAnswer':
        this.#primary.failed(message.id, message.reason);
        return;
      case 'loadReports':
        this.#server?.configureLoadReports(message.settings);
        return;
      case 'doubts':
        for (const doubt of message.doubts) this.#server?.doubts.learn(doubt);
        this.send({ kind: 'doubtsTaken' });
        return;
      case 'doubtsTaken':
        this.#doubts.taken();
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
    this.#logger = logger;
    this.faults.logTo(logger);
    const server = new LocalProxyServer(this.#cache, {
      ...options,
      observer: new ProxyAnswers({ told: (told) => this.send({ kind: 'told', told }) }),
      reportsTaken: () => this.#reportsTaken.run(),
      doubted: (node) => this.#doubts.add(node),
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
      this.#fail(thrown);
    }
  }

  #fail(thrown: unknown): void {
    const { code, message } = SignalboxError.from(thrown);
    this.send({ kind: 'failed', code, message }, () => this.exit(1));
  }

  /** A question that cannot be answered costs itself. */
  async #answer(question: Question): Promise<void> {
    const { id } = question;
    const server = this.#server;
    if (server === undefined) return;
    try {
      this.send({ kind: 'answer', id, answer: await this.#answerOf(question, server) });
    } catch (thrown) {
      this.#logger?.error({ topic: question.topic, err: thrown }, `failed to answer: ${messageOf(thrown)}`);
      this.send({ kind: 'noAnswer', id, reason: messageOf(thrown) });
    }
  }

  async #answerOf(asked: Question, server: LocalProxyServer): Promise<Topics[Topic]['answer']> {
    switch (asked.topic) {
      case 'proxies':
        return await server.proxies();
      case 'proxyStatuses':
        return await server.proxyStatuses(asked.question);
      case 'totals':
        return {
          ...(await server.totals()),
          rejections: this.faults.rejections,
          workers: this.#meter ? [this.#meter.read()] : [],
        };
      case 'clientStatus':
        return await server.clientStatus(asked.question.request, asked.question.mostBytes);
      case 'allClientStatus':
      case 'caughtUp':
        throw new SignalboxError('internal', 'this is a question to the primary process');
    }
  }

  /** The primary decides what is served to a proxy that has come back. Without it the proxies are served what there is. */
  async #catchUp(): Promise<void> {
    try {
      await this.#primary.ask('caughtUp', undefined);
    } catch (thrown) {
      this.#logger?.error({ err: thrown }, `did not wait any longer: ${messageOf(thrown)}`);
    }
  }

  /** Of the clients of all workers, which the primary collects. */
  async #clientStatus(request: Uint8Array): Promise<ClientStatusAnswer> {
    try {
      const answer = await this.#primary.ask('allClientStatus', request);
      return answer ?? unavailable('the control plane is shutting down');
    } catch (thrown) {
      return unavailable(messageOf(thrown));
    }
  }
}
