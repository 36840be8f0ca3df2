import { parseArgs } from 'node:util';
import { benchAppend } from './append.ts';
import { benchFiles } from './files.ts';
import { benchImport } from './import.ts';
import { benchNotes } from './notes.ts';
import { benchSearch } from './search.ts';
import { benchVault } from './vault.ts';

const USAGE = `pnpm bench [append] [notes] [files] [vault FOLDER] [import FOLDER] [search]
  append         appends with projections beside raw INSERTs; PostgreSQL too if BENCH_DATABASE_URL is set (fsync on!)
  notes          100 clients in a closed loop on notes.create for 60 s   (--connections N, --seconds N)
  files          one large file up and down, and what it adds to the server's memory   (--mebibytes N)
  vault FOLDER   every Markdown file of a folder captured and read back, beside the same files written by hand
  import FOLDER  import, import again and export through the command line, compared byte for byte, links counted anew
  search         how good and how quick the search is; PostgreSQL if BENCH_DATABASE_URL is set
                 (--cranfield DIR, --vault DIR, --sizes 6600,100000; 0 for no synthetic notes)
Without a name: append and notes. Results: bench/results/.`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean' },
    connections: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '60' },
    mebibytes: { type: 'string', default: '500' },
    cranfield: { type: 'string' },
    vault: { type: 'string' },
    sizes: { type: 'string', default: '6600,100000' },
  },
});
const names = positionals.length > 0 ? positionals : ['append', 'notes'];
const connections = Number(values.connections);
const seconds = Number(values.seconds);
const sizes = values.sizes
  .split(',')
  .map(Number)
  .filter((size) => size > 0);

if (values.help || !(connections > 0) || !(seconds > 0)) usage(values.help ? 0 : 2);
for (let index = 0; index < names.length; index++) {
  if (names[index] === 'append') await benchAppend();
  else if (names[index] === 'files') await benchFiles(Number(values.mebibytes));
  else if (names[index] === 'notes') {
    await benchNotes({ connections, seconds, databaseUrl: process.env.BENCH_DATABASE_URL });
  } else if (names[index] === 'search') {
    const { cranfield, vault } = values;
    await benchSearch({ cranfield, vault, sizes, databaseUrl: process.env.BENCH_DATABASE_URL });
  } else if (names[index] === 'vault' && names[index + 1] !== undefined) await benchVault(names[++index] ?? '');
  else if (names[index] === 'import' && names[index + 1] !== undefined) await benchImport(names[++index] ?? '');
  else usage(2);
}

function usage(code: number): never {
  process.stderr.write(`${USAGE}\n`);
  process.exit(code);
}
