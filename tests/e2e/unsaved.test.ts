import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInBrowser } from '../support/browser.ts';
import type { CreatedNote } from '../support/client.ts';
import { capture, OPENING_MS, Web } from './web.ts';

interface Listed {
  readonly items: readonly { readonly preview: string }[];
}

/** Holds every request to an address until it is let go. */
async function held(page: Page, url: string): Promise<{ asked: Promise<void>; release: () => void }> {
  const asked = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  await page.route(url, async (route) => {
    asked.resolve();
    await released.promise;
    await route.continue();
  });
  return { asked: asked.promise, release: released.resolve };
}

/** From now on the browser has no room for what the page wants to keep. */
async function fillStorage(page: Page): Promise<void> {
  await page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
  });
}

describeInBrowser('what is not saved yet', () => {
  let web: Web;
  beforeAll(async () => {
    web = await Web.open();
  }, OPENING_MS);
  afterAll(async () => {
    await web?.close();
    expect(web?.faults).toEqual([]);
  });
  const note = async (content: string) => (await web.api.mutate<CreatedNote>('notes.create', { content })).entityId;
  const field = (page: Page) => page.getByLabel('New note');
  const another = async (context: BrowserContext) => {
    const page = await context.newPage();
    await page.goto('/');
    await field(page).waitFor();
    return page;
  };

  it('belongs to its tab, and to the next one when that is closed', async () => {
    const one = await web.signedIn();
    const context = one.context();
    const two = await another(context);
    await field(one).fill('Written in one');
    await capture(two, 'Written and saved in two');
    await one.reload();
    expect(await field(one).inputValue()).toBe('Written in one');
    await field(two).fill('Written in two');
    await one.close();
    const three = await another(context);
    await expect.poll(() => field(three).inputValue()).toBe('Written in one');
    expect(await field(two).inputValue()).toBe('Written in two');
    await two.reload();
    expect(await field(two).inputValue()).toBe('Written in two');
    await context.close();
  });

  it('gets another key if its own was sent with another text', async () => {
    const page = await web.signedIn();
    const idempotencyKey = 'c0ffee'.repeat(5);
    await web.api.mutate('notes.create', { content: 'Sent by a copy of the tab', idempotencyKey });
    await field(page).fill('x');
    await page.evaluate((key) => {
      const slot = Object.keys(localStorage).find((name) => name.startsWith('synap:capture:')) ?? '';
      localStorage.setItem(slot, JSON.stringify({ text: 'Sent by this one', idempotencyKey: key, sent: null }));
    }, idempotencyKey);
    await page.reload();
    await field(page).press('Control+Enter');
    await page.getByText('Saved.').waitFor();
    const { items } = await web.api.query<Listed>('entities.list', {});
    const previews = items.map(({ preview }) => preview);
    expect(previews).toEqual(expect.arrayContaining(['Sent by this one', 'Sent by a copy of the tab']));
    await page.context().close();
  });

  it('is asked about when the tab closes only if it could not be kept', async () => {
    const page = await web.signedIn();
    let asked = 0;
    page.on('dialog', (dialog) => {
      asked++;
      void dialog.accept();
    });
    await field(page).fill('There is room for this');
    await page.reload();
    expect(asked).toBe(0);
    await fillStorage(page);
    await field(page).fill('There is no room for this');
    await page.getByRole('link', { name: 'Tags' }).click();
    await page.getByRole('link', { name: 'Notes' }).click();
    expect(await field(page).inputValue()).toBe('There is no room for this');
    await page.reload();
    expect(asked).toBe(1);
    await page.context().close();
  });

  it('is there again after a link of the page was followed, also without room for it', async () => {
    const id = await note('Edited and left');
    const page = await web.signedIn();
    await page.goto(`/notes/${id}?view=edit`);
    const text = page.getByLabel('Text, in Markdown');
    for (const draft of ['First draft', 'Second draft']) {
      await text.fill(draft);
      await page.getByRole('link', { name: 'Tags' }).click();
      await page.getByRole('heading', { name: 'Tags' }).waitFor();
      await page.goBack();
      await text.waitFor();
      expect(await text.inputValue()).toBe(draft);
      await fillStorage(page);
    }
    await page.context().close();
  });

  it('stays in its editor when reading the note again fails', async () => {
    const id = await note('Read once');
    const page = await web.signedIn();
    await page.goto(`/notes/${id}?view=edit`);
    const text = page.getByLabel('Text, in Markdown');
    await text.fill('Still being written');
    const failed = new Set<string>();
    const data = { code: 'NOT_FOUND', httpStatus: 404, reason: 'NOT_FOUND' };
    for (const url of ['**/trpc/entities.get*', '**/api/session']) {
      await page.route(url, async (route) => {
        await route.fulfill({ status: 404, json: { error: { message: 'Gone.', code: -32004, data } } });
        failed.add(url);
      });
    }
    // Once the server answers again, everything is read again.
    await page.route('**/trpc/entities.update*', (route) => route.abort('connectionreset'));
    await page.getByRole('button', { name: 'Save' }).click();
    await expect.poll(() => failed.size, { timeout: 20_000 }).toBe(2);
    await page.waitForTimeout(300);
    expect(await text.inputValue()).toBe('Still being written');
    await page.context().close();
  });

  it('is saved without leading away from what is done by then', async () => {
    const id = await note('Saved late');
    const page = await web.signedIn();
    await page.goto(`/notes/${id}?view=edit`);
    await page.getByLabel('Text, in Markdown').fill('Saved at last');
    const update = await held(page, '**/trpc/entities.update*');
    await page.getByRole('button', { name: 'Save' }).click();
    await update.asked;
    await page.getByRole('link', { name: 'Notes' }).click();
    await field(page).waitFor();
    const answered = page.waitForResponse('**/trpc/entities.update*');
    update.release();
    await answered;
    await page.getByRole('link', { name: 'Saved at last' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/');
    await page.context().close();
  });

  it('is a date only when it is whole', async () => {
    const { id } = await web.api.mutate<{ id: string }>('entities.create', { type: 'task', title: 'Dated' });
    const page = await web.signedIn();
    const saved: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('entities.update')) saved.push(request.postData() ?? '');
    });
    await page.goto(`/notes/${id}`);
    const due = page.getByLabel('Due');
    await due.focus();
    await page.keyboard.type('12312027');
    expect(saved).toEqual([]);
    const answered = page.waitForResponse('**/trpc/entities.update*');
    await page.keyboard.press('Enter');
    expect(await due.evaluate((element) => element === document.activeElement)).toBe(true);
    await answered;
    expect(await due.inputValue()).toBe('2027-12-31');
    expect(saved).toEqual([expect.stringContaining('2027-12-31')]);

    const update = await held(page, '**/trpc/entities.update*');
    await page.getByLabel('Priority').selectOption('High');
    await update.asked;
    await page.getByLabel('Status').selectOption('Done');
    update.release();
    await expect
      .poll(() => web.api.query('entities.get', { id }))
      .toMatchObject({ version: 4, task: { priority: 3, status: 'done', dueDate: '2027-12-31T00:00:00.000Z' } });
    await page.context().close();
  });

  it('comes in while other pages are looked at', async () => {
    const page = await web.signedIn();
    await page.goto('/import');
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose a zip or files' }).click();
    const file = (name: string) => ({ name, mimeType: 'text/markdown', buffer: Buffer.from(`In ${name}`) });
    await (await chooser).setFiles([file('one.md'), file('two.md')]);
    await page.getByLabel('Name of this source').fill('Left alone');
    const upload = await held(page, '**/api/v1/import/file*');
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await upload.asked;
    await page.getByRole('link', { name: 'Notes' }).click();
    await field(page).waitFor();
    await page.getByText('0 of 2 files').waitFor();
    upload.release();
    await page.getByRole('link', { name: 'Importing' }).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Import', exact: true }).click();
    await page.getByRole('heading', { name: 'Done' }).waitFor();
    await page.getByText('2 new').waitFor();
    expect(await page.getByLabel('Name of this source').inputValue()).toBe('Left alone');
    await page.context().close();
  });
});
