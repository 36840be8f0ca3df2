import { expect, it } from 'vitest';
import { describeInBrowser, openBrowser } from '../support/browser.ts';

describeInBrowser('the browser', () => {
  it('opens', async () => {
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      expect(await page.evaluate(() => document.readyState)).toBe('complete');
    } finally {
      await browser.close();
    }
  });
});
