import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

/** A real Chromium with a profile of its own; each window is one page in it. */
export class Browser implements AsyncDisposable {
  readonly #context: BrowserContext;
  readonly #profile: string;
  /** What went wrong in any window: script errors and refusals of the content policy. */
  readonly complaints: string[] = [];

  static async open(
    options: {
      readonly colorScheme?: 'light' | 'dark';
      readonly width?: number;
      readonly height?: number;
    } = {},
  ): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), 'parley-chromium-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      headless: true,
      viewport: { width: options.width ?? 1280, height: options.height ?? 800 },
      colorScheme: options.colorScheme ?? 'light',
      locale: 'en-GB',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--disable-dev-shm-usage',
      ],
    });
    return new Browser(context, profile);
  }

  private constructor(context: BrowserContext, profile: string) {
    this.#context = context;
    this.#profile = profile;
  }

  /** A new window on the chat page. */
  async window(address: string): Promise<Page> {
    const page = await this.#context.newPage();
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      // A line that breaks is expected where a server is killed; everything else is not.
      if (message.type() === 'error' && !message.text().includes('WebSocket connection')) {
        this.complaints.push(message.text());
      }
    });
    await page.goto(address);
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    await rm(this.#profile, { recursive: true, force: true });
  }
}
