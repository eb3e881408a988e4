// Writes docs/command-line.md from what the program says of itself. Run with tsx.
import { writeFileSync } from 'node:fs';
import { commandLineDocs } from './command-line/docs.js';

writeFileSync(new URL('../docs/command-line.md', import.meta.url), commandLineDocs());
