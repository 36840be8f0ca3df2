import { createHash } from 'node:crypto';

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2327; --soft: #5c6870; --paper: #fbfaf7; --card: #ffffff; --line: #e3e0d8;
  --accent: #1f7a5c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8e6; --soft: #9aa5a8; --paper: #15191b; --card: #1c2225;
  --line: #2c3438; --accent: #5cc9a0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
main { max-width: 44rem; margin: 0 auto; padding: 4rem 1.5rem; }
h1 { margin: 0; font-size: 2.25rem; letter-spacing: -0.02em; }
h2 { margin: 2.5rem 0 0.75rem; font-size: 1.1rem; }
p { margin: 0.5rem 0; }
.alive { color: var(--accent); font-weight: 600; }
.soft { color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.4rem 1.5rem; margin: 2rem 0 0; padding: 1.25rem;
  background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem; }
dt { color: var(--soft); }
dd { margin: 0; }
pre { margin: 0.5rem 0; padding: 1rem 1.25rem; overflow-x: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: 0.75rem; font: 0.875rem/1.55 ui-monospace, monospace; }
code { font-family: ui-monospace, monospace; font-size: 0.9em; }
a { color: var(--accent); }
`;

/** The page runs nothing and fetches nothing: its one style is known by its hash. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src data:; ` +
    `base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

export interface PageInfo {
  readonly version: string;
  readonly database: string;
  readonly storage: string;
  /** Where the reader of the page reaches this server. */
  readonly origin: string;
}

const DATABASES: Readonly<Record<string, string>> = {
  pglite: 'embedded PostgreSQL, in the data folder',
  postgres: 'PostgreSQL server',
};
const STORAGES: Readonly<Record<string, string>> = {
  fs: 'files, in the data folder',
  r2: 'R2 or another S3 store',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

/** What is shown where the web app was not built: what runs here and how to begin. It holds nothing that a stranger may not know: no key, no number of notes. */
export function page(info: PageInfo): string {
  const origin = escaped(info.origin);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Synap</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Synap</h1>
<p><span class="alive">Alive</span> <span class="soft">and keeping every version of what you write down.</span></p>
<dl>
<dt>Version</dt><dd>${escaped(info.version)}</dd>
<dt>Database</dt><dd>${escaped(DATABASES[info.database] ?? info.database)}</dd>
<dt>Content</dt><dd>${escaped(STORAGES[info.storage] ?? info.storage)}</dd>
</dl>
<h2>Where is the rest?</h2>
<p>The web app is not built here. Start Synap with <code>npx -y pnpm@12.21.0 start</code>, which builds it.</p>
<h2>Capture your first note</h2>
<p>From the folder in which Synap was started:</p>
<pre>npx -y pnpm@12.21.0 synap capture "Hello, Synap"</pre>
<p>From anywhere, with the API key that the first start showed:</p>
<pre>curl ${origin}/trpc/notes.create \\
  -H "Authorization: Bearer $SYNAP_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"content": "Hello, Synap"}'</pre>
<h2>Look around</h2>
<p><a href="/health"><code>/health</code></a> and <a href="/readyz"><code>/readyz</code></a> tell how this server is.</p>
</main>
</body>
</html>
`;
}
