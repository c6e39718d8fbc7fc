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

describe('a long history', () => {
  it('[E20] scrolls back through thousands, and what is read never moves', async () => {
    const maya = await ChatWindow.signIn(browser, installation.page, 'Maya Castillo');
    await maya.open('Site log & deliveries');
    await maya.page.locator('.bubble').last().waitFor();
    const first = await firstBody(maya);
    let worst = 0;
    let pages = 0;
    for (; pages < 200; pages++) {
      const moved = await maya.timeline.evaluate(loadOlderAndWatch);
      if (moved === null) break;
      worst = Math.max(worst, moved);
    }
    expect(pages).toBeGreaterThan(40);
    expect(worst).toBeLessThan(1.5);
    await maya.sees(first);
  }, 240_000);

  it('[E21] opens at the newest, with the unread ones marked', async () => {
    const jonas = await ChatWindow.signIn(browser, installation.page, 'Jonas Brandt');
    await jonas.open('Maya Castillo');
    await jonas.page.locator('.bubble').last().waitFor();
    // The first unread message is where reading goes on; without any, it is the end.
    await jonas.page.locator('.new-line').waitFor();
    expect(await jonas.page.locator('.new-line').evaluate(isInView)).toBe(true);
    await jonas.open('Omar Khalil');
    await jonas.page.locator('.bubble').last().waitFor();
    expect(await jonas.page.locator('.bubble').last().evaluate(isInView)).toBe(true);
  });
});

/** Asks the server itself for the first message of the conversation that is open. */
async function firstBody(window: ChatWindow): Promise<string> {
  const id = new URL(window.page.url()).hash.split('/').at(-1);
  const signIn = await fetch(`${installation.url}/v1/demo/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'maya' }),
  });
  const { token } = await signIn.json();
  const answer = await fetch(`${installation.url}/v1/conversations/${id}/messages?after=0&limit=1`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { messages } = await answer.json();
  return messages[0].body;
}

/**
 * Runs in the page: goes to the top, which loads older messages, and answers by how many pixels the row
 * in view moved while they came; null at the beginning.
 */
async function loadOlderAndWatch(scroller: Element): Promise<number | null> {
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => resolve(undefined)));
  const rowInView = () => {
    const { top } = scroller.getBoundingClientRect();
    return [...scroller.querySelectorAll('.message')].find(
      (one) => one.getBoundingClientRect().bottom > top,
    );
  };
  scroller.scrollTop = 0;
  const row = rowInView();
  const before = row?.getBoundingClientRect().top ?? 0;
  let worst = 0;
  for (let frames = 0; frames < 600; frames++) {
    await frame();
    if (scroller.querySelector('.beginning') !== null && scroller.scrollTop <= 0) return null;
    if (row === undefined || !row.isConnected) return worst;
    worst = Math.max(worst, Math.abs(row.getBoundingClientRect().top - before));
    // The older page is there: what was at the top has it above itself now.
    if (scroller.scrollTop > 200) return worst;
  }
  throw new Error('no older messages came');
}

function isInView(element: Element): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
}
