import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInBrowser } from '../support/browser.ts';
import { OPENING_MS, Web } from './web.ts';

/** A red pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
);

const VAULT: Readonly<Record<string, string | Buffer>> = {
  'Home.md':
    '---\nmood: sunny\ntags: [start]\n---\n# Home\n\nTo [[Garden|the garden]], [a plan](notes/plan.md) and [[Nowhere]].\n\n![[pixel.png]]\n',
  'Garden.md': 'Roses and tulips grow here. #flowers\n\nBack [[Home]].\n',
  'notes/plan.md': 'Dig, sow, water.\n\n![red](../files/pixel.png)\n',
  'files/pixel.png': PNG,
  '.obsidian/app.json': '{}',
};

/** Drops files on the page as a file manager does: a folder, by its entries. */
async function dropFolder(page: Page, name: string, files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  const list = Object.entries(files).map(([path, content]) => [path, Buffer.from(content).toString('base64')] as const);
  await page.getByRole('region', { name: 'Choose what to import' }).evaluate(
    (zone, { folder, entries }) => {
      interface Tree {
        [part: string]: Tree | File;
      }
      const root: Tree = {};
      for (const [path, base64] of entries) {
        const parts = path.split('/');
        const last = parts.pop() ?? '';
        let at = root;
        for (const part of parts) at = (at[part] ??= {}) as Tree;
        at[last] = new File([Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))], last, {
          lastModified: Date.UTC(2020, 4, 17),
        });
      }
      const entryOf = (entryName: string, node: Tree | File): unknown =>
        node instanceof File
          ? { isFile: true, isDirectory: false, name: entryName, file: (done: (file: File) => void) => done(node) }
          : {
              isFile: false,
              isDirectory: true,
              name: entryName,
              createReader: () => {
                const batches = [Object.entries(node).map(([child, inner]) => entryOf(child, inner)), []];
                return { readEntries: (done: (found: unknown) => void) => done(batches.shift() ?? []) };
              },
            };
      const event = new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: new DataTransfer() });
      const item = { webkitGetAsEntry: () => entryOf(folder, root) };
      Object.defineProperty(event, 'dataTransfer', { value: { items: [item] } });
      zone.dispatchEvent(event);
    },
    { folder: name, entries: list },
  );
}

