import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from './browser.ts';
import { ChatWindow } from './chat-window.ts';
import { Installation } from './installation.ts';
import { Tenant } from './tenant.ts';

const operatorKey = 'operator-key-of-the-flows';
let installation: Installation;
let browser: Browser;
let tenant: Tenant;
beforeAll(async () => {
  installation = await Installation.start({ PARLEY_OPERATOR_KEY: operatorKey });
  browser = await Browser.open();
  tenant = await Tenant.make(installation, operatorKey, 'orchard');
  await tenant.person('ann', 'Ann Abel');
  await tenant.person('bob', 'Bob Brook');
  await tenant.person('cy', 'Cy Court');
  await tenant.person('gus', 'Gus Gast', 'guest');
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

async function windowOf(user: string): Promise<ChatWindow> {
  return ChatWindow.withToken(browser, installation.page, await tenant.token(user));
}

async function openDetails({ page }: ChatWindow): Promise<void> {
  // A window in the background is not drawn, and waits for that.
  await page.bringToFront();
  await page.getByRole('button', { name: 'Details' }).click();
}

async function act(page: Page, name: string, what: string): Promise<void> {
  await page.bringToFront();
  await page.getByRole('button', { name: `What you can do with ${name}` }).click();
  await page.getByRole('menuitem', { name: what }).click();
}

describe('roles and access', () => {
  it('[E31] an owner makes an admin, who removes somebody; whose access ends is told so', async () => {
    await tenant.group('ann', 'Cider press', ['bob', 'cy']);
    const [ann, bob, cy] = await Promise.all(['ann', 'bob', 'cy'].map(windowOf));
    if (!ann || !bob || !cy) return expect.unreachable();
    for (const window of [ann, bob, cy]) {
      await window.page.bringToFront();
      await window.open('Cider press');
    }
    await openDetails(bob);
    await bob.page.getByRole('heading', { name: 'Cider press', level: 3 }).waitFor();
    for (const name of ['Rename', 'Add people']) {
      expect(await bob.page.getByRole('button', { name }).count()).toBe(0);
    }

    await openDetails(ann);
    await act(ann.page, 'Bob Brook', 'Make admin');
    await ann.timeline.getByText('You made Bob Brook an admin').waitFor();
    await bob.timeline.getByText('Ann Abel made you an admin').waitFor();

    // What the role gives is there at once, and no more than that.
    await bob.page.bringToFront();
    for (const name of ['Rename', 'Add people']) {
      await bob.page.getByRole('button', { name }).waitFor();
    }
    await bob.page.getByRole('button', { name: 'What you can do with Ann Abel' }).click();
    expect(await bob.page.getByRole('menuitem').allInnerTexts()).toEqual(['Block']);
    await bob.page.keyboard.press('Escape');
    await cy.composer.fill('Half a thought');
    await act(bob.page, 'Cy Court', 'Remove from the group');
    await bob.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await bob.timeline.getByText('You removed Cy Court').waitFor();
    await ann.timeline.getByText('Bob Brook removed Cy Court').waitFor();
    await cy.page.getByText('you are no longer in it').waitFor();
    const unsent = cy.page.getByRole('textbox', { name: 'You had not sent this:' });
    expect(await unsent.inputValue()).toBe('Half a thought');

    // Shut out, also for whoever loads the page again with the token that it has.
    await tenant.deactivate('bob');
    await bob.page.getByRole('heading', { name: 'You no longer have access' }).waitFor();
    await bob.page.reload();
    await bob.page.getByRole('heading', { name: 'You no longer have access' }).waitFor();
    await ann.say('Only us now');
    await ann.sees('Only us now');
    expect(browser.complaints).toEqual([]);
  });

  it('[E32] a guest talks where it was put, and is offered nothing else', async () => {
    await tenant.group('ann', 'Harvest', ['gus']);
    const gus = await windowOf('gus');
    await gus.open('Harvest');
    await gus.say('I bring the ladders');
    await gus.sees('I bring the ladders');
    await openDetails(gus);
    await gus.page.getByRole('heading', { name: 'Harvest', level: 3 }).waitFor();
    for (const name of ['New conversation', 'Rename', 'Add people']) {
      expect(await gus.page.getByRole('button', { name }).count()).toBe(0);
    }
    expect(browser.complaints).toEqual([]);
  });

  it('[E33] where all tokens are killed, the page says that the sign-in has ended', async () => {
    await tenant.group('ann', 'Cellar', ['cy']);
    const cy = await windowOf('cy');
    await cy.open('Cellar');
    await cy.page.context().setOffline(true);
    await cy.page.getByText('Waiting for the network.').waitFor();
    await cy.say('Written on the way');
    await cy.composer.fill('and not finished');
    await tenant.revoke('cy');
    await cy.page.context().setOffline(false);
    await cy.page.getByRole('heading', { name: 'Your sign-in has ended' }).waitFor();
    await cy.page.getByText('What you had not sent is kept').waitFor();
    // With a token that was made since, one is back, and nothing that was written is lost.
    await cy.page.goto(`${installation.page}#token=${await tenant.token('cy')}`);
    await cy.open('Cellar');
    expect(await cy.composer.inputValue()).toBe('Written on the way\nand not finished');
  });
});
