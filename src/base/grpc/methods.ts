import type { MethodDefinition, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { CallStatus } from './call-status.js';
import type { GrpcCall } from './grpc-call.js';
import { HEAD } from './message-reader.js';

type Answer = (error: Partial<CallStatus> | null, value?: unknown) => void;
type Handler = (call: GrpcCall, answer: Answer) => void;

/** A method that is served. */
export class Method {
  #last: { readonly message: unknown; readonly frame: Buffer } | undefined;

  constructor(
    private readonly definition: MethodDefinition<unknown, unknown>,
    readonly handle: Handler,
  ) {}

  /** Whether the client sends any number of messages, not just one. */
  get requestStream(): boolean {
    return this.definition.requestStream;
  }

  get responseStream(): boolean {
    return this.definition.responseStream;
  }

  read(bytes: Buffer): unknown {
    return this.definition.requestDeserialize(bytes);
  }

  /**
   * A message as it goes on the wire. Who sends the same object on many calls, one right after the other, has it
   * serialized once, and it takes memory once however many clients have not read it yet.
   */
  frame(message: unknown): Buffer {
    if (this.#last !== undefined && this.#last.message === message) return this.#last.frame;
    const body = this.definition.responseSerialize(message);
    const frame = Buffer.allocUnsafe(HEAD + body.length);
    frame.writeUInt8(0, 0);
    frame.writeUInt32BE(body.length, 1);
    frame.set(body, HEAD);
    if (this.#last === undefined)
      setImmediate(() => {
        this.#last = undefined;
      });
    this.#last = { message, frame };
    return frame;
  }
}

/** Methods by their paths, of services as grpc-js defines them. */
export function methodsOf(
  service: ServiceDefinition,
  implementation: UntypedServiceImplementation,
): ReadonlyMap<string, Method> {
  return new Map(
    Object.entries(service).map(([name, definition]) => {
      // Its types name the classes of grpc-js' own calls; handlers use of these what GrpcCall has too.
      const handler = implementation[name] as unknown as Handler;
      return [definition.path, new Method(definition, handler)];
    }),
  );
}
