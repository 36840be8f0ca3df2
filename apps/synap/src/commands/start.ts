import type { Command } from 'commander';
import { requireSecretBeyondLoopback } from '../config.ts';
import { type CommonOptions, configOf, describe, outputOf } from './context.ts';

interface StartOptions extends CommonOptions {
  readonly port?: string;
  readonly host?: string;
}

export function startCommand(program: Command): void {
  describe(program.command('start'), 'Run the server: the API and everything behind it, in one process.', [
    'start',
    'start --port 0 --data /var/lib/synap --json',
  ])
    .option('--port <number>', 'where it listens; 0 for any free port (default: PORT, or 3000)')
    .option('--host <address>', 'on which address (default: HOST, or 127.0.0.1)')
    .action(start);
}

async function start(options: StartOptions): Promise<void> {
  const config = configOf(options);
  requireSecretBeyondLoopback(config);
  // Databases and object stores take a while to load; the daily commands do without.
  const { runServer } = await import('../run-server.ts');
  await runServer(config, outputOf(options));
}
