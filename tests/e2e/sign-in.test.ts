import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestDatabase, testDatabase } from '@synap/database/testing';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeInBrowser, openBrowser } from '../support/browser.ts';
import { Client } from '../support/client.ts';
import { TestServer } from '../support/server.ts';
import { buildWebApp } from '../support/web-app.ts';

const WEEK_SECONDS = 7 * 24 * 60 * 60;

describeInBrowser('signing in, in a browser', () => {
  let library: TestDatabase;
  let server: TestServer;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    buildWebApp();
    library = await testDatabase();
    await library.database.close();
    const { folder: data, url: databaseUrl } = library;
    [server, browser] = await Promise.all([TestServer.start({ data, databaseUrl }), openBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await library?.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
    page = await context.newPage();
  });
  afterEach(() => context.close());

  /** Opens a link and gives the status with which the server answered the page's attempt. */
  async function follow(link: string): Promise<number> {
    const answer = page.waitForResponse(
      (one) => one.url().endsWith('/api/session') && one.request().method() === 'POST',
    );
    await page.goto(link);
    return (await answer).status();
  }

  const sessionStatus = () => page.evaluate(async () => (await fetch('/api/session')).status);

  it('works once with a printed link', async () => {
    const link = await server.signInUrl();
    expect(await follow(link)).toBe(200);
    expect(await sessionStatus()).toBe(200);
    const [cookie, ...more] = await context.cookies();
    expect(more).toEqual([]);
    expect(cookie).toMatchObject({ name: 'synap_session', path: '/', httpOnly: true, sameSite: 'Lax', secure: false });
    const lasts = (cookie?.expires ?? 0) - Date.now() / 1000;
    expect(Math.abs(lasts - WEEK_SECONDS)).toBeLessThan(60);
    expect(await page.evaluate(() => document.cookie)).toBe('');
    await page.reload();
    expect(await sessionStatus()).toBe(200);

    await context.clearCookies();
    // Another address first: a page is not loaded anew for a fragment alone.
    await page.goto('about:blank');
    expect(await follow(link)).toBe(401);
    const refusal = await page.evaluate(async (token) => {
      const response = await fetch('/api/session', { method: 'POST', body: JSON.stringify({ token }) });
      return (await response.json()) as unknown;
    }, new URL(link).hash.slice(1));
    expect(refusal).toMatchObject({
      error: { code: 'SIGN_IN_LINK_INVALID', reason: 'used', message: expect.stringContaining('used before') },
    });
    expect(await sessionStatus()).toBe(401);
    expect(await context.cookies()).toEqual([]);
  });

  it('ends with signing out', async () => {
    await follow(await server.signInUrl());
    expect(await page.evaluate(async () => (await fetch('/api/session', { method: 'DELETE' })).status)).toBe(204);
    expect(await sessionStatus()).toBe(401);
    expect(await context.cookies()).toEqual([]);
  });

  it('lets nothing run that was put into the page', async () => {
    await follow(await server.signInUrl());
    const refused = await page.evaluate(async () => {
      const directives: string[] = [];
      document.addEventListener('securitypolicyviolation', (event) => directives.push(event.effectiveDirective));
      const script = document.createElement('script');
      script.textContent = 'globalThis.injected = "script"';
      const image = document.createElement('img');
      image.setAttribute('onerror', 'globalThis.injected = "handler"');
      image.src = 'data:,none';
      const elsewhere = document.createElement('img');
      elsewhere.src = 'http://127.0.0.2:9/pixel.png';
      const frame = document.createElement('iframe');
      frame.srcdoc = '<script>parent.injected = "frame"</script>';
      const link = document.createElement('a');
      link.href = 'javascript:globalThis.injected = "link"';
      const base = document.createElement('base');
      base.href = 'http://127.0.0.2:9/';
      document.body.append(script, image, elsewhere, frame, link, base);
      link.click();
      await fetch('http://127.0.0.2:9/').catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { directives, injected: (globalThis as { injected?: string }).injected };
    });
    expect(refused.injected).toBeUndefined();
    expect(refused.directives).toEqual(
      expect.arrayContaining(['script-src-elem', 'script-src-attr', 'img-src', 'connect-src', 'base-uri']),
    );
  });

  it('is of no use to a page on another port of the same host', async () => {
    await follow(await server.signInUrl());
    // With a link of theirs, others could make people write into a library that is not their own.
    const theirs = await server.signInUrl();
    const evil = await serveHtml('<!doctype html><iframe name="hidden"></iframe><p>evil</p>');
    try {
      await page.goto(evil.url);
      const seen = await page.evaluate(
        async ([target, token]) => {
          const write = { method: 'POST', body: '{"content":"forged"}', credentials: 'include' } as const;
          const simple = { ...write, mode: 'no-cors', headers: { 'Content-Type': 'text/plain' } } as const;
          const json = { ...write, headers: { 'Content-Type': 'application/json' } };
          const tries = [
            fetch(`${target}/trpc/notes.create`, simple),
            fetch(`${target}/trpc/notes.create`, json),
            fetch(`${target}/trpc/entities.list`, { credentials: 'include' }),
            fetch(`${target}/trpc/entities.list`, { credentials: 'include', mode: 'no-cors' }),
            fetch(`${target}/api/session`, { ...simple, body: JSON.stringify({ token }) }),
          ];
          const form = document.createElement('form');
          form.method = 'post';
          form.enctype = 'text/plain';
          form.target = 'hidden';
          form.action = `${target}/trpc/notes.create`;
          const field = document.createElement('input');
          field.name = '{"content":"forged';
          field.value = '"}';
          form.append(field);
          document.body.append(form);
          form.submit();
          const script = document.createElement('script');
          script.src = `${target}/trpc/entities.list`;
          const loaded = new Promise<string>((resolve) => {
            script.onload = () => resolve('loaded');
            script.onerror = () => resolve('refused');
          });
          document.body.append(script);
          const results = await Promise.allSettled(tries);
          await new Promise((resolve) => setTimeout(resolve, 300));
          return { results: results.map(({ status }) => status), script: await loaded };
        },
        [server.url, new URL(theirs).hash.slice(1)] as const,
      );
      expect(seen).toEqual({ results: Array.from({ length: 5 }, () => 'rejected'), script: 'refused' });
    } finally {
      evil.server.close();
    }
    expect(await new Client(server.url).query('entities.list', {})).toEqual({ items: [], nextCursor: null });
    // The cookie itself was good all the while: our own page still has it.
    await page.goto(server.url);
    expect(await sessionStatus()).toBe(200);
    expect(await follow(theirs)).toBe(200);
  });
});

async function serveHtml(html: string): Promise<{ server: Server; url: string }> {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(html);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
