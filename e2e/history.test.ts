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
    await jonas
      .row(/[1-9] unread message/)
      .first()
      .click();
    await jonas.page.locator('.new-line').waitFor();
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
  const answer = await fetch(
    `${installation.url}/v1/conversations/${id}/messages?after=0&limit=1`,
    {
      headers: { authorization: `Bearer ${token}` },
    },
  );
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
    const box = scroller.getBoundingClientRect();
    return [...scroller.querySelectorAll('.bubble')].find((one) => {
      const { top, bottom } = one.getBoundingClientRect();
      return top >= box.top && bottom <= box.bottom;
    });
  };
  // The list grows upwards: its scroll place counts from the newest message, downwards from zero.
  const above = () => scroller.scrollHeight - scroller.clientHeight + scroller.scrollTop;
  scroller.scrollTop = -scroller.scrollHeight;
  // What was far from view is drawn when it comes near.
  let row = rowInView();
  while (row === undefined) {
    await frame();
    row = rowInView();
  }
  const before = row.getBoundingClientRect().top;
  let worst = 0;
  for (let frames = 0; frames < 600; frames++) {
    await frame();
    if (scroller.querySelector('.beginning') !== null && above() <= 1) return null;
    if (!row.isConnected) throw new Error('the row in view was taken away');
    worst = Math.max(worst, Math.abs(row.getBoundingClientRect().top - before));
    // The older page is there: what was at the top has it above itself now.
    if (above() > 200) return worst;
  }
  throw new Error('no older messages came');
}

function isInView(element: Element): boolean {
  const { top, bottom } = element.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
}
