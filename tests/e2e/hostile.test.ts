import { createHash } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeInBrowser } from '../support/browser.ts';
import { OWNER_KEY } from '../support/server.ts';
import { OPENING_MS, WALK_MS, Web } from './web.ts';

/** What tells on itself if any of it runs, in whatever way. */
const RUN = "window.__ran=1;document.documentElement.dataset.ran='1';alert('ran')";

const HOSTILE_MARKDOWN = `
<script>${RUN}</script>
<img src=x onerror="${RUN}">
<svg onload="${RUN}"><script>${RUN}</script><animate onbegin="${RUN}" attributeName=x dur=1s></svg>
<iframe srcdoc="<script>parent.${RUN}</script>"></iframe>
<iframe src="javascript:${RUN}"></iframe>
<object data="data:text/html,<script>${RUN}</script>"></object>
<embed src="javascript:${RUN}">
<form action="javascript:${RUN}"><button id="hostile-button">press</button><input name="attributes"></form>
<a href="javascript:${RUN}" id="hostile-a">raw link</a>
<a href="&#106;avascript:${RUN}">entity link</a>
<a href="java\tscript:${RUN}">tab link</a>
<base href="https://evil.example/">
<meta http-equiv="refresh" content="0;url=javascript:${RUN}">
<link rel="stylesheet" href="https://evil.example/x.css">
<style>@import 'https://evil.example/x.css'; body { display: none }</style>
<math><mtext><table><mglyph><style><img src=x onerror="${RUN}"></style></mglyph></table></mtext></math>
<noscript><p title="</noscript><img src=x onerror=${RUN}>"></noscript>
<details open ontoggle="${RUN}">x</details>
<video><source onerror="${RUN}"></video>
<picture><source srcset="https://evil.example/pixel.png"><img src="pixel.png" srcset="https://evil.example/pixel.png" alt="x"></picture>
<div id="root" style="position:fixed;inset:0">clobber</div>
<p id="capture" name="main">clobber</p>

[js](javascript:${RUN}) [upper](JaVaScRiPt:${RUN}) [vb](vbscript:x) [data](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)
[entity](&#x6A;avascript:alert(1)) [newline](java
script:alert(1)) [slashes](//evil.example/x) ![img](javascript:${RUN}) ![remote](https://evil.example/pixel.png)
[[javascript:${RUN}]] ![[javascript:${RUN}]] [[" onmouseover="${RUN}|alias" onclick="x]] <javascript:${RUN}>

[ref]: javascript:${RUN}
[a reference][ref]

Fine to the end.
`;

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20" onload="${RUN}"><script>${RUN}</script><rect width="20" height="20"/></svg>`;
const HTML = `<!doctype html><script>${RUN}</script><body onload="${RUN}"><h1>page</h1>`;
const NAME = `"><img src=x onerror="window.__ran=1">`;

interface Created {
  readonly entityId: string;
}

