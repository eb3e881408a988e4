import { replaceFile } from '../../../src/base/files/replace-file.js';

// Writes a file in two parts, and says so before the second one, which it never gives.
function* parts(): Generator<string> {
  yield 'the first part of the new file\n';
  process.stdout.write('half\n');
  // Written, but for this one.
  for (;;) yield '';
}
await replaceFile(process.argv[2] ?? '', parts());
