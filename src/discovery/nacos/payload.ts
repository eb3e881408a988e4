import protobuf from 'protobufjs';
import { isRecord } from './api.js';

// Every message of Nacos' gRPC is JSON in an `Any`, with the name of its Java class beside it:
// https://github.com/alibaba/nacos/blob/develop/api/src/main/proto/nacos_grpc_service.proto
const headers: protobuf.IMapField = { keyType: 'string', type: 'string', id: 7 };
const Payload = protobuf.Root.fromJSON({
  nested: {
    Any: { fields: { typeUrl: { type: 'string', id: 1 }, value: { type: 'bytes', id: 2 } } },
    Metadata: { fields: { type: { type: 'string', id: 3 }, headers } },
    Payload: { fields: { metadata: { type: 'Metadata', id: 2 }, body: { type: 'Any', id: 3 } } },
  },
}).lookupType('Payload');

export interface Message {
  /** `SubscribeServiceRequest` and its like. */
  readonly type: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** What shows who we are. */
  readonly headers?: Readonly<Record<string, string>>;
}

export function encodeMessage({ type, body, headers = {} }: Message): Buffer {
  const value = Buffer.from(JSON.stringify(body));
  const message = Payload.fromObject({ metadata: { type, headers }, body: { value } });
  return Buffer.from(Payload.encode(message).finish());
}

/** A message without content for what is none: the other side may be anything that speaks gRPC. */
export function decodeMessage(bytes: Buffer): Message {
  try {
    const { metadata, body } = Payload.toObject(Payload.decode(bytes), { bytes: Buffer, defaults: true });
    const content: unknown = JSON.parse(String(body.value));
    return { type: String(metadata.type), body: isRecord(content) ? content : {} };
  } catch {
    return { type: '', body: {} };
  }
}
