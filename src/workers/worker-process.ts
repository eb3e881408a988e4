import cluster, { type Worker } from 'node:cluster';
import type { AdmissionRules } from '../access/admission.js';
import { SignalboxError } from '../errors.js';
import type { AnswerSink } from '../release/proxy-answers.js';
import type { SnapshotCache } from '../snapshot/cache.js';
import type { AcknowledgementSink } from '../telemetry/metrics/change-latency.js';
import type { ClientStatusAnswer } from '../xds/csds/answer.js';
import type { ClusterLoad } from '../xds/load-reports/report.js';
import type { LoadReportSettings } from '../xds/load-reports/service.js';
import type { DoubtFeed } from './doubt-feed.js';
import type { FromWorker, Question, Topic, Topics, ToWorker, WorkerTask } from './messages.js';
import { OpenRejections } from './open-rejections.js';
import { Questions } from './questions.js';
import type { SharedDoubts } from './shared-doubts.js';
import { type Pack, SnapshotFeed } from './snapshot-feed.js';
import { workerEnvironment } from './worker-environment.js';

export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A worker as the primary process sees it, from its start to its end. */
export class WorkerProcess {
  /** The address where it serves. @throws SignalboxError where it cannot, or ends before */
  readonly serving: Promise<string>;
  readonly ended: Promise<WorkerEnd>;
  readonly #worker: Worker;
  readonly #feed: SnapshotFeed;
  readonly #questions: Questions;
  readonly #answers: OpenRejections;
  #doubts: DoubtFeed | undefined;
  #isReady = false;
  #isServing = false;

  /**
   * @param clientStatus of the clients of all workers
   * @param load takes what its proxies report
   * @param sharedDoubts of the proxies of all workers
   * @param failed told where a message of the worker could not be taken
   */
  constructor(
    private readonly task: WorkerTask,
    cache: SnapshotCache,
    pack: Pack,
    private readonly clientStatus: (request: Uint8Array) => Promise<ClientStatusAnswer>,
    answers: AnswerSink,
    private readonly acknowledgements: AcknowledgementSink,
    private readonly load: (clusters: readonly ClusterLoad[]) => void,
    private readonly sharedDoubts: SharedDoubts,
    failed: (thrown: unknown) => void,
  ) {
    this.#answers = new OpenRejections(answers);
    this.#worker = cluster.fork(workerEnvironment(process.env));
    this.#feed = new SnapshotFeed(
      cache,
      pack,
      (step) => this.#send({ kind: 'step', step }),
      (publication) => this.#send({ kind: 'published', publication }),
    );
    this.#questions = new Questions(`worker ${task.worker}`, (question) => this.#send(question));
    this.ended = this.#untilEnded();
    this.serving = this.#untilServing();
    this.#worker.on('message', (message: FromWorker) => {
      this.#receive(message).catch(failed);
    });
  }

  get pid(): number | undefined {
    return this.#worker.process.pid;
  }

  get number(): number {
    return this.task.worker;
  }

  /** Whether it may have proxies. */
  get isServing(): boolean {
    return this.#isServing;
  }

  /** Brings it to the latest snapshots. */
  push(): void {
    if (this.#isReady) this.#feed.push();
  }

  /** All of this publication is in the cache. */
  published(publication: number): void {
    if (this.#isServing) this.#feed.published(publication);
  }

  /** @returns undefined where it has ended. @throws SignalboxError `worker_silent` */
  async ask<T extends Topic>(
    topic: T,
    question: Topics[T]['question'],
  ): Promise<Topics[T]['answer'] | undefined> {
    return await this.#questions.ask(topic, question);
  }

  /** Has its proxies asked for something else. */
  configureLoadReports(settings: LoadReportSettings): void {
    if (this.#isReady) this.#send({ kind: 'loadReports', settings });
  }

  /** Hands it other rules of who gets what. */
  replaceAdmission(rules: AdmissionRules): void {
    this.#send({ kind: 'admission', rules });
  }

  /** Tells it to send its proxies away and end. */
  stop(): void {
    if (this.#isReady) this.#send({ kind: 'stop' });
    else this.kill();
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL');
  }

  async #receive(message: FromWorker): Promise<void> {
    this.#questions.heard();
    switch (message.kind) {
      case 'ready':
        this.#isReady = true;
        // What there is goes first, so that no proxy meets a worker that knows nothing.
        this.#feed.push();
        this.#send({ kind: 'serve', task: this.task });
        return;
      case 'serving':
        // Before that it has no server that could learn them.
        this.#doubts = this.sharedDoubts.join((doubts) => this.#send({ kind: 'doubts', doubts }));
        return;
      case 'doubts':
        this.sharedDoubts.learn(message.doubts, this.#doubts);
        this.#send({ kind: 'doubtsTaken' });
        return;
      case 'doubtsTaken':
        this.#doubts?.taken();
        return;
      case 'taken':
        this.#feed.taken();
        return;
      case 'answer':
        this.#questions.answered(message.id, message.answer);
        return;
      case 'noAnswer':
        this.#questions.failed(message.id, message.reason);
        return;
      case 'reached':
        if (this.pid !== undefined)
          this.acknowledgements.reached(this.pid, message.publication, message.sent);
        return;
      case 'load':
        this.load(message.clusters);
        return;
      case 'told':
        this.#answers.told(message.told);
        return;
      case 'question':
        await this.#answer(message);
    }
  }

  async #answer({ id, topic, question }: Question): Promise<void> {
    if (topic === 'allClientStatus')
      this.#send({ kind: 'answer', id, answer: await this.clientStatus(question) });
    if (topic !== 'caughtUp') return;
    await this.#feed.caughtUp();
    this.#send({ kind: 'answer', id, answer: true });
  }

  #send(message: ToWorker): void {
    // Its end is told by an event of its own.
    this.#worker.send(message, undefined, {}, () => undefined);
  }

  async #untilEnded(): Promise<WorkerEnd> {
    const end = await new Promise<WorkerEnd>((resolve) => {
      this.#worker.once('exit', (code, signal) => resolve({ code, signal }));
      this.#worker.on('error', () => {
        if (this.pid === undefined) resolve({ code: null, signal: null });
      });
    });
    this.#isServing = false;
    this.#answers.end();
    if (this.#doubts !== undefined) this.sharedDoubts.leave(this.#doubts);
    if (this.pid !== undefined) this.acknowledgements.gone(this.pid);
    this.#questions.close();
    return end;
  }

  async #untilServing(): Promise<string> {
    return await new Promise((resolve, reject) => {
      this.#worker.on('message', (message: FromWorker) => {
        if (message.kind === 'serving') {
          this.#isServing = true;
          resolve(message.address);
        }
        if (message.kind === 'failed') reject(new SignalboxError(message.code, message.message));
      });
      this.ended.then(() => reject(new SignalboxError('internal', 'it ended before it served')), reject);
    });
  }
}
