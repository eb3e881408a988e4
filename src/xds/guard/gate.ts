import { type Metadata, type ServerUnaryCall, type StatusObject, status } from '@grpc/grpc-js';
import type { Admission, Permission } from '../../access/admission.js';
import { subjectNames } from '../../access/subject-names.js';
import type { Limits } from '../limits.js';
import { ClientCount } from './client-count.js';
import type { Refusals } from './refusals.js';

/** A call as gRPC gives it, of any kind. */
export type Call = Pick<ServerUnaryCall<unknown, unknown>, 'metadata' | 'getPeer' | 'getAuthContext'>;

export type Refusal = Pick<StatusObject, 'code' | 'details'>;

export type Admitted =
  | { readonly permission: Permission; readonly refusal?: undefined }
  | { readonly permission?: undefined; readonly refusal: Refusal };

/** What a service asks of its clients: that they may ask for some configuration, or for the status of all clients. */
export type Need = 'configuration' | 'client status';

const UNKNOWN: Refusal = {
  code: status.UNAUTHENTICATED,
  details: 'neither the certificate nor the token of this client is known here',
};
const NO_STATUS: Refusal = {
  code: status.PERMISSION_DENIED,
  details: 'this client may not ask for the status of other clients',
};

/** What every call has to pass before it is served. */
export class Gate {
  readonly #streams: ClientCount;

  constructor(
    private readonly limits: Limits,
    private admission: Admission,
    private readonly refusals: Refusals,
  ) {
    this.#streams = new ClientCount(limits.streams, limits.streams_per_client);
  }

  /** Other rules from now on. */
  replaceAdmission(admission: Admission): void {
    this.admission = admission;
  }

  /** What the client of a call may do, or why it is not served. */
  admit(call: Call, need: Need): Admitted {
    const admitted = this.#check(call, need);
    if (admitted.refusal !== undefined)
      this.refusals.add('a call was refused', { peer: call.getPeer(), reason: admitted.refusal.details });
    return admitted;
  }

  /**
   * Counts a stream.
   * @returns gives it back, or why there can be no more
   */
  openStream(call: Call): (() => void) | Refusal {
    const taken = this.#streams.take(clientOf(call));
    if (typeof taken === 'function') return taken;
    const details =
      taken === 'all' ? 'too many streams are open' : 'this client has too many streams open already';
    this.refusals.add(`a stream was refused: ${details}`, { peer: call.getPeer() });
    return { code: status.RESOURCE_EXHAUSTED, details };
  }

  #check(call: Call, need: Need): Admitted {
    if (headerBytes(call.metadata) > this.limits.header_bytes) {
      const details = `the headers of a call may have ${this.limits.header_bytes} bytes`;
      return { refusal: { code: status.RESOURCE_EXHAUSTED, details } };
    }
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
