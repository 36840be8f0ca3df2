import type { Command } from 'commander';
import { findTarget, type Target } from '../client/target.ts';
import { type Config, readConfig } from '../config.ts';
import { callerFolder, loadDotEnv } from '../environment.ts';
import { Output } from '../output.ts';

/** The options that every command has. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly data?: string;
}

const DATA_OPTION = '--data <folder>';

/** Adds `--json` and `--data`, and an example to the help. */
export function describe(command: Command, description: string, examples: readonly string[]): Command {
  return command
    .description(description)
    .option('--json', 'print JSON on stdout and nothing else there')
    .option(DATA_OPTION, "the server's data folder (default: SYNAP_DATA, or ./.synap)")
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ synap ${example}`).join('\n')}`);
}

export function outputOf(options: CommonOptions): Output {
  return new Output(options.json === true);
}

/** The whole configuration, for commands that open stores. @throws {SynapError} `CONFIGURATION_INVALID` */
export function configOf(options: { port?: string; host?: string; data?: string }): Config {
  const folder = callerFolder();
  loadDotEnv(folder);
  return readConfig(process.env, options, folder);
}

/** Where the daily commands go; they need no more of the environment than that, so no more of it can stop them. */
export async function targetOf(options: CommonOptions): Promise<Target> {
  const folder = callerFolder();
  loadDotEnv(folder);
  const { data } = readConfig(
    { SYNAP_DATA: process.env.SYNAP_DATA },
    { ...(options.data && { data: options.data }) },
    folder,
  );
  return findTarget(process.env, data);
}
