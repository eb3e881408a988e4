import { parseYaml, YAML_NESTING } from '../../base/bounded-yaml.js';
import { type Environment, fillApisixVariables } from '../../config/variables.js';
import { messageOf } from '../../errors.js';
import { textOf } from '../../text-of.js';
import { isObject } from '../json-document.js';

/** The documents of a file, by key, or why there are none. */
export type StandaloneFile =
  | { readonly documents: ReadonlyMap<string, string>; readonly error?: undefined }
  | { readonly error: string; readonly documents?: undefined };

/**
 * Reads an `apisix.yaml` of APISIX's standalone mode: lists of documents by folder, and `#END` as the last line, without which the file is
 * still being written. A text that begins with `{` is an `apisix.json`.
 * https://apisix.apache.org/docs/apisix/deployment-modes/
 */
export function readStandalone(text: string, environment: Environment): StandaloneFile {
  const isJson = /^\s*\{/.test(text);
  if (!isJson && !/(^|\n)#END\s*$/.test(text))
    return { error: 'it does not end in "#END": is it still being written?' };
  const { text: filled, wrong } = fillApisixVariables(text, environment);
  if (wrong !== undefined) return { error: wrong.join('; ') };
  const { document, lines } = parseYaml(filled, { uniqueKeys: false, logLevel: 'error' });
  if (document === undefined) return { error: `it is nested deeper than ${YAML_NESTING} levels` };
  const [broken] = document.errors;
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0]);
    return { error: `line ${line}, column ${col}: ${broken.message}` };
  }
  try {
    // An alias may refer to what it stands in, which shows when the text is made again.
    return documentsOf(document.toJS());
  } catch (thrown) {
    return { error: messageOf(thrown) };
  }
}

function documentsOf(content: unknown): StandaloneFile {
  if (!isObject(content)) return { error: 'it is no object with lists of documents such as "routes"' };
  const documents = Object.entries(content).flatMap(([folder, list]) =>
    Array.isArray(list) ? list.map((item: unknown, index) => keyed(folder, item, index)) : [],
  );
  return { documents: new Map(documents) };
}

/** APISIX counts documents without an id from 1. */
function keyed(folder: string, item: unknown, index: number): readonly [string, string] {
  const { id, username } = isObject(item) ? item : { id: undefined, username: undefined };
  return [`${folder}/${textOf(id ?? username ?? `arr_${index + 1}`)}`, JSON.stringify(item)];
}
