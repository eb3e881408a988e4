import { DerivedServices } from '../catalogue/derived.js';
import type { Config } from '../config/schema.js';
import type { Documents } from '../documents/documents.js';

/** The services that the configuration and the documents make of parts of others. */
export function derivedServices({ services }: Config, { policies }: Documents): DerivedServices {
  const entries = [...Object.entries(services), ...policies].flatMap(([name, { sources }]) =>
    sources === undefined || name === '*' ? [] : [[name, sources] as const],
  );
  return new DerivedServices(new Map(entries));
}
