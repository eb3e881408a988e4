import type { RouteMatch } from '../../model/route.js';
import { textOf } from '../../text-of.js';
import { MOST_OF_DOCUMENT } from '../document-bounds.js';
import type { JsonObject } from '../json-document.js';
import type { Reasons } from './reasons.js';

/** The paths of a route's `uri` or `uris`: exact ones, and with a `*` at the end all that begin so. */
export function readUris({ uri, uris = [uri] }: JsonObject, reasons: Reasons): readonly RouteMatch[] {
  const texts = Array.isArray(uris) ? uris : [];
  if (texts.length === 0 || texts.some((text) => typeof text !== 'string')) {
    reasons.add('it has no "uri" and no list "uris"');
    return [];
  }
  if (texts.length > MOST_OF_DOCUMENT) {
    reasons.add(`it has ${texts.length} paths, and ${MOST_OF_DOCUMENT} is the most`);
    return [];
  }
  return texts.map((text) => readUri(textOf(text), reasons));
}

function readUri(text: string, reasons: Reasons): RouteMatch {
  const start = text.endsWith('*') ? text.slice(0, -1) : undefined;
  if (start === '') return { prefix: '/' };
  if (!text.startsWith('/')) reasons.add(`uri "${text}" does not begin with "/"`);
  if ((start ?? text).includes('*')) reasons.add(`uri "${text}": "*" is carried over at the end only`);
  if (start === undefined) return { path: text };
  return start.endsWith('/') ? { prefix: start } : { starts_with: start };
}
