import { type TestDatabase, testDatabase } from '@synap/database/testing';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { openBrowser } from '../support/browser.ts';
import { Client } from '../support/client.ts';
import { TestServer } from '../support/server.ts';
import { buildWebApp } from '../support/web-app.ts';

/** Milliseconds that anything in the page may take on a machine that is busy with something else. */
const PATIENCE = 20_000;

/** Milliseconds until all of it runs: the page may have to be built, and a database made, beside other tests. */
export const OPENING_MS = 240_000;

/** Milliseconds for a test that walks through many pages. */
export const WALK_MS = 240_000;

/** A running Synap with its web app, and a browser. */
export class Web {
  readonly server: TestServer;
  readonly api: Client;
  readonly #browser: Browser;
  readonly #library: TestDatabase;
  /** What a page must never do: break its own policy, throw, or open a dialog that nobody expects. */
  readonly faults: string[] = [];

  private constructor(server: TestServer, browser: Browser, library: TestDatabase) {
    this.server = server;
    this.api = new Client(server.url);
    this.#browser = browser;
    this.#library = library;
  }

  static async open(): Promise<Web> {
    buildWebApp();
    const library = await testDatabase();
    await library.database.close();
    const { folder: data, url: databaseUrl } = library;
    const [server, browser] = await Promise.all([TestServer.start({ data, databaseUrl }), openBrowser()]);
    return new Web(server, browser, library);
  }

  /** A browser profile of its own, with nobody signed in. */
  async profile(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext({ baseURL: this.server.url, ...options });
    context.setDefaultTimeout(PATIENCE);
    await context.exposeFunction('__fault', (fault: string) => this.faults.push(fault));
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        const report = (window as unknown as { __fault: (fault: string) => void }).__fault;
        report(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
      });
    });
    context.on('weberror', (error) => this.faults.push(`error: ${error.error().message}`));
    return context;
  }

  /** A page of a profile of its own, signed in as the owner, at the feed. */
  async signedIn(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.profile(options);
    const page = await context.newPage();
    await page.goto(await this.server.signInUrl());
    await page.getByLabel('New note').waitFor();
    return page;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.server.stop();
    await this.#library.close();
  }
}

/** Writes a note through the page, at the feed. */
export async function capture(page: Page, text: string): Promise<void> {
  await page.getByLabel('New note').fill(text);
  await page.keyboard.press('Control+Enter');
  await page.getByText('Saved.').waitFor();
}
