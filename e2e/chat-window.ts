import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import type { Browser } from './browser.ts';

/** The SDK waits up to 10 s between tries; under load everything takes longer. */
const patience = 30_000;

/** One window with the chat page, driven as a person would. */
export class ChatWindow {
  readonly page: Page;

  /** Opens a window and chooses somebody to be. */
  static async signIn(browser: Browser, address: string, name: string): Promise<ChatWindow> {
    const page = await browser.window(address);
    page.setDefaultTimeout(patience);
    await page.getByRole('button', { name }).click();
    const window = new ChatWindow(page);
    await window.row(/./).first().waitFor();
    return window;
  }

  /** Opens a window with a token that the host product hands over. */
  static async withToken(browser: Browser, address: string, token: string): Promise<ChatWindow> {
    const page = await browser.window(`${address}#token=${encodeURIComponent(token)}`);
    page.setDefaultTimeout(patience);
    const window = new ChatWindow(page);
    await window.row(/./).first().waitFor();
    return window;
  }

  constructor(page: Page) {
    this.page = page;
  }

  /** Rows of the conversation list by name. */
  row(name: string | RegExp): Locator {
    return this.page.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name });
  }

  async open(name: string | RegExp): Promise<void> {
    await this.row(name).first().click();
    await this.composer.waitFor();
  }

  get composer(): Locator {
    return this.page.getByRole('textbox', { name: /^Message / });
  }

  get timeline(): Locator {
    return this.page.locator('.timeline-scroller');
  }

  /** Bubbles with exactly this text. */
  bubble(text: string): Locator {
    return this.page.locator('.bubble').filter({ hasText: new RegExp(`^${escaped(text)}$`) });
  }

  /** The line of a bubble, with its check marks. */
  line(text: string): Locator {
    return this.page.locator('.message').filter({ has: this.bubble(text) });
  }

  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.composer.press('Enter');
  }

  async sees(text: string): Promise<void> {
    await this.bubble(text).first().waitFor();
  }

  async seesOnce(text: string): Promise<void> {
    await this.sees(text);
    expect(await this.bubble(text).count()).toBe(1);
  }

  /** The texts of the newest bubbles, as far as they are on the page. */
  async texts(): Promise<string[]> {
    return this.page.locator('.bubble').allInnerTexts();
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
