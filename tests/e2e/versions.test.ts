import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInBrowser } from '../support/browser.ts';
import type { CreatedNote } from '../support/client.ts';
import { OPENING_MS, Web } from './web.ts';

interface Entity {
  readonly version: number;
  readonly title: string | null;
  readonly deletedAt: string | null;
  readonly tags: readonly string[];
}

describeInBrowser('the web page and versions', () => {
  let web: Web;
  beforeAll(async () => {
    web = await Web.open();
  }, OPENING_MS);
  afterAll(async () => {
    await web?.close();
    expect(web?.faults).toEqual([]);
  });
  const note = async (content: string, title?: string) => {
    return (await web.api.mutate<CreatedNote>('notes.create', { content, title })).entityId;
  };
  const entity = (id: string) => web.api.query<Entity>('entities.get', { id });
  const content = async (id: string) => (await web.api.content(id)).toString();

  it('edits title, tags and text as one version', async () => {
    const id = await note('Before');
    const page = await web.signedIn();
    await page.goto(`/notes/${id}`);
    await page.getByRole('link', { name: 'Edit' }).click();
    await page.getByLabel('Title').fill('A title');
    await page.getByLabel('Tags').fill('one, #two');
    await page.getByLabel('Text, in Markdown').fill('After');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'A title' }).waitFor();
    expect(await entity(id)).toMatchObject({ version: 2, title: 'A title', tags: ['one', 'two'] });
    expect(await content(id)).toBe('After');
    await page.context().close();
  });

  it('shows both sides of a conflict, and keeps mine as a new version', async () => {
    const id = await note('one\ntwo\nthree', 'Shared');
    const mine = await web.signedIn();
    const theirs = await web.signedIn();
    for (const page of [mine, theirs]) await page.goto(`/notes/${id}?view=edit`);
    await theirs.getByLabel('Text').fill('one\ntwo from them\nthree');
    await theirs.getByRole('button', { name: 'Save' }).click();
    await theirs.locator('.prose').getByText('two from them').waitFor();

    await mine.getByLabel('Text').fill('one\ntwo from me\nthree');
    await mine.keyboard.press('Control+Enter');
    const conflict = mine.getByRole('region', { name: 'Conflict' });
    await conflict.waitFor();
    await conflict.locator('.diff-line.removed', { hasText: 'two from them' }).waitFor();
    await conflict.locator('.diff-line.added', { hasText: 'two from me' }).waitFor();
    expect(await content(id)).toBe('one\ntwo from them\nthree');

    await conflict.getByRole('button', { name: 'Keep mine as a new version' }).click();
    await mine.locator('.prose').getByText('two from me').waitFor();
    expect(await content(id)).toBe('one\ntwo from me\nthree');
    expect(await entity(id)).toMatchObject({ version: 3 });
    expect((await web.api.content(id, '?version=2')).toString()).toBe('one\ntwo from them\nthree');
    for (const page of [mine, theirs]) await page.context().close();
  });

  it('merges by hand, and takes over what only they changed', async () => {
    const id = await note('text', 'Old title');
    const page = await web.signedIn();
    await page.goto(`/notes/${id}?view=edit`);
    await page.getByLabel('Text').fill('text and mine');
    await web.api.mutate('entities.update', { id, title: 'New title', content: 'text and theirs' });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('region', { name: 'Conflict' }).waitFor();
    expect(await page.getByLabel('Title').inputValue()).toBe('New title');
    await page.getByLabel('Yours').fill('text and theirs and mine');
    await page.keyboard.press('Control+Enter');
    await page.locator('.prose').getByText('text and theirs and mine').waitFor();
    expect(await entity(id)).toMatchObject({ version: 3, title: 'New title' });
    await page.context().close();
  });

  it('takes theirs, and gives mine back on demand', async () => {
    const id = await note('base');
    const page = await web.signedIn();
    await page.goto(`/notes/${id}?view=edit`);
    await page.getByLabel('Text').fill('mine');
    await web.api.mutate('entities.update', { id, content: 'theirs' });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Take theirs' }).click();
    await page.locator('.prose').getByText('theirs').waitFor();
    expect(await entity(id)).toMatchObject({ version: 2 });
    await page.getByRole('button', { name: 'Bring mine back' }).click();
    expect(await page.getByLabel('Text').inputValue()).toBe('mine');
    await page.context().close();
  });

  it('keeps an unsaved edit across a reload, and asks before it is left', async () => {
    const id = await note('saved');
    const page = await web.signedIn();
    await page.goto(`/notes/${id}?view=edit`);
    await page.getByLabel('Text').fill('not yet saved');
    const asked = page.waitForEvent('dialog');
    const reloaded = page.reload();
    const dialog = await asked;
    expect(dialog.type()).toBe('beforeunload');
    await dialog.accept();
    await reloaded;
    await page.getByText('changes that you had not saved').waitFor();
    expect(await page.getByLabel('Text').inputValue()).toBe('not yet saved');
    expect(await content(id)).toBe('saved');
    await page.getByRole('button', { name: 'Discard' }).click();
    await page.locator('.prose').getByText('saved').waitFor();
    await page.context().close();
  });

  it('shows the history with differences, any past version, and restores one', async () => {
    const id = await note('alpha beta\nsame', 'History');
    await web.api.mutate('entities.update', { id, content: 'alpha gamma\nsame' });
    await web.api.mutate('entities.update', { id, title: 'Renamed' });
    const page = await web.signedIn();
    await page.goto(`/notes/${id}`);
    await page.getByRole('link', { name: 'History' }).click();
    await page.getByText('Title: Renamed').waitFor();
    await page.getByRole('link', { name: 'What changed in version 2' }).click();
    await page.locator('.diff del', { hasText: 'beta' }).waitFor();
    await page.locator('.diff ins', { hasText: 'gamma' }).waitFor();

    await page.getByRole('link', { name: 'Version 1', exact: true }).click();
    await page.locator('.prose').getByText('alpha beta').waitFor();
    await page.getByText('This is version 1 of 3').waitFor();
    await page.getByRole('button', { name: 'Restore this version' }).click();
    await page.locator('.prose').getByText('alpha beta').waitFor();
    await page.getByText('This is version 1').waitFor({ state: 'detached' });
    expect(await entity(id)).toMatchObject({ version: 4, title: 'History' });
    expect(await content(id)).toBe('alpha beta\nsame');
    await page.context().close();
  });

  it('deletes with undo by keyboard alone, and shows a deleted note at its address', async () => {
    const id = await note('Do not lose me');
    const page = await web.signedIn();
    await page.goto(`/notes/${id}`);
    await page.getByRole('button', { name: 'Delete' }).focus();
    await page.keyboard.press('Enter');
    const undo = page.getByRole('button', { name: 'Undo' });
    await undo.waitFor();
    expect((await entity(id)).deletedAt).not.toBeNull();
    await page.getByRole('link', { name: 'Do not lose me' }).waitFor({ state: 'detached' });
    await page.keyboard.press('F6');
    await page.keyboard.press('Tab');
    for (let n = 0; n < 3 && !(await undo.evaluate((button) => button === document.activeElement)); n++) {
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.locator('.prose').getByText('Do not lose me').waitFor();
    expect((await entity(id)).deletedAt).toBeNull();

    await page.getByRole('button', { name: 'Delete' }).click();
    await undo.waitFor();
    await page.goto(`/notes/${id}`);
    await page.getByText('This was deleted').waitFor();
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByText('This was deleted').waitFor({ state: 'detached' });
    expect(await content(id)).toBe('Do not lose me');
    await page.context().close();
  });
});
