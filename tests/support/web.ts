import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { buildWeb } from '../../scripts/build-web.ts';
import { openBrowser } from './browser.ts';
import { Client } from './client.ts';
import { TestServer } from './server.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Milliseconds that anything in the page may take on a machine that is busy with something else. */
const PATIENCE = 20_000;

/** A running Synap with its web app, and a browser. */
export class Web {
  readonly server: TestServer;
  readonly api: Client;
  readonly #browser: Browser;
  readonly #data: string;
  /** What a page must never do: break its own policy, throw, or open a dialog that nobody expects. */
  readonly faults: string[] = [];

  private constructor(server: TestServer, browser: Browser, data: string) {
    this.server = server;
    this.api = new Client(server.url);
    this.#browser = browser;
    this.#data = data;
  }

  /** A folder for what a test needs on the disk; it goes with the server. */
  get folder(): string {
    return this.#data;
  }

  static async open(): Promise<Web> {
    if (buildWeb({ root: ROOT }) === 'failed') throw new Error('The web app cannot be built.');
    const data = await mkdtemp(join(tmpdir(), 'synap-web-'));
    const server = await TestServer.start({ data: join(data, 'library') });
    return new Web(server, await openBrowser(), data);
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
    await rm(this.#data, { recursive: true, force: true });
  }
}

/** Writes a note through the page, at the feed. */
export async function capture(page: Page, text: string): Promise<void> {
  await page.getByLabel('New note').fill(text);
  await page.keyboard.press('Control+Enter');
  await page.getByText('Saved.').waitFor();
}