describeInBrowser('the web page and hostile content', () => {
  let web: Web;
  beforeAll(async () => {
    web = await Web.open();
  }, OPENING_MS);
  afterAll(() => web?.close());

  /** A page that notices whatever runs, and every request that leaves for elsewhere. */
  async function watched(): Promise<{ page: Page; seen: string[] }> {
    const page = await web.signedIn();
    const seen: string[] = [];
    page.context().on('page', (opened) => seen.push(`opened ${opened.url()}`));
    page.on('dialog', (dialog) => {
      seen.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(web.server.url)) seen.push(`request ${request.url()}`);
    });
    return { page, seen };
  }

  async function hasRun(page: Page): Promise<boolean> {
    const marks = page
      .frames()
      .map((frame) =>
        frame.evaluate(() => '__ran' in window || document.documentElement.dataset.ran === '1').catch(() => false),
      );
    return (await Promise.all(marks)).includes(true);
  }

  async function put(path: string, body: string): Promise<string> {
    const sha256 = createHash('sha256').update(body).digest('hex');
    const query = new URLSearchParams({ source: 'hostile', path, modifiedAt: '2024-01-01T00:00:00.000Z', sha256 });
    const headers = { authorization: `Bearer ${OWNER_KEY}` };
    const response = await fetch(`${web.server.url}/api/v1/import/file?${query}`, { method: 'PUT', headers, body });
    if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
    return ((await response.json()) as Created).entityId;
  }

  it(
    'runs nothing of a note, and loads nothing from elsewhere',
    async () => {
      const { entityId } = await web.api.mutate<Created>('notes.create', { content: HOSTILE_MARKDOWN, title: NAME });
      const { page, seen } = await watched();
      await page.goto(`/notes/${entityId}`);
      const prose = page.locator('.prose');
      await prose.getByText('Fine to the end.').waitFor();
      const forbidden = prose.locator(
        'script, style, iframe, object, embed, form, svg, base, meta, link, button, picture, source, [srcset], [style]',
      );
      expect(await forbidden.count()).toBe(0);
      const attributes = await prose.evaluate((root) =>
        [...root.querySelectorAll('*')].flatMap((element) =>
          [...element.attributes].filter(({ name }) => name !== 'title').map(({ name, value }) => `${name}=${value}`),
        ),
      );
      expect(attributes.filter((attribute) => /^on|javascript:|vbscript:|data:text|^srcdoc/i.test(attribute))).toEqual(
        [],
      );
      expect(await page.locator('#root').count()).toBe(1);
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(NAME);

      // Whatever can be clicked is clicked.
      for (const link of await prose.locator('a:not([target=_blank]), span, summary').all()) {
        await link.click({ timeout: 2_000, force: true, noWaitAfter: true }).catch(() => undefined);
        await page.goto(`/notes/${entityId}`);
        await prose.getByText('Fine to the end.').waitFor();
      }
      for (const rel of await prose
        .locator('a[target=_blank]')
        .evaluateAll((links) => links.map((one) => one.getAttribute('rel')))) {
        expect(rel).toBe('noopener noreferrer');
      }
      expect(await hasRun(page)).toBe(false);
      expect(seen).toEqual([]);
      expect(web?.faults).toEqual([]);
      await page.context().close();
    },
    WALK_MS,
  );

  it('shows a text that takes long to format as it is, until it is asked', async () => {
    const content = 'a**b'.repeat(15_000);
    const { entityId } = await web.api.mutate<Created>('notes.create', { content });
    const { page } = await watched();
    await page.goto(`/notes/${entityId}`);
    await page.getByText('This note is long').waitFor();
    await page.getByRole('button', { name: 'Format it all the same' }).waitFor();
    expect((await page.locator('.plain').textContent())?.length).toBe(content.length);
    await page.context().close();
  });

  it('shows titles, tags, previews and front matter as the text that they are', async () => {
    const content = `---\nname: '<img src=x onerror="${RUN}">'\n__proto__: {x: 1}\nbomb: &a [x, x]\n---\n<script>${RUN}</script>`;
    const { entityId } = await web.api.mutate<Created>('notes.create', {
      content,
      title: NAME,
      tags: [NAME, '../x', '__proto__'],
    });
    await web.api.mutate('entities.update', { id: entityId, title: `</title><script>${RUN}</script>` });
    await web.api.mutate('entities.update', { id: entityId, content: `${content}<b>` });
    const { page, seen } = await watched();
    const views = [
      '/',
      `/notes/${entityId}`,
      `/notes/${entityId}?view=history&from=1&to=3`,
      `/notes/${entityId}?view=edit`,
      '/tags',
      '/search?q=script',
    ];
    for (const view of views) {
      await page.goto(view);
      await page.locator('main h1').first().waitFor({ state: 'attached' });
      await page.waitForTimeout(300);
      expect(await page.locator('main script, main img').count()).toBe(0);
      expect(await hasRun(page)).toBe(false);
    }
    await page.goto('/tags');
    await page.getByRole('link', { name: NAME }).click();
    await page.getByRole('heading', { name: NAME }).waitFor();
    expect(seen).toEqual([]);
    await page.context().close();
  });

  it('runs nothing of SVG and HTML files, shown or opened, whatever they are called', async () => {
    const svg = await put(`pictures/${NAME.replaceAll('/', '')}.svg`, SVG);
    const html = await put('page.html', HTML);
    const note = await put('embeds.md', `![[page.html]] ![svg](pictures/${encodeURIComponent(NAME)}.svg) Shown.`);
    const { page, seen } = await watched();
    for (const id of [svg, html, note]) {
      await page.goto(`/notes/${id}`);
      await page.locator('main h1').waitFor({ state: 'attached' });
      await page.waitForTimeout(500);
      expect(await hasRun(page)).toBe(false);
      const opened = await page.context().newPage();
      seen.length = 0;
      // A download ends the navigation; that too runs nothing.
      await opened.goto(`/api/v1/entities/${id}/content`).catch(() => undefined);
      await opened.waitForTimeout(500);
      expect(await hasRun(opened)).toBe(false);
      await opened.close();
    }
    expect(seen.filter((what) => !what.startsWith('opened'))).toEqual([]);
    await page.context().close();
  });

  it(
    'shows a very long note without hanging, and nesting without end as text',
    async () => {
      const long = `${'A line of a very long note.\n'.repeat(300_000)}`;
      const deep = `${'> '.repeat(20_000)}deep`;
      const ids = [];
      for (const content of [long, deep, '['.repeat(50_000), '*a '.repeat(40_000), '`'.repeat(100_001)]) {
        ids.push((await web.api.mutate<Created>('notes.create', { content })).entityId);
      }
      const { page } = await watched();
      for (const id of ids) {
        await page.goto(`/notes/${id}`);
        await page.locator('.prose, .plain').waitFor();
        // The page answers.
        await page.getByRole('link', { name: 'Edit' }).focus();
        expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Edit');
      }
      await page.context().close();
    },
    WALK_MS,
  );
});
