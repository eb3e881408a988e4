import type { ServicePolicy } from '../config/service-policy.js';
import type { ServiceState } from '../discovery/source.js';
import type { DocumentCertificate } from '../model/certificate.js';
import type { Consumer } from '../model/consumer.js';
import type { RouteRule } from '../model/route.js';

/** The result of reading a route's document. */
export type RouteOutcome =
  | {
      readonly rules: readonly RouteRule[];
      readonly disabled?: boolean;
      /** Differences between Envoy and APISIX. */
      readonly differences?: readonly string[];
      readonly rejected?: undefined;
    }
  | { readonly rejected: string; readonly rules?: undefined };

/** The result of reading a document about a service. */
export type PolicyOutcome =
  | { readonly service: string; readonly policy: ServicePolicy; readonly rejected?: undefined }
  | { readonly service: string; readonly rejected: string; readonly policy?: undefined };

/** The result of reading a document about a consumer. */
export type ConsumerOutcome =
  | { readonly consumer: Consumer; readonly rejected?: undefined }
  | { readonly rejected: string; readonly consumer?: undefined };

/** The result of reading a document about certificates. */
export type CertificateOutcome =
  | {
      readonly certificate: DocumentCertificate;
      readonly rejected?: undefined;
      readonly disabled?: undefined;
    }
  | { readonly rejected: string; readonly certificate?: undefined; readonly disabled?: undefined }
  | { readonly disabled: true; readonly certificate?: undefined; readonly rejected?: undefined };

/** What has changed, by key; undefined for what is gone. */
export interface DocumentChanges {
  readonly routes: ReadonlyMap<string, RouteOutcome | undefined>;
  readonly policies: ReadonlyMap<string, PolicyOutcome | undefined>;
  readonly consumers: ReadonlyMap<string, ConsumerOutcome | undefined>;
  readonly certificates: ReadonlyMap<string, CertificateOutcome | undefined>;
  /** Services whose instances stand in the documents themselves, by name. */
  readonly services: ReadonlyMap<string, ServiceState | undefined>;
}

/** Reads the documents of one store in one format. */
export interface DocumentTable {
  /**
   * @param key the key without the store's prefix
   * @param value undefined where the key is gone
   */
  change(key: string, value: string | undefined): void;
  /** What the changes since the last call come to. */
  take(): DocumentChanges;
}
