import cluster from 'node:cluster';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { AdmissionRules } from '../access/admission.js';
import type { ProxyView } from '../admin/proxies.js';
import type { ProxyStatus, PublishedResource } from '../admin/proxy-statuses.js';
import { OneByOne } from '../base/one-by-one.js';
import { Backoff } from '../discovery/backoff.js';
import { pause } from '../discovery/pause.js';
import { messageOf } from '../errors.js';
import type { AnswerSink } from '../release/proxy-answers.js';
import type { SnapshotCache } from '../snapshot/cache.js';
import { LOG_LEVELS } from '../telemetry/log-level.js';
import type { AcknowledgementSink } from '../telemetry/metrics/change-latency.js';
import {
  addedSums,
  addedTotals,
  NO_SUMS,
  NO_TOTALS,
  type XdsSums,
  type XdsTotals,
} from '../telemetry/metrics/xds-totals.js';
import { type ClientStatusAnswer, mergedClientStatus, unavailable } from '../xds/csds/answer.js';
import type { ClusterLoad } from '../xds/load-reports/report.js';
import type { LoadReportSettings } from '../xds/load-reports/service.js';
import type { Topic, Topics, WorkerTask } from './messages.js';
import type { ProxyServer } from './proxy-server.js';
import { SharedDoubts } from './shared-doubts.js';
import { type Pack, sharedPack } from './snapshot-feed.js';
import { WorkerProcess } from './worker-process.js';

/** A worker that lived so long is started again without a long wait. */
const STEADY = 10_000;
/** Workers that have not ended so long after they were told to are killed: the longest drain, and a second. */
const STOP_LIMIT = 4_000;

export interface WorkerPoolOptions extends Omit<WorkerTask, 'worker' | 'listen' | 'logLevel'> {
  readonly logger: Logger;
  /** Told what the proxies of all workers say. */
  readonly answers: AnswerSink;
  /** Told what the proxies of each worker have acknowledged. */
  readonly acknowledgements: AcknowledgementSink;
  /** Takes what the proxies of all workers report of their load. */
  readonly load: (clusters: readonly ClusterLoad[]) => void;
}

/**
 * Serves the proxies by several processes that share the port. This process hands each of them what changed, and
 * starts one again that has ended.
 */
export class WorkerPool implements ProxyServer {
  readonly #life = new AbortController();
  readonly #pack: Pack = sharedPack();
  /** Those that run, by their numbers. */
  readonly #processes = new Map<number, WorkerProcess>();
  /** What each of them said it had counted when it was last asked. */
  readonly #totals = new Map<WorkerProcess, XdsTotals>();
  /** What those that have ended had counted by then: the sums never shrink. */
  #ended: XdsSums = NO_SUMS;
  readonly #statusQuestions = new OneByOne();
  readonly #doubts = new SharedDoubts();
  #loadReports: LoadReportSettings;
  #admission: AdmissionRules;

  constructor(
    private readonly cache: SnapshotCache,
    private readonly count: number,
    private readonly options: WorkerPoolOptions,
  ) {
    this.#loadReports = options.loadReports;
    this.#admission = options.admission;
  }