describeInBrowser('the web page: import and search', () => {
  let web: Web;
  beforeAll(async () => {
    web = await Web.open();
  }, OPENING_MS);
  afterAll(async () => {
    await web?.close();
    expect(web?.faults).toEqual([]);
  });

  it('imports a small vault by drag and drop, and nothing the second time', async () => {
    const page = await web.signedIn();
    await page.getByRole('link', { name: 'Import' }).click();
    await dropFolder(page, 'My vault', VAULT);
    await page.getByText('4 files').waitFor();
    await page.getByText('1 hidden file left out').waitFor();
    expect(await page.getByLabel('Name of this source').inputValue()).toBe('My vault');
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByRole('heading', { name: 'Done' }).waitFor();
    const report = page.getByRole('region', { name: 'Progress' });
    expect(await report.getByRole('listitem').allTextContents()).toEqual(
      expect.arrayContaining(['4 new', '5 links followed', '1 link leads nowhere']),
    );

    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await report.getByText('4 unchanged').waitFor();
    expect(await report.getByText('new', { exact: false }).count()).toBe(0);
    await page.context().close();
  });

  it('shows an imported note with links that work, its images, properties, and what leads to it', async () => {
    const page = await web.signedIn();
    await page.getByRole('link', { name: 'Home' }).click();
    await page.getByText('Properties').click();
    await page.getByText('sunny').waitFor();
    expect(await page.locator('.missing').textContent()).toBe('Nowhere');
    const image = page.locator('.prose img');
    await image.waitFor();
    await expect.poll(() => image.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(1);

    await page.getByRole('link', { name: 'the garden' }).click();
    await page.locator('.prose').getByText('Roses and tulips').waitFor();
    await page.getByRole('link', { name: '#flowers' }).waitFor();
    await page.getByRole('complementary', { name: 'Related' }).getByRole('heading', { name: 'Linked from' }).waitFor();
    await page.locator('.prose').getByRole('link', { name: 'Home' }).click();
    await page.getByRole('link', { name: 'a plan' }).click();
    await page.locator('.prose').getByText('Dig, sow, water').waitFor();
    await page.context().close();
  });

  it('goes to a heading of the note that is open, and minds no malformed one', async () => {
    const folder = join(await mkdtemp(join(tmpdir(), 'synap-vault-')), 'headings');
    await mkdir(folder);
    const space = 'Much text.\n\n'.repeat(200);
    const both = '[[Long#First part|to the first]] [[Long#Second part|to the second]]\n\n';
    await writeFile(join(folder, 'Long.md'), `${both}${space}# First part\n\n${both}${space}# Second part\n\n${space}`);
    const page = await web.signedIn();
    await page.goto('/import');
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose a folder' }).click();
    await (await chooser).setFiles(folder);
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByRole('heading', { name: 'Done' }).waitFor();
    await page.goto('/');
    await page.getByRole('link', { name: 'Long', exact: true }).click();
    const topOf = (name: string) => async () =>
      Math.abs((await page.getByRole('heading', { name }).boundingBox())?.y ?? -1e6);
    await page.getByRole('link', { name: 'to the first' }).first().click();
    await expect.poll(topOf('First part')).toBeLessThan(200);
    await page.getByRole('link', { name: 'to the second' }).last().click();
    await expect.poll(topOf('Second part')).toBeLessThan(200);
    await page.goto(`${page.url().split('#')[0]}?again#%`);
    await page.getByRole('heading', { name: 'First part' }).waitFor();
    await page.context().close();
    await rm(join(folder, '..'), { recursive: true });
  });

  it('imports by keyboard, from a folder on the disk, and says what was not clear', async () => {
    const folder = join(await mkdtemp(join(tmpdir(), 'synap-vault-')), 'second');
    await mkdir(join(folder, 'sub'), { recursive: true });
    await writeFile(join(folder, 'sub/note.md'), 'From a folder');
    await writeFile(join(folder, 'too-long.md'), Buffer.alloc(11 * 1024 * 1024, 'x'));
    const page = await web.signedIn();
    await page.goto('/import');
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose a folder' }).focus();
    await page.keyboard.press('Enter');
    await (await chooser).setFiles(folder);
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByRole('heading', { name: 'Done' }).waitFor();
    await page.getByText('2 new').waitFor();
    await page.locator('.remarks').getByText('too-long.md').waitFor();

    await page.goto('/');
    await page.getByRole('link', { name: 'note', exact: true }).click();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Undo' }).waitFor();
    await page.goto('/import');
    const again = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose a folder' }).click();
    await (await again).setFiles(folder);
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('1 changed on both sides or deleted here').waitFor();
    await page.locator('.remarks').getByText('sub/note.md').waitFor();
    await page.context().close();
    await rm(join(folder, '..'), { recursive: true });
  });

  it('imports a zip', async () => {
    const page = await web.signedIn();
    await page.goto('/import');
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose a zip or files' }).click();
    await (await chooser).setFiles(fileURLToPath(new URL('./fixtures/vault.zip', import.meta.url)));
    await page.getByText('2 files').waitFor();
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByRole('heading', { name: 'Done' }).waitFor();
    await page.getByText('2 new').waitFor();

    const broken = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose a zip or files' }).click();
    const noZip = {
      name: 'broken.zip',
      mimeType: 'application/zip',
      buffer: Buffer.from('PK\x03\x04 no more than that'),
    };
    await (await broken).setFiles(noZip);
    await page.getByRole('alert').getByText('This cannot be read').waitFor();
    await page.goto('/search?q=zipped');
    await page.locator('mark', { hasText: 'Zipped' }).first().waitFor();
    await page.context().close();
  });

  it('searches while one types, with highlights and filters, and the last question wins', async () => {
    const page = await web.signedIn();
    await page.getByLabel('New note').blur();
    await page.keyboard.press('/');
    // The answer to the first letters comes last.
    let first = true;
    await page.route('**/trpc/search.query*', async (route) => {
      const slow = first;
      first = false;
      if (slow) await new Promise((resolve) => setTimeout(resolve, 1_500));
      await route.continue().catch(() => undefined);
    });
    await page.keyboard.type('ros');
    await page.waitForTimeout(300);
    await page.keyboard.type('es tul');
    const result = page.getByRole('list', { name: 'Results' }).getByRole('link', { name: 'Garden' });
    await result.waitFor();
    await page.locator('mark', { hasText: 'tulips' }).waitFor();
    expect(await page.locator('mark').allTextContents()).toEqual(['Roses', 'tulips']);
    expect(new URL(page.url()).searchParams.get('q')).toBe('roses tul');
    await page.waitForTimeout(1_500);
    expect(await result.isVisible()).toBe(true);

    await page.getByLabel('Task').check();
    await page.getByText('Nothing found').waitFor();
    await page.getByLabel('Task').uncheck();
    await page.getByLabel('Only this tag').selectOption('flowers');
    await result.waitFor();
    await page.reload();
    await result.waitFor();
    // The file is of the year 2020.
    await page.getByLabel('Changed').selectOption('Past year');
    await page.getByText('Nothing found').waitFor();
    expect(new URL(page.url()).searchParams.get('since')).toBe('year');
    await page.reload();
    await page.getByText('Nothing found').waitFor();
    await page.getByLabel('Changed').selectOption('Any time');
    await result.waitFor();
    expect(await page.getByRole('searchbox', { name: 'Search' }).inputValue()).toBe('roses tul');
    await page.context().close();
  });

  it('lists tags with counts, and what has one', async () => {
    const page = await web.signedIn();
    await page.getByRole('link', { name: 'Tags' }).click();
    await page.getByRole('link', { name: '#flowers 1' }).click();
    await page.getByRole('link', { name: 'Garden' }).waitFor();
    await web.api.mutate('notes.create', { content: 'odd', tags: ['100% a/b?#c'] });
    await page.goto('/tags');
    await page.getByRole('link', { name: '#100% a/b?#c' }).click();
    await page.getByRole('link', { name: 'odd' }).waitFor();
    await page.reload();
    await page.getByRole('link', { name: 'odd' }).waitFor();
    await page.context().close();
  });
});
