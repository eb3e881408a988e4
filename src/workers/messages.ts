import type { AdmissionRules } from '../access/admission.js';
import type { ProxyView } from '../admin/proxies.js';
import type { ProxyStatus, PublishedResource } from '../admin/proxy-statuses.js';
import type { ErrorCode } from '../errors.js';
import type { ProxyAnswer } from '../release/proxy-answers.js';
import type { LogFormat, LogLevel } from '../telemetry/log-level.js';
import type { XdsTotals } from '../telemetry/metrics/xds-totals.js';
import type { ClientStatusAnswer } from '../xds/csds/answer.js';
import type { NodeDoubt } from '../xds/doubts.js';
import type { ClusterLoad } from '../xds/load-reports/report.js';
import type { LoadReportSettings } from '../xds/load-reports/service.js';
import type { XdsServerOptions } from '../xds/server.js';

/** What a worker is to do. */
export interface WorkerTask
  extends Pick<XdsServerOptions, 'identifier' | 'drain' | 'keepalive' | 'reflection' | 'limits' | 'tls'> {
  /** Counts from 1; one that takes the place of another has its number. */
  readonly worker: number;
  /** `host:port`; all workers share it. */
  readonly listen: string;
  readonly admission: AdmissionRules;
  /** The share of the proxies of each group that get changes first, 0 to 1. */
  readonly first?: number;
  /** What proxies are asked to report of their load. */
  readonly loadReports: LoadReportSettings;
  readonly logLevel: LogLevel;
  readonly logFormat?: LogFormat;
}

/** What is asked over a channel between two processes, and what it is answered with. */
export interface Topics {
  readonly proxies: { readonly question: undefined; readonly answer: readonly ProxyView[] };
  readonly proxyStatuses: {
    readonly question: readonly PublishedResource[];
    readonly answer: readonly (readonly ProxyStatus[])[];
  };
  /** What has gone over the worker's streams. */
  readonly totals: { readonly question: undefined; readonly answer: XdsTotals };
  /** To a worker: the clients connected to it, in an answer of so many bytes at most. */
  readonly clientStatus: {
    readonly question: { readonly request: Uint8Array; readonly mostBytes: number };
    readonly answer: ClientStatusAnswer;
  };
  /** To the primary: answered when what it was told before has had its effect on the snapshots here. */
  readonly caughtUp: { readonly question: undefined; readonly answer: true };
  /** To the primary: all clients. */
  readonly allClientStatus: { readonly question: Uint8Array; readonly answer: ClientStatusAnswer };
}
export type Topic = keyof Topics;

export type Question = {
  readonly [T in Topic]: {
    readonly kind: 'question';
    readonly id: number;
    readonly topic: T;
    readonly question: Topics[T]['question'];
  };
}[Topic];

export type Answer =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Topics[Topic]['answer'] }
  /** Why there is no answer. */
  | { readonly kind: 'noAnswer'; readonly id: number; readonly reason: string };

/** Messages that go both ways, see `DoubtFeed`. */
export type DoubtMessage =
  | { readonly kind: 'doubts'; readonly doubts: readonly NodeDoubt[] }
  /** The last `doubts` have been taken. */
  | { readonly kind: 'doubtsTaken' };

export type ToWorker =
  | Question
  | Answer
  | DoubtMessage
  /** See `unpackStep`. */
  | { readonly kind: 'step'; readonly step: Uint8Array }
  /** All of this publication has come with the steps before. */
  | { readonly kind: 'published'; readonly publication: number }
  | { readonly kind: 'serve'; readonly task: WorkerTask }
  | { readonly kind: 'loadReports'; readonly settings: LoadReportSettings }
  | { readonly kind: 'admission'; readonly rules: AdmissionRules }
  | { readonly kind: 'stop' };

export type FromWorker =
  | Question
  | Answer
  | DoubtMessage
  /** What a proxy says to what it was sent. */
  | { readonly kind: 'told'; readonly told: ProxyAnswer }
  /** All proxies have acknowledged a publication; see `AcknowledgementSink`. */
  | { readonly kind: 'reached'; readonly publication: number; readonly sent: boolean }
  /** What a proxy reports of its load. */
  | { readonly kind: 'load'; readonly clusters: readonly ClusterLoad[] }
  /** It listens to the channel: what is sent before is lost. */
  | { readonly kind: 'ready' }
  /** The last step is in force. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'serving'; readonly address: string }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };
