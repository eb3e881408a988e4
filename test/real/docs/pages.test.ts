import { describe, test } from 'vitest';
import { runnablePages, runPage } from '../../support/docs/page-run.js';

const pages = runnablePages().filter(({ needs }) => needs.size > 0);

describe('the commands of the pages that need real servers', () => {
  test.each(pages)('$page', { timeout: 180_000 }, async (page) => {
    await runPage(page);
  });
});
