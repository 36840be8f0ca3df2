import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { testDatabase } from '@synap/database/testing';
import type { Page } from 'playwright-core';
import { openBrowser } from '../tests/support/browser.ts';
import { Client, type CreatedNote } from '../tests/support/client.ts';
import { TestServer } from '../tests/support/server.ts';
import { buildWebApp } from '../tests/support/web-app.ts';

/**
 * Takes the pictures of the running page for the README, or all that are worth a look:
 * `pnpm screenshots [FOLDER]`; without a folder, those of docs/images.
 */

const ROOT = resolve(import.meta.dirname, '..');
const WIDE = { width: 1120, height: 760 };
const PHONE = { width: 390, height: 760 };

interface Shot {
  readonly name: string;
  readonly path: (ids: Ids) => string;
  readonly theme: 'light' | 'dark';
  readonly phone?: boolean;
  readonly readme?: boolean;
}

interface Ids {
  readonly sourdough: string;
}

const VIEWS: readonly Pick<Shot, 'name' | 'path'>[] = [
  { name: 'feed', path: () => '/' },
  { name: 'note', path: ({ sourdough }) => `/notes/${sourdough}` },
  { name: 'search', path: () => '/search?q=starter+flour' },
  { name: 'history', path: ({ sourdough }) => `/notes/${sourdough}?view=history&from=1&to=2` },
  { name: 'edit', path: ({ sourdough }) => `/notes/${sourdough}?view=edit` },
  { name: 'import', path: () => '/import' },
  { name: 'tags', path: () => '/tags' },
];
const README: ReadonlySet<string> = new Set(['feed-light', 'note-dark', 'history-light']);

const SHOTS: readonly Shot[] = VIEWS.flatMap((view) =>
  (['light', 'dark'] as const).flatMap((theme) => [
    { ...view, name: `${view.name}-${theme}`, theme, readme: README.has(`${view.name}-${theme}`) },
    { ...view, name: `${view.name}-${theme}-phone`, theme, phone: true },
  ]),
);

const SOURDOUGH = `The starter wants **feeding every morning**, at the same hour.

## Ratio

| Flour | Water | Salt |
|------:|------:|-----:|
| 500 g | 350 g | 10 g |

- [x] Feed the starter the evening before
- [x] Autolyse for forty minutes
- [ ] Try it with a fifth of rye

> Time is an ingredient.

See [[Flour and where it comes from]] and [[Rye]].
`;

async function write(api: Client): Promise<Ids> {
  const note = async (content: string, title?: string, tags?: readonly string[]) =>
    (await api.mutate<CreatedNote>('notes.create', { content, title, tags })).entityId;
  await note(
    'Hard winter wheat rises best. The mill by the river grinds on Thursdays; its flour keeps for a month and makes a lively starter.',
    'Flour and where it comes from',
    ['bread', 'places'],
  );
  const sourdough = await note(
    SOURDOUGH.replace('every morning', 'twice a day').replace('500 g', '450 g'),
    'Sourdough',
    ['bread'],
  );
  await api.mutate('entities.update', { id: sourdough, content: SOURDOUGH });
  await note('What if the search box were also the place where one writes? Both begin with half a sentence.');
  const task = { status: 'todo', priority: 2, dueDate: '2027-03-01T00:00:00.000Z' };
  await api.mutate('entities.create', { type: 'task', title: 'Return the library’s books', task, tags: ['errands'] });
  await note(
    '> The palest ink is better than the best memory.\n\nFrom the reading group, on keeping a notebook.',
    'On writing things down',
    ['quotes'],
  );
  await note(
    'Meeting notes: we keep every version, so nobody has to be careful. Ask Noor about the archive.',
    undefined,
    ['work'],
  );
  return { sourdough };
}

async function settle(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle');
  await page.waitForFunction('[...document.images].every((image) => image.complete)');
}

const folder = process.argv[2];
const out = folder === undefined ? join(ROOT, 'docs/images') : resolve(folder);
const wanted = SHOTS.filter(({ readme }) => folder !== undefined || readme);

buildWebApp();
const library = await testDatabase();
await library.database.close();
const server = await TestServer.start({ data: library.folder, databaseUrl: library.url });
const browser = await openBrowser();
try {
  const ids = await write(new Client(server.url));
  const context = await browser.newContext({ baseURL: server.url, viewport: WIDE });
  const page = await context.newPage();
  await page.goto(await server.signInUrl());
  await page.getByLabel('New note').waitFor();
  await mkdir(out, { recursive: true });
  for (const { name, path, theme, phone } of wanted) {
    await page.setViewportSize(phone ? PHONE : WIDE);
    await page.emulateMedia({ colorScheme: theme });
    await page.goto(path(ids));
    await settle(page);
    await page.screenshot({ path: join(out, `${name}.png`) });
    console.log(`${name}.png`);
  }
} finally {
  await browser.close();
  await server.stop();
  await library.close();
}
