import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInBrowser } from '../support/browser.ts';
import { OPENING_MS, WALK_MS, Web } from './web.ts';

interface Created {
  readonly entityId: string;
}

const MARKDOWN = `
## Heading

Text with **bold**, \`code\`, a [link](https://example.org) and [[Nowhere]].

- [x] done
- [ ] not yet

| a | b |
|---|--:|
| 1 | 2 |

\`\`\`js
const x = 1;
\`\`\`

> A quotation[^1]

[^1]: A footnote.
`;

describeInBrowser('the web page for everybody', () => {
  let web: Web;
  let axe: string;
  let note: string;
  let task: string;
  beforeAll(async () => {
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    web = await Web.open();
    const content = `---\nstate: draft\n---\n${MARKDOWN}`;
    const created = await web.api.mutate<Created>('notes.create', {
      content,
      title: 'A note',
      tags: ['alpha', 'beta'],
    });
    note = created.entityId;
    await web.api.mutate('entities.update', { id: note, content: `${content}\nMore of it.\n` });
    await web.api.mutate('notes.create', { content: 'A thought without a title, about links.' });
    task = (
      await web.api.mutate<{ id: string }>('entities.create', { type: 'task', title: 'A task', task: { priority: 2 } })
    ).id;
  }, OPENING_MS);
  afterAll(async () => {
    await web?.close();
    expect(web?.faults).toEqual([]);
  });

  async function violations(page: Page): Promise<string[]> {
    const results = (await page.evaluate(
      `${axe}; axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})`,
    )) as AxeResults;
    return results.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
    );
  }

  async function settled(page: Page): Promise<void> {
    await page.waitForLoadState('networkidle');
    await page.locator('.loading').waitFor({ state: 'detached' });
  }

  for (const theme of ['light', 'dark'] as const) {
    it(
      `is clean by axe on every page, ${theme}`,
      async () => {
        const page = await web.signedIn({ colorScheme: theme });
        const views = [
          '/',
          `/notes/${note}`,
          `/notes/${note}?version=1`,
          `/notes/${task}`,
          `/notes/${note}?view=history&from=1&to=2`,
          `/notes/${note}?view=edit`,
          '/search?q=note',
          '/search?q=',
          '/tags',
          '/tags/alpha',
          '/import',
          '/notes/0198c0de-0000-7000-8000-000000000000',
          '/sign-in',
        ];
        for (const view of views) {
          await page.goto(view);
          await settled(page);
          expect(await violations(page), view).toEqual([]);
        }
        await page.goto('/');
        await settled(page);
        await page.getByLabel('Settings').click();
        expect(await violations(page), 'settings').toEqual([]);
        await page.getByRole('button', { name: 'Keys' }).click();
        await page.getByRole('dialog').waitFor();
        expect(await violations(page), 'keys').toEqual([]);
        await page.context().close();
      },
      WALK_MS,
    );
  }

  it(
    'is clean with a conflict and a notice on it, at 360 pixels, without scrolling sideways',
    async () => {
      const page = await web.signedIn({ viewport: { width: 360, height: 740 } });
      const { entityId } = await web.api.mutate<Created>('notes.create', {
        content: 'x'.repeat(300),
        title: 'y'.repeat(200),
      });
      await page.goto(`/notes/${entityId}?view=edit`);
      await page.getByLabel('Text').fill('mine');
      await web.api.mutate('entities.update', { id: entityId, content: 'theirs' });
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('region', { name: 'Conflict' }).waitFor();
      await settled(page);
      expect(await violations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Take theirs' }).click();
      await page.getByRole('button', { name: 'Bring mine back' }).waitFor();
      await settled(page);
      expect(await violations(page)).toEqual([]);
      for (const view of [
        '/',
        `/notes/${entityId}`,
        `/notes/${note}`,
        `/notes/${note}?view=history&from=1&to=2`,
        '/search?q=note',
        '/tags',
        '/import',
      ]) {
        await page.goto(view);
        await settled(page);
        expect(await page.evaluate(() => document.documentElement.scrollWidth), view).toBeLessThanOrEqual(360);
      }
      await page.context().close();
    },
    WALK_MS,
  );

  it('can be used by keyboard alone', async () => {
    const page = await web.signedIn();
    const key = (name: string) => page.keyboard.press(name);
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');

    await page.keyboard.type('written j k / n ? by keyboard');
    await key('Control+Enter');
    await page.getByRole('link', { name: 'written j k' }).waitFor();
    await key('Escape');
    await key('j');
    expect(await focused()).toContain('written j k / n ? by keyboard');
    await key('j');
    const second = await focused();
    await key('k');
    expect(await focused()).not.toBe(second);
    await key('Enter');
    await page.locator('.prose').getByText('written j k').waitFor();

    await key('e');
    await page.getByLabel('Text').waitFor();
    await page.getByLabel('Text').focus();
    await page.keyboard.type(' and edited');
    await key('Control+Enter');
    await page.locator('.prose').getByText('edited').waitFor();
    await key('h');
    await page.getByRole('heading', { name: /^History of/ }).waitFor();
    await key('Escape');
    await page.locator('.prose').waitFor();

    await key('/');
    await page.keyboard.type('thought');
    await page.getByRole('list', { name: 'Results' }).getByRole('link').first().waitFor();
    await key('Enter');
    expect(await page.evaluate(() => document.activeElement?.hasAttribute('data-list-link'))).toBe(true);
    await key('Escape');
    await key('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await key('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await key('n');
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('capture');
    await page.context().close();
  });

  it('changes its colours when asked, and remembers it', async () => {
    const page = await web.signedIn({ colorScheme: 'light' });
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.getByLabel('Settings').click();
    await page.getByLabel('Colours').selectOption('Dark');
    expect(await background()).not.toBe(light);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Sign out' }).waitFor({ state: 'hidden' });
    await page.getByLabel('Settings').click();
    await page.getByRole('button', { name: 'Keys' }).click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Keys');
    await page.getByRole('link', { name: 'Tags' }).click();
    await page.getByRole('button', { name: 'Sign out' }).waitFor({ state: 'hidden' });
    await page.reload();
    expect(await background()).not.toBe(light);
    await page.context().close();
  });
});
