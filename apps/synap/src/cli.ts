import { Command } from 'commander';
import { captureCommand } from './commands/capture.ts';
import { doctorCommand } from './commands/doctor.ts';
import { exportCommand } from './commands/export.ts';
import { getCommand } from './commands/get.ts';
import { historyCommand } from './commands/history.ts';
import { importCommand } from './commands/import.ts';
import { keysCommand } from './commands/keys.ts';
import { listCommand } from './commands/list.ts';
import { rebuildCommand } from './commands/rebuild.ts';
import { searchCommand } from './commands/search.ts';
import { signInCommand } from './commands/sign-in.ts';
import { signOutCommand } from './commands/sign-out.ts';
import { startCommand } from './commands/start.ts';
import { uploadCommand } from './commands/upload.ts';
import { verifyCommand } from './commands/verify.ts';
import { exitCodeOf, messageOf } from './exit.ts';
import { tolerateClosedOutput } from './output.ts';
import { synapVersion } from './version.ts';

function createProgram(): Command {
  const program = new Command('synap')
    .description('Keeps what you write down, and every version of it.')
    .version(synapVersion(), '-V, --version')
    .showHelpAfterError('(--help shows how it is used)')
    // Set before the commands are made, because they take it over.
    .exitOverride()
    // So that `get --version 1` is the option of `get`.
    .enablePositionalOptions()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 the check found something or the work failed, 2 wrong usage or configuration, ' +
        '3 server or store not reachable.\n\nExamples:\n  $ synap start\n  $ synap capture "Hello, Synap"',
    );
  startCommand(program);
  captureCommand(program);
  uploadCommand(program);
  getCommand(program);
  historyCommand(program);
  searchCommand(program);
  listCommand(program);
  importCommand(program);
  exportCommand(program);
  verifyCommand(program);
  rebuildCommand(program);
  doctorCommand(program);
  signInCommand(program);
  signOutCommand(program);
  keysCommand(program);
  return program;
}

/** `pnpm start -- --port 3001` hands the separator on, as npm does not; `start` has nothing that could come after one. */
function withoutSeparator(argv: readonly string[]): string[] {
  return argv.filter((word, index) => !(index === 3 && word === '--' && argv[2] === 'start'));
}

/** Runs one command line and sets the exit code; nothing but a second fault ends the process before its time. */
export async function main(argv: readonly string[]): Promise<void> {
  tolerateClosedOutput(argv[2] !== 'start');
  try {
    await createProgram().parseAsync(withoutSeparator(argv));
  } catch (error) {
    const message = messageOf(error);
    if (message !== undefined) process.stderr.write(`synap: ${message}\n`);
    if (process.env.LOG_LEVEL === 'debug' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
