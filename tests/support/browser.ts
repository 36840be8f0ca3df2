import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { describe } from 'vitest';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Nothing but what the page under test asks for shall happen, and no kernel feature that a container may lack is used. */
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-sync',
  '--metrics-recording-only',
  '--no-first-run',
  '--no-default-browser-check',
];

/** `CHROMIUM_PATH`, or where distributions put it. */
function chromiumPath(): string | undefined {
  return process.env.CHROMIUM_PATH ?? PLACES.find((path) => existsSync(path));
}

/** A suite that needs a browser, which is skipped where there is none and then says why. */
export function describeInBrowser(name: string, tests: () => void): void {
  if (chromiumPath() !== undefined) describe(name, tests);
  else describe.skip(`${name} (needs Chromium: set CHROMIUM_PATH)`, tests);
}

/** A Chromium without a window; the caller closes it. Each `browser.newContext()` is somebody else's. */
export function openBrowser(): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error('There is no Chromium here: set CHROMIUM_PATH.');
  return chromium.launch({ executablePath, args: QUIET });
}
