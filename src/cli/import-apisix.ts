import { readFile } from 'node:fs/promises';
import { printableJson } from '../base/printable.js';
import { fetchFromAdmin, fetchFromEtcd } from '../documents/apisix/fetch.js';
import { type ReportedDocument, reportOf } from '../documents/apisix/report.js';
import { readStandalone } from '../documents/apisix/standalone.js';
import { messageOf, SignalboxError } from '../errors.js';
import type { Output } from './output.js';
import { table } from './views/table.js';

export interface ImportOptions {
  readonly file: string | undefined;
  /** The URL of an etcd or of an Admin API, in place of the file. */
  readonly from: string | undefined;
  readonly prefix: string;
  readonly json: boolean;
}

/** Prints which of APISIX's documents would be carried over. @returns the exit code: 1 if any document is rejected */
export async function runImport(options: ImportOptions, output: Output): Promise<number> {
  try {
    const documents = reportOf(await read(options));
    const counted = counts(documents);
    output.stdout.write(
      options.json
        ? `${printableJson(JSON.stringify({ ...counted, documents }, null, 2))}\n`
        : text(documents, counted),
    );
    return counted.rejected > 0 ? 1 : 0;
  } catch (thrown) {
    const { code, message } = SignalboxError.from(thrown);
    output.stderr.write(`${code}: ${message}\n`);
    return 1;
  }
}

async function read({ file, from, prefix }: ImportOptions): Promise<ReadonlyMap<string, string>> {
  if (from !== undefined) {
    const isAdmin = URL.canParse(from) && new URL(from).pathname.replace(/\/+$/, '') !== '';
    return isAdmin
      ? await fetchFromAdmin(from, process.env.APISIX_ADMIN_KEY)
      : await fetchFromEtcd(from, prefix);
  }
  const content = await readFile(file ?? '', 'utf8').catch((thrown: unknown) => {
    throw new SignalboxError('config_unreadable', `${file}: cannot be read: ${messageOf(thrown)}`);
  });
  const { documents, error } = readStandalone(content, process.env);
  if (documents === undefined) throw new SignalboxError('config_invalid', `${file}: ${error}`);
  return documents;
}

function counts(documents: readonly ReportedDocument[]) {
  const of = (state: ReportedDocument['state']) => documents.filter((one) => one.state === state).length;
  return { carried: of('carried'), rejected: of('rejected'), disabled: of('disabled') };
}

function text(
  documents: readonly ReportedDocument[],
  { carried, rejected, disabled }: ReturnType<typeof counts>,
): string {
  const rows = documents.flatMap(({ id, state, reason, differences = [] }) => {
    const notes = reason === undefined ? differences.map((how) => `differs: ${how}`) : reason.split('; ');
    const [first = '', ...more] = notes;
    return [[id, WORDS[state], first], ...more.map((note) => ['', '', note])];
  });
  const sum = `${carried} carried over, ${rejected} not, ${disabled} disabled\n`;
  return rows.length === 0
    ? 'there are no documents\n'
    : `${table(['DOCUMENT', 'CARRIED OVER', 'WHY'], rows)}\n${sum}`;
}

const WORDS = { carried: 'yes', rejected: 'no', disabled: 'disabled' } as const;
