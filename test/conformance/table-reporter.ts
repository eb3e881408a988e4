import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';
import { sectionOf, withSection } from '../reliability/page.js';
import { RULES } from './rules.js';
import { conformanceTable, type Outcome } from './table.js';

const FILE = resolve(import.meta.dirname, '../../docs/conformance.md');

/**
 * Writes docs/conformance.md from what the tests of the rules said. A run of some of them only leaves it alone, and
 * so does one that was broken off.
 */
export default class TableReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const outcomes: Outcome[] = [];
    for (const module of modules) {
      if (module.project.name !== 'conformance') continue;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== 'passed' && state !== 'failed') continue;
        outcomes.push({ name: test.name, file: module.relativeModuleId, passed: state === 'passed' });
      }
    }
    const table = conformanceTable(RULES, outcomes);
    if (table === undefined) return;
    // `npm run foreign` writes that part.
    const foreign = sectionOf(readFileSync(FILE, 'utf8'), 'foreign');
    writeFileSync(FILE, withSection(table, 'foreign', foreign));
  }
}
