/**
 * An xDS client for tests of a control plane: state of the world and delta.
 * @module signalbox/testing
 */
export type { MessageTypes } from '../generated/messages.js';
export type { MessageName } from '../protobuf/messages.js';
export { messageIn, type ReceivedResource } from './received.js';
export { XdsClient, type XdsClientOptions, type XdsResponse } from './xds-client.js';
