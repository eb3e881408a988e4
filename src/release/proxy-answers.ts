import { printable } from '../base/printable.js';
import type { Resource } from '../snapshot/resource.js';
import type { ProxyNode } from '../xds/node.js';
import type { XdsObserver } from '../xds/observer.js';
import type { Response } from '../xds/response.js';
import { suspectsOf } from '../xds/type-state.js';
import type { ResourceVersion } from './accepted.js';
import type { Rejected } from './quarantine.js';

/** What proxies say to what they were sent. */
export interface AnswerSink {
  accepted(versions: readonly ResourceVersion[]): void;
  rejected(rejected: Rejected): void;
}

/** The `user_agent_name` of a relay. */
export const RELAY_USER_AGENT = 'signalbox-relay';

/** Tells of each response once that it was accepted, whichever proxy did so first: most of them say the same. */
export class ProxyAnswers implements XdsObserver {
  #last: Response | undefined;
  readonly #accepted = new WeakSet<Response>();

  constructor(private readonly sink: AnswerSink) {}

  sent(): void {}

  acknowledged(response: Response, { userAgent }: ProxyNode): void {
    // A relay takes everything: whether a proxy does is not known by that.
    if (userAgent === RELAY_USER_AGENT) return;
    if (response === this.#last || this.#accepted.has(response)) return;
    this.#last = response;
    this.#accepted.add(response);
    if (response.changed.length > 0) this.sink.accepted(response.changed.map(versionOf));
  }

  rejected(response: Response, message: string, node: ProxyNode): void {
    const { resources, named } = suspectsOf(response, message);
    this.sink.rejected({
      typeUrl: response.typeUrl,
      message: printable(message),
      node: node.id,
      suspects: resources.map(versionOf),
      named,
    });
  }
}

function versionOf({ typeUrl, name, version }: Resource): ResourceVersion {
  return { typeUrl, name, version };
}
