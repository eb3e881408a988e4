import { type Metadata, type ServerUnaryCall, type StatusObject, status } from '@grpc/grpc-js';
import type { Admission, Permission } from '../../access/admission.js';
import { subjectNames } from '../../access/subject-names.js';
import type { Limits } from '../limits.js';
import type { Accounts, CallAccount } from './account.js';
import { ClientCount } from './client-count.js';
import type { Refusals } from './refusals.js';

/** A call as gRPC gives it, of any kind. */
export type Call = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getPeer' | 'getAuthContext'>;

export type Refusal = Pick<StatusObject, 'code' | 'details'>;

export type Admitted =
  | { readonly permission: Permission; readonly refusal?: undefined }
  | { readonly permission?: undefined; readonly refusal: Refusal };

/** What a service asks of its clients: nothing, or that they may ask for some configuration, or the status of all clients. */
export type Need = 'nothing' | 'configuration' | 'client status';

/** A call that is served. */
export interface OpenCall {
  readonly permission: Permission;
  /** What the call costs is charged here. */
  readonly account: CallAccount;
  /** The call has ended. */
  close(): void;
}

export type Opened =
  | { readonly open: OpenCall; readonly refusal?: undefined }
  | { readonly open?: undefined; readonly refusal: Refusal };

/** Asks a call again whether it may go on; it ends itself where it may not. */
export type Readmit = (admitted: Admitted) => void;

/** Opens a call of a service, or says why it is not served. */
export type Open<C extends Call = Call> = (call: C, readmit: Readmit) => Opened;

const UNKNOWN: Refusal = {
  code: status.UNAUTHENTICATED,
  details: 'neither the certificate nor the token of this client is known here',
};
const NO_STATUS: Refusal = {
  code: status.PERMISSION_DENIED,
  details: 'this client may not ask for the status of other clients',
};

const NOTHING: Permission = { refusal: () => UNKNOWN.details, clientStatus: false };

/** Milliseconds in which open calls are asked again before other work gets its turn. */
const SLICE = 5;

/** What every call has to pass before it is served, and again when other rules come into force. */
export class Gate {
  readonly #streams: ClientCount;
  readonly #calls = new Map<Call, { readonly need: Need; readonly readmit: Readmit }>();
  /** Those to be asked again. */
  #asked: Call[] = [];
  #rules: AbortController | undefined;

  /** @param signal ends what the gate watches */
  constructor(
    private readonly limits: Limits,
    private admission: Admission,
    private readonly refusals: Refusals,
    readonly accounts: Accounts,
    private readonly signal: AbortSignal,
  ) {
    this.#streams = new ClientCount(limits.streams, limits.streams_per_client);
    this.#follow(admission);
  }

  /** Other rules from now on. Each open call is asked again, some milliseconds of them at a time. */
  replaceAdmission(admission: Admission): void {
    this.admission = admission;
    this.#follow(admission);
    this.#askAgain();
  }

  /** Opens a call: counts it as a stream, opens its account, and asks it again when the rules change. */
  open(call: Call, need: Need, readmit: Readmit): Opened {
    const { permission, refusal } = this.#admit(call, need);
    if (refusal !== undefined) return { refusal };
    const counted = this.#count(call);
    if (typeof counted !== 'function') return { refusal: counted };
    const account = this.accounts.call(call.getPeer());
    this.#calls.set(call, { need, readmit });
    const close = () => {
      counted();
      account.close();
      this.#calls.delete(call);
    };
    return { open: { permission, account, close } };
  }

  #admit(call: Call, need: Need): Admitted {
    const admitted = this.#check(call, need);
    if (admitted.refusal !== undefined)
      this.refusals.add('a call was refused', { peer: call.getPeer(), reason: admitted.refusal.details });
    return admitted;
  }

  #count(call: Call): (() => void) | Refusal {
    const taken = this.#streams.take(clientOf(call));
    if (typeof taken === 'function') return taken;
    const details =
      taken === 'all' ? 'too many streams are open' : 'this client has too many streams open already';
    this.refusals.add(`a stream was refused: ${details}`, { peer: call.getPeer() });
    return { code: status.RESOURCE_EXHAUSTED, details };
  }

  /** A token that has changed is a rule that has changed. */
  #follow(admission: Admission): void {
    this.#rules?.abort();
    const rules = new AbortController();
    this.#rules = rules;
    admission.watchTokens(() => this.#askAgain(), AbortSignal.any([rules.signal, this.signal]));
  }

  #askAgain(): void {
    const running = this.#asked.length > 0;
    this.#asked = [...this.#calls.keys()];
    if (!running) this.#ask();
  }

  readonly #ask = () => {
    const end = performance.now() + SLICE;
    for (let call = this.#asked.pop(); call !== undefined; call = this.#asked.pop()) {
      const open = this.#calls.get(call);
      open?.readmit(this.#admit(call, open.need));
      if (performance.now() > end) break;
    }
    if (this.#asked.length > 0) setImmediate(this.#ask);
  };

  #check(call: Call, need: Need): Admitted {
    if (headerBytes(call.metadata) > this.limits.header_bytes) {
      const details = `the headers of a call may have ${this.limits.header_bytes} bytes`;
      return { refusal: { code: status.RESOURCE_EXHAUSTED, details } };
    }
    if (need === 'nothing') return { permission: NOTHING };
    const permission = this.admission.permission(
      this.admission.restricted ? credentialsOf(call) : { names: [], token: undefined },
    );
    if (permission === undefined) return { refusal: UNKNOWN };
    if (need === 'client status' && !permission.clientStatus) return { refusal: NO_STATUS };
    return { permission };
  }
}

function credentialsOf(call: Call) {
  // gRPC gives the certificate only where TLS has found it valid.
  const names = subjectNames(call.getAuthContext().sslPeerCertificate?.subjectaltname);
  const [authorization] = call.metadata.get('authorization');
  const token = /^bearer +(\S+) *$/i.exec(String(authorization ?? ''))?.[1];
  return { names, token };
}

function clientOf(call: Call): string {
  const fingerprint = call.getAuthContext().sslPeerCertificate?.fingerprint256;
  // `address:port`, IPv6 without brackets too.
  return fingerprint ?? call.getPeer().replace(/:\d+$/, '');
}

/** As HTTP/2 counts them. https://www.rfc-editor.org/rfc/rfc9113#section-6.5.2 */
function headerBytes(metadata: Metadata): number {
  let bytes = 0;
  for (const key of Object.keys(metadata.getMap()))
    for (const value of metadata.get(key)) bytes += key.length + value.length + 32;
  return bytes;
}
