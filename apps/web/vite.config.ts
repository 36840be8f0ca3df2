import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Where `pnpm --filter @synap/web dev` finds a running Synap. */
const target = process.env.SYNAP_URL ?? 'http://127.0.0.1:3000';
const proxied = { target, changeOrigin: true, headers: { origin: target } };

export default defineConfig({
  plugins: [react()],
  server: { proxy: { '/trpc': proxied, '/api': proxied, '/files': proxied, '/health': proxied } },
  build: {
    target: 'es2022',
    // The server's Content-Security-Policy allows no data: addresses for scripts and styles; what is small is a file too.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
