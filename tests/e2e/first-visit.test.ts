import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInBrowser } from '../support/browser.ts';
import { capture, OPENING_MS, Web } from './web.ts';

interface Listed {
  readonly items: readonly { readonly id: string; readonly preview: string }[];
}

describeInBrowser('the web page, from the first visit on', () => {
  let web: Web;
  beforeAll(async () => {
    web = await Web.open();
  }, OPENING_MS);
  afterAll(async () => {
    await web?.close();
    expect(web?.faults).toEqual([]);
  });
  const notes = async () => (await web.api.query<Listed>('entities.list', {})).items;

  it('asks for the link, takes it once, and keeps its token out of the address', async () => {
    const context = await web.profile();
    const page = await context.newPage();
    await page.goto('/');
    await page.getByText('synap sign-in').waitFor();
    expect(new URL(page.url()).pathname).toBe('/sign-in');

    const link = await web.server.signInUrl();
    await page.goto(link);
    await page.getByLabel('New note').waitFor();
    expect(page.url()).toBe(`${web.server.url}/`);
    await page.goBack();
    expect(page.url()).not.toContain(new URL(link).hash.slice(1));

    const other = await (await web.profile()).newPage();
    await other.goto(link);
    await other
      .getByRole('alert')
      .getByText(/used before.*synap sign-in/)
      .waitFor();
    await context.close();
  });

  it('has the cursor in the capture box, and shows the first note at once', async () => {
    const page = await web.signedIn();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('capture');
    await page.keyboard.type('My first note');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('link', { name: 'My first note' }).waitFor();
    expect(await page.getByLabel('New note').inputValue()).toBe('');
    expect(await notes()).toMatchObject([{ preview: 'My first note' }]);
    await page.getByRole('link', { name: 'My first note' }).click();
    await page.locator('.prose').getByText('My first note').waitFor();
    await page.context().close();
  });

  it('keeps a draft across a reload, and not after it was saved', async () => {
    const page = await web.signedIn();
    await page.getByLabel('New note').fill('Half a thou');
    await page.reload();
    expect(await page.getByLabel('New note').inputValue()).toBe('Half a thou');
    await capture(page, 'Half a thought, now whole');
    await page.reload();
    expect(await page.getByLabel('New note').inputValue()).toBe('');
    await page.context().close();
  });

  it('makes one note of one text, also if the answer to the first try was lost', async () => {
    const page = await web.signedIn();
    let lost = 0;
    await page.route('**/trpc/notes.create*', async (route) => {
      if (lost++ > 0) return route.continue();
      await route.fetch();
      await route.abort('connectionreset');
    });
    await page.getByLabel('New note').fill('Sent twice, kept once');
    await page.keyboard.press('Control+Enter');
    const retry = page.getByRole('button', { name: 'Try again' });
    await retry.waitFor();
    expect(await page.getByLabel('New note').inputValue()).toBe('Sent twice, kept once');
    await page.reload();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved.').waitFor();
    expect((await notes()).filter(({ preview }) => preview === 'Sent twice, kept once')).toHaveLength(1);
    await page.context().close();
  });

  it('says beforehand what the server would refuse', async () => {
    const page = await web.signedIn();
    await page.getByLabel('New note').fill(' \n\t ');
    expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await page.getByLabel('New note').evaluate((field: HTMLTextAreaElement) => {
      const set = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')?.set;
      set?.call(field, 'x'.repeat(10 * 1024 * 1024 + 1));
      field.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await page.getByText('larger than 10 MiB').waitFor();
    expect(await page.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await page.context().close();
  });

  it('loads more as one scrolls, each note once', async () => {
    for (let n = 0; n < 75; n++) await web.api.mutate('notes.create', { content: `Scrolled to ${n}` });
    const page = await web.signedIn();
    const oldest = page.getByRole('link', { name: 'My first note' });
    for (let tries = 0; tries < 40 && !(await oldest.isVisible()); tries++) {
      await page.mouse.wheel(0, 4_000);
      await page.waitForTimeout(50);
    }
    await oldest.waitFor();
    await page.getByText('That is everything.').waitFor();
    const shown = await page
      .locator('[data-list-link]')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    expect(new Set(shown).size).toBe(shown.length);
    expect(shown.length).toBe(78);
    await page.context().close();
  });

  it('says that the server does not answer, keeps the text, and goes on when it does', async () => {
    const page = await web.signedIn();
    const banner = page.getByText('Synap does not answer. Trying again');
    await page.context().setOffline(true);
    await page.getByLabel('New note').fill('Written without a server');
    await page.keyboard.press('Control+Enter');
    await banner.waitFor();
    await page.getByText('Is it running?').waitFor();
    expect(await page.getByLabel('New note').inputValue()).toBe('Written without a server');
    await page.context().setOffline(false);
    await banner.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('link', { name: 'Written without a server' }).waitFor();
    await page.context().close();
  });

  it('signs out, and shows nothing any more', async () => {
    const page = await web.signedIn();
    await page.getByLabel('Settings').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('synap sign-in').waitFor();
    await page.goto('/');
    await page.getByText('synap sign-in').waitFor();
    expect(await page.getByText('My first note').count()).toBe(0);
    await page.context().close();
  });
});
