import { defineConfig } from 'vite';

export default defineConfig({
  // Everything is a file of its own: the page's policy lets nothing inline run.
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: 'es2024' },
});
