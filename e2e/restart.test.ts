import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from './browser.ts';
import { ChatWindow } from './chat-window.ts';
import { Installation } from './installation.ts';

let installation: Installation;
let browser: Browser;
beforeAll(async () => {
  installation = await Installation.start();
  browser = await Browser.open();
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

describe('a server that is killed', () => {
  it('[E10] comes back, and so do the windows, by themselves, with nothing missing or doubled', async () => {
    const maya = await ChatWindow.signIn(browser, installation.page, 'Maya Castillo');
    const priya = await ChatWindow.signIn(browser, installation.page, 'Priya Sharma');
    await maya.open('Priya Sharma');
    await priya.open('Maya Castillo');
    const said: string[] = [];
    const say = async (window: ChatWindow, text: string) => {
      said.push(text);
      await window.page.bringToFront();
      await window.say(text);
    };
    for (let round = 1; round <= 2; round++) {
      await say(maya, `before ${round}`);
      await say(priya, `under way ${round}`);
      await installation.kill();
      await say(maya, `while it is away ${round}`);
      await say(priya, `I write as well ${round}`);
      await maya.page.getByText('Connecting again').first().waitFor();
      await installation.startAgain();
      await say(maya, `after ${round}`);
      for (const window of [maya, priya]) {
        await window.page.bringToFront();
        for (const text of said) await window.seesOnce(text);
      }
    }
    // Stored once each, in one order, for both.
    const orders: string[][] = [];
    for (const window of [maya, priya]) {
      await window.page.reload();
      await window.sees(said.at(-1) ?? '');
      const texts = await window.texts();
      orders.push(texts.filter((text) => said.includes(text)));
    }
    expect(orders[0]).toEqual(orders[1]);
    expect([...(orders[0] ?? [])].sort()).toEqual([...said].sort());
  });
});
