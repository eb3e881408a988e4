import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { installChromium } from '../peers/chromium.js';

/** A real Chromium without a window. */
export class TestBrowser {
  private constructor(private readonly browser: Browser) {}

  static async start(): Promise<TestBrowser> {
    const { path, env } = await installChromium();
    const browser = await chromium.launch({
      executablePath: path,
      env: { ...process.env, ...env },
      timeout: 60_000,
      args: [
        ...['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
        ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      ],
    });
    return new TestBrowser(browser);
  }

  /** A tab of its own, with what it asked of others than `origin` and what went wrong in it. */
  async open(origin: string, options: BrowserContextOptions = {}): Promise<Tab> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const foreign: string[] = [];
    const errors: string[] = [];
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${origin}/`) && !url.startsWith('data:')) foreign.push(url);
    });
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      // A 404 of /load/NAME is an answer: nobody has reported any traffic.
      if (message.type() === 'error' && !message.text().includes('404')) errors.push(message.text());
    });
    return { page, foreign, errors, close: () => context.close() };
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}

export interface Tab {
  readonly page: Page;
  readonly foreign: readonly string[];
  readonly errors: readonly string[];
  close(): Promise<void>;
}
