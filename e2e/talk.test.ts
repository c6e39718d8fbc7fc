import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from './browser.ts';
import { ChatWindow } from './chat-window.ts';
import { Installation } from './installation.ts';

let installation: Installation;
let browser: Browser;
let maya: ChatWindow;
let priya: ChatWindow;
beforeAll(async () => {
  installation = await Installation.start();
  browser = await Browser.open();
  maya = await ChatWindow.signIn(browser, installation.page, 'Maya Castillo');
  priya = await ChatWindow.signIn(browser, installation.page, 'Priya Sharma');
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

describe('two people in two windows', () => {
  it('[E1] write to each other without a reload', async () => {
    await maya.open('Priya Sharma');
    await priya.open('Maya Castillo');
    await maya.say('Is the shelf page live?');
    await maya.sees('Is the shelf page live?');
    await priya.sees('Is the shelf page live?');
    await priya.say('Since ten minutes.');
    await maya.sees('Since ten minutes.');
    await expect
      .poll(() =>
        maya
          .row(/Priya Sharma/)
          .first()
          .innerText(),
      )
      .toContain('Since ten minutes.');
  });

  it('[E2] see each other type, and stop', async () => {
    const sign = maya.page.locator('.typing-line');
    await maya.page.bringToFront();
    await priya.composer.pressSequentially('I am wri');
    await sign.getByText('Priya Sharma is typing').waitFor();
    // A second after the last key it is over; six seconds is the worst that a lost sign may take.
    await expect.poll(() => sign.innerText(), { timeout: 6_000 }).toBe('');
    await priya.composer.pressSequentially('ting');
    await sign.getByText('Priya Sharma is typing').waitFor();
    await priya.composer.press('Enter');
    await maya.sees('I am writing');
    await expect.poll(() => sign.innerText(), { timeout: 1_000 }).toBe('');
  });

  it('[E3] see the check marks change: delivered to a device, then read', async () => {
    await priya.open('Website & configurator');
    await maya.page.bringToFront();
    await maya.say('Read this when you can');
    const line = maya.line('Read this when you can');
    await line.getByRole('img', { name: 'Delivered' }).waitFor();
    expect(await line.getByRole('img', { name: 'Read' }).count()).toBe(0);
    await expect
      .poll(() =>
        priya
          .row(/Maya Castillo/)
          .first()
          .innerText(),
      )
      .toMatch(/1/);
    await priya.page.bringToFront();
    await priya.open('Maya Castillo');
    await priya.sees('Read this when you can');
    await line.getByRole('img', { name: 'Read', exact: true }).waitFor();
  });

  it('[E4] start a group with a name, and a third person finds it in the list', async () => {
    const omar = await ChatWindow.signIn(browser, installation.page, 'Omar Khalil');
    await maya.page.bringToFront();
    const { page } = maya;
    await page.getByRole('button', { name: 'New conversation' }).first().click();
    const dialog = page.getByRole('dialog');
    for (const name of ['Priya Sharma', 'Omar Khalil']) {
      await dialog.getByRole('textbox').first().fill(name.slice(0, 4));
      await dialog.getByText(name).first().click();
    }
    await dialog.getByRole('textbox', { name: /name/i }).last().fill('Roof picnic');
    await dialog.getByRole('button', { name: /create|start/i }).click();
    await page.getByRole('textbox', { name: 'Message Roof picnic' }).waitFor();
    await maya.say('Saturday at six?');
    await omar.open('Roof picnic');
    await omar.sees('Saturday at six?');
    await omar.say('I bring the tomatoes');
    await maya.sees('I bring the tomatoes');
    await omar.page.close();
  });

  it('[E5] what they write is text, whatever it looks like', async () => {
    await maya.open('Priya Sharma');
    await priya.page.bringToFront();
    await priya.open('Maya Castillo');
    const naughty = '<img src=x onerror="document.title=1"><script>alert(1)</script> **b** &amp;';
    await maya.say(naughty);
    await priya.seesOnce(naughty);
    expect(await priya.page.title()).not.toBe('1');
    expect(await priya.page.locator('.bubble img, .bubble script').count()).toBe(0);
  });

  it('[E6] Shift+Enter breaks the line, and Enter in an input method sends nothing', async () => {
    await maya.page.bringToFront();
    await maya.composer.fill('first');
    await maya.composer.press('Shift+Enter');
    await maya.composer.pressSequentially('second');
    await maya.composer.press('Enter');
    await priya.sees('first\nsecond');

    const keyboard = await maya.page.context().newCDPSession(maya.page);
    const sent = (await maya.texts()).length;
    await maya.composer.focus();
    await keyboard.send('Input.imeSetComposition', {
      text: 'にほん',
      selectionStart: 3,
      selectionEnd: 3,
    });
    for (const type of ['rawKeyDown', 'keyUp'] as const) {
      await keyboard.send('Input.dispatchKeyEvent', {
        type,
        key: 'Enter',
        code: 'Enter',
        windowsVirtualKeyCode: 229,
      });
    }
    expect((await maya.texts()).length).toBe(sent);
    await keyboard.send('Input.insertText', { text: '日本' });
    // A key of its own: the Enter that ends a composition may come late, and is not it.
    await maya.composer.press('End');
    await expect.poll(() => maya.composer.inputValue()).toBe('日本');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await maya.composer.press('Enter');
    await priya.seesOnce('日本');
  });

  it('[E7] keep everything after a reload', async () => {
    await maya.page.reload();
    await maya.sees('日本');
    await maya.seesOnce('Is the shelf page live?');
    await maya.seesOnce('Since ten minutes.');
  });

  it('[E8] have seen no script error and no refusal of the content policy', () => {
    expect(browser.complaints).toEqual([]);
  });
});
