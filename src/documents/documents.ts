import type { ServicePolicy } from '../config/service-policy.js';
import type { DocumentCertificate } from '../model/certificate.js';
import type { Consumer } from '../model/consumer.js';
import type { RouteRule } from '../model/route.js';

/** What is shown of one route document at `/routes`. */
export interface RouteDocument {
  /** Where it stands, such as an etcd key. */
  readonly id: string;
  /** The store that it came from. */
  readonly source: string;
  /** What is in force; of a document that was repaired badly, the last good version. */
  readonly rules: readonly RouteRule[];
  /** Why the document as it stands now is not in force. */
  readonly rejected?: string;
  /** The document itself says that it is not to be in force. */
  readonly disabled?: boolean;
  /** Differences between Envoy and APISIX for the rules in force. */
  readonly differences?: readonly string[];
}

/** What is shown of one document about a service at `/routes`. */
export interface PolicyDocument {
  readonly id: string;
  readonly source: string;
  readonly service: string;
  /** What is in force; undefined where there never was a good version. */
  readonly policy?: ServicePolicy;
  readonly rejected?: string;
}

/** What is shown of one document about a consumer at `/routes`; nothing of its secrets is. */
export interface ConsumerDocument {
  readonly id: string;
  readonly source: string;
  /** What is in force; undefined where there never was a good version. */
  readonly consumer?: Consumer;
  readonly rejected?: string;
}

/** What is shown of one document about certificates at `/certificates`; nothing of its keys is. */
export interface CertificateDocument {
  readonly id: string;
  /** When it was read, milliseconds since the epoch. */
  readonly at: number;
  /** What is in force; undefined where there never was a good version. */
  readonly certificate?: DocumentCertificate;
  readonly rejected?: string;
}

/** Routes, service policies, consumers and certificates that come from elsewhere than the configuration file, as they stand. */
export interface Documents {
  readonly routes: ReadonlyMap<string, RouteDocument>;
  /** By service name, over the configuration file's. */
  readonly policies: ReadonlyMap<string, ServicePolicy>;
  /** In the order of their documents' ids. */
  readonly consumers: readonly Consumer[];
  /** In the order of their documents' ids; no two have a name in common. */
  readonly certificates: readonly DocumentCertificate[];
}

export const NO_DOCUMENTS: Documents = {
  routes: new Map(),
  policies: new Map(),
  consumers: [],
  certificates: [],
};