  async listen(address: string): Promise<string> {
    // With 'advanced' bytes are sent as bytes.
    cluster.setupPrimary({
      exec: fileURLToPath(new URL('./main.js', import.meta.url)),
      args: [],
      serialization: 'advanced',
    });
    this.cache.watch(() => {
      for (const process of this.#processes.values()) process.push();
    }, this.#life.signal);
    const numbers = Array.from({ length: this.count }, (_, index) => index + 1);
    const processes = numbers.map((worker) => this.#start(worker, address));
    const addresses = await Promise.all(processes.map(({ serving }) => serving));
    for (const process of processes) {
      const { number: worker } = process;
      this.#keep(process, address).catch((thrown: unknown) => {
        this.options.logger.fatal(
          { worker, err: thrown },
          `a worker is not kept alive: ${messageOf(thrown)}`,
        );
      });
    }
    return addresses[0] ?? address;
  }

  get processes(): readonly number[] {
    return [...this.#processes.values()].flatMap(({ pid, isServing }) =>
      isServing && pid !== undefined ? [pid] : [],
    );
  }

  published(publication: number): void {
    for (const process of this.#processes.values()) process.published(publication);
  }

  unready(): string | undefined {
    const serves = [...this.#processes.values()].some(({ isServing }) => isServing);
    return serves ? undefined : 'no worker serves the proxies';
  }

  async proxies(): Promise<readonly ProxyView[]> {
    const answers = await this.#askAll('proxies', undefined);
    return answers.flatMap(({ worker, answer }) => answer.map((proxy) => ({ ...proxy, worker })));
  }

  async proxyStatuses(resources: readonly PublishedResource[]): Promise<readonly (readonly ProxyStatus[])[]> {
    if (resources.length === 0) return [];
    const answers = await this.#askAll('proxyStatuses', resources);
    return resources.map((_, index) => answers.flatMap(({ answer }) => answer[index] ?? []));
  }

  /** One that does not answer counts as it did before: metrics are needed most when something is wrong. */
  async totals(): Promise<XdsTotals> {
    const processes = [...this.#processes.values()].filter(({ isServing }) => isServing);
    await Promise.all(
      processes.map(async (process) => {
        const totals = await process.ask('totals', undefined).catch(() => undefined);
        if (totals !== undefined) this.#totals.set(process, totals);
      }),
    );
    const ended: XdsTotals = { ...NO_TOTALS, ...this.#ended };
    return [...this.#totals.values()].reduce(addedTotals, ended);
  }

  configureLoadReports(settings: LoadReportSettings): void {
    this.#loadReports = settings;
    for (const process of this.#processes.values()) process.configureLoadReports(settings);
  }

  replaceAdmission(rules: AdmissionRules): void {
    this.#admission = rules;
    for (const process of this.#processes.values()) process.replaceAdmission(rules);
  }

  async stop(): Promise<void> {
    this.#life.abort();
    const processes = [...this.#processes.values()];
    for (const process of processes) process.stop();
    const late = setTimeout(() => {
      for (const process of processes) process.kill();
    }, STOP_LIMIT);
    await Promise.all(processes.map(({ ended }) => ended));
    clearTimeout(late);
  }

  #start(worker: number, listen: string): WorkerProcess {
    const { logger, answers, acknowledgements, load, ...task } = this.options;
    const current = { admission: this.#admission, loadReports: this.#loadReports };
    const logLevel = LOG_LEVELS.find((level) => level === logger.level) ?? 'info';
    const process = new WorkerProcess(
      { ...task, ...current, worker, listen, logLevel },
      this.cache,
      this.#pack,
      (request) => this.#clientStatus(request),
      answers,
      acknowledgements,
      load,
      this.#doubts,
      (thrown) =>
        logger.error(
          { worker, err: thrown },
          `a message of a worker could not be taken: ${messageOf(thrown)}`,
        ),
    );
    this.#processes.set(worker, process);
    const { pid } = process;
    process.serving.then(
      () => {
        logger.info({ worker, pid }, 'worker serving');
        if (current.admission !== this.#admission) process.replaceAdmission(this.#admission);
        if (current.loadReports !== this.#loadReports) process.configureLoadReports(this.#loadReports);
      },
      (error: unknown) => logger.error({ worker, pid }, `a worker cannot serve: ${messageOf(error)}`),
    );
    return process;
  }

  /** Starts a worker again whenever it has ended. */
  async #keep(first: WorkerProcess, listen: string): Promise<void> {
    const worker = first.number;
    const { signal } = this.#life;
    const backoff = new Backoff();
    for (let process = first; ; process = this.#start(worker, listen)) {
      const began = performance.now();
      const end = await process.ended;
      this.#processes.delete(worker);
      this.#ended = addedSums(this.#ended, this.#totals.get(process) ?? NO_SUMS);
      this.#totals.delete(process);
      if (signal.aborted) return;
      this.options.logger.error(
        { worker, pid: process.pid, ...end },
        'a worker has ended, starting it again',
      );
      if (performance.now() - began > STEADY) backoff.reset();
      await pause(backoff.next(), signal);
      if (signal.aborted) return;
    }
  }

  async #askAll<T extends Topic>(topic: T, question: Topics[T]['question']) {
    const answers = [...this.#processes.values()]
      .filter(({ isServing }) => isServing)
      .map(async (process) => ({ worker: process.number, answer: await process.ask(topic, question) }));
    return (await Promise.all(answers)).flatMap(({ worker, answer }) =>
      // One that has just ended has no proxies.
      answer === undefined ? [] : [{ worker, answer }],
    );
  }

  async #clientStatus(request: Uint8Array): Promise<ClientStatusAnswer> {
    const processes = [...this.#processes.values()].filter(({ isServing }) => isServing);
    try {
      // One question of all workers at a time: an answer is large.
      return await this.#statusQuestions.run(() =>
        mergedClientStatus(
          processes.map(
            (process) => (mostBytes: number) => process.ask('clientStatus', { request, mostBytes }),
          ),
        ),
      );
    } catch (thrown) {
      return unavailable(messageOf(thrown));
    }
  }
}
