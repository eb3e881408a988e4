import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import type { ServiceHost } from '../../src/index.js';
import { decode, encode } from '../../src/protobuf/messages.js';

const API = 'envoy.service.discovery.v3';

/**
 * For a suite that expects versions of its own choice where ours are hashes of content: each hash goes over the wire as
 * the version that was current when it was first sent, and comes back as the hash. Nothing else is changed.
 */
export class VersionLabels {
  #current = '';
  readonly #labels = new Map<string, string>();
  /** The hash of a response by its nonce: two hashes may share a label. */
  readonly #sent = new Map<string, string>();

  /** The label of all hashes that are sent for the first time from now on. */
  set current(label: string) {
    this.#current = label;
  }

  /** A host that adds the discovery services with labels to another one. */
  over(host: ServiceHost): ServiceHost {
    return {
      addService: (service, implementation) => {
        const methods = Object.entries(service).map(([name, method]) => [name, this.#labelled(method)]);
        host.addService(Object.fromEntries(methods) as ServiceDefinition, implementation);
      },
    };
  }

  #labelled(method: MethodDefinition<unknown, unknown>): MethodDefinition<unknown, unknown> {
    const delta = method.path.includes('/Delta');
    return {
      ...method,
      requestDeserialize: (bytes) =>
        method.requestDeserialize(delta ? bytes : Buffer.from(this.#hashed(bytes))),
      responseSerialize: (response) => {
        const bytes = method.responseSerialize(response);
        return Buffer.from(delta ? this.#labelledDelta(bytes) : this.#labelledSotw(bytes));
      },
    };
  }

  #labelledSotw(bytes: Uint8Array): Uint8Array {
    const response = decode(`${API}.DiscoveryResponse`, bytes);
    const { version_info: hash = '', nonce = '' } = response;
    this.#sent.set(nonce, hash);
    return encode(`${API}.DiscoveryResponse`, { ...response, version_info: this.#labelOf(hash) });
  }

  #labelledDelta(bytes: Uint8Array): Uint8Array {
    const response = decode(`${API}.DeltaDiscoveryResponse`, bytes);
    const { system_version_info: hash = '' } = response;
    return encode(`${API}.DeltaDiscoveryResponse`, { ...response, system_version_info: this.#labelOf(hash) });
  }

  /** A request of SotW with the hash of the response that it answers. */
  #hashed(bytes: Uint8Array): Uint8Array {
    const request = decode(`${API}.DiscoveryRequest`, bytes);
    const hash = this.#sent.get(request.response_nonce ?? '');
    if (hash === undefined || !request.version_info) return bytes;
    return encode(`${API}.DiscoveryRequest`, { ...request, version_info: hash });
  }

  #labelOf(hash: string): string {
    const label = this.#labels.get(hash) ?? this.#current;
    this.#labels.set(hash, label);
    return label;
  }
}
