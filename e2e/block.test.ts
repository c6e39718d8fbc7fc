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

describe('a person whom I block', () => {
  it('[E30] cannot reach me, and I can undo it', async () => {
    const group = 'Website & configurator';
    const maya = await ChatWindow.signIn(browser, installation.page, 'Maya Castillo');
    const priya = await ChatWindow.signIn(browser, installation.page, 'Priya Sharma');
    const { page } = maya;
    await maya.open('Priya Sharma');
    await priya.open('Maya Castillo');
    await page.bringToFront();
    await page.getByRole('button', { name: 'Details' }).click();
    await page.getByRole('button', { name: 'Block Priya Sharma' }).click();
    const dialog = page.getByRole('dialog', { name: 'Block Priya Sharma?' });
    await dialog.getByText('You can unblock them at any time.').waitFor();
    await dialog.getByRole('button', { name: 'Block', exact: true }).click();
    await page.getByText('You blocked Priya Sharma.').waitFor();
    expect(await maya.composer.count()).toBe(0);

    // She is told nothing, but cannot write; in the group she can, and I do not see it.
    await priya.page.bringToFront();
    expect(await priya.page.getByText(/blocked/i).count()).toBe(0);
    await priya.say('Do you hear me?');
    await priya.page.getByText('You cannot write to each other here now.').waitFor();
    await priya.open(group);
    await priya.say('Something for all of you');
    await priya.sees('Something for all of you');
    const hidden = 'Message from someone you blocked';
    await page.bringToFront();
    await expect.poll(() => maya.row(group).first().innerText()).toContain(hidden);
    await maya.open(group);
    await maya.timeline
      .getByText(/^(Message|\d+ messages) from (someone|people) you blocked$/)
      .last()
      .waitFor();
    expect(await maya.bubble('Something for all of you').count()).toBe(0);
    expect(await maya.bubble('Do you hear me?').count()).toBe(0);

    // Undone from my own menu: what was said meanwhile is there, and she can write again.
    await page.getByRole('button', { name: /You and settings/ }).click();
    await page.getByRole('button', { name: 'Blocked people' }).click();
    await page.getByRole('button', { name: 'Unblock Priya Sharma' }).click();
    await page.getByText('You have not blocked anybody.').waitFor();
    await page.keyboard.press('Escape');
    await maya.seesOnce('Something for all of you');
    expect(await maya.timeline.getByText('you blocked').count()).toBe(0);
    await priya.page.bringToFront();
    await priya.open('Maya Castillo');
    await priya.page.getByRole('button', { name: 'Tap to retry' }).click();
    await page.bringToFront();
    await maya.open('Priya Sharma');
    await maya.seesOnce('Do you hear me?');
    expect(browser.complaints).toEqual([]);
  });
});
