import { configuredConsumers } from '../config/consumers.js';
import type { Config } from '../config/schema.js';
import type { DocumentSet } from '../documents/document-set.js';
import type { ConsumerDocument } from '../documents/documents.js';
import { distinctConsumers } from '../model/consumer.js';

/** The documents about consumers. One that proves to be somebody by what an earlier one does is rejected. */
export function listConsumers(config: Config, documents: DocumentSet): readonly ConsumerDocument[] {
  const all = documents.consumers();
  const placed = [
    ...configuredConsumers(config).map((consumer) => ({ consumer, document: undefined })),
    ...all.flatMap((document) =>
      document.consumer === undefined ? [] : [{ consumer: document.consumer, document }],
    ),
  ];
  const { refused } = distinctConsumers(placed);
  const reasons = new Map([...refused].map(([{ document }, reason]) => [document, reason]));
  return all.map((document) => {
    const reason = reasons.get(document);
    if (reason === undefined) return document;
    const { consumer: _, ...rest } = document;
    return { ...rest, rejected: document.rejected ?? reason };
  });
}
