import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from './browser.ts';
import { ChatWindow } from './chat-window.ts';
import { Installation } from './installation.ts';

declare global {
  interface Window {
    readonly axe: typeof import('axe-core');
  }
}

const axe = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'];

let installation: Installation;
beforeAll(async () => {
  installation = await Installation.start();
});
afterAll(async () => {
  await installation?.[Symbol.asyncDispose]();
});

describe.each([
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 1280 },
  { colorScheme: 'light', width: 360 },
  { colorScheme: 'dark', width: 360 },
] as const)('in $colorScheme, $width pixels wide', (look) => {
  it('[PG11] no view has an accessibility finding, nor leaves its content policy', async () => {
    await using browser = await Browser.open(look);
    const choosing = await browser.window(installation.page);
    await choosing.getByRole('button', { name: 'Maya Castillo' }).waitFor();
    expect(await findings(choosing)).toEqual([]);
    await choosing.close();

    const maya = await ChatWindow.signIn(browser, installation.page, 'Maya Castillo');
    const { page } = maya;
    expect(await findings(page)).toEqual([]);

    await maya.open(/unread message/);
    await page.locator('.bubble').last().waitFor();
    expect(await findings(page)).toEqual([]);

    await page.getByRole('button', { name: 'Details' }).click();
    await page.getByRole('region', { name: 'Details' }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('Escape');

    await maya.composer.fill('x'.repeat(10_003));
    await page.getByText('3 characters too many').waitFor();
    expect(await findings(page)).toEqual([]);
    await maya.composer.fill('');

    const toList = async () => {
      if (look.width < 640) await page.getByRole('button', { name: 'Back to the list' }).click();
    };
    await toList();
    await maya.open('Website & configurator');
    await page.getByRole('button', { name: 'Details' }).click();
    await page.getByRole('button', { name: 'What you can do with Priya Sharma' }).click();
    await page.getByRole('menuitem', { name: 'Block', exact: true }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.getByRole('menuitem', { name: 'Block', exact: true }).click();
    const asked = page.getByRole('dialog', { name: 'Block Priya Sharma?' });
    await asked.waitFor();
    expect(await findings(page)).toEqual([]);
    await asked.getByRole('button', { name: 'Block', exact: true }).click();
    await asked.waitFor({ state: 'hidden' });
    await page.getByRole('region', { name: 'Details' }).getByText('Blocked').waitFor();
    await page.keyboard.press('Escape');
    await maya.timeline
      .getByText(/you blocked$/)
      .last()
      .waitFor();
    expect(await findings(page)).toEqual([]);
    await toList();
    await maya.row('Priya Sharma').first().click();
    await page.getByText('You blocked Priya Sharma.').waitFor();
    expect(await findings(page)).toEqual([]);
    await toList();
    await page.getByRole('button', { name: /You and settings/ }).click();
    await page.getByRole('button', { name: 'Blocked people' }).click();
    await page.getByRole('button', { name: 'Unblock Priya Sharma' }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Unblock Priya Sharma' }).click();
    await page.getByText('You have not blocked anybody.').waitFor();
    await page.keyboard.press('Escape');

    await page.getByRole('button', { name: 'New conversation' }).first().click();
    await page.getByRole('dialog').getByText('Omar Khalil').click();
    await page.getByRole('dialog').getByText('Priya Sharma').click();
    expect(await findings(page)).toEqual([]);
    expect(browser.complaints).toEqual([]);
  });
});

/** What axe finds in the page as it stands, once nothing moves. */
async function findings(page: Page): Promise<string[]> {
  await page.evaluate(async () => {
    // Skeletons and typing dots never end.
    const ending = document
      .getAnimations()
      .filter((one) => one.effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY);
    await Promise.all(ending.map((one) => one.finished));
  });
  await page.evaluate(axe);
  return page.evaluate(async (tags) => {
    const { violations } = await window.axe.run(document, { runOnly: tags });
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target}`));
  }, rules);
}
