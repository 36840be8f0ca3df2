import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { DataFolder } from '../data-folder.ts';
import { type Diagnosis, ok } from '../doctor/report.ts';
import { EXIT } from '../exit.ts';
import type { Output } from '../output.ts';
import { type CommonOptions, configOf, describe, outputOf } from './context.ts';

export function doctorCommand(program: Command): void {
  describe(
    program.command('doctor'),
    'Look at the database, the storage and the configuration; say what is used, why, and what to fix. Exit code 1 if ' +
      'something fails.',
    ['doctor', 'doctor --json'],
  ).action(doctor);
}

async function doctor(options: CommonOptions): Promise<void> {
  const output = outputOf(options);
  const config = configOf(options);
  if (config.databaseUrl === undefined && !new DataFolder(config.data).hasDatabase) {
    await beforeTheFirstStart(config, output);
  } else {
    await look(config, output);
  }
}

/** A look must not make a library; so what the first start will do is tried in a folder that goes away again. */
async function beforeTheFirstStart(config: Config, output: Output): Promise<void> {
  show(ok('library', `none in ${config.data} yet; tried in a temporary folder`), output);
  const data = await mkdtemp(join(tmpdir(), 'synap-doctor-'));
  try {
    await look({ ...config, data }, output);
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

async function look(config: Config, output: Output): Promise<void> {
  const { onStoresOrServer } = await import('../maintenance.ts');
  const { examine } = await import('../doctor/examine.ts');
  await onStoresOrServer(
    config,
    async (stores) => {
      for await (const diagnosis of examine(stores, config)) show(diagnosis, output);
    },
    { path: 'doctor', receive: (line) => show(line as Diagnosis, output) },
    { migrate: config.databaseUrl === undefined },
  );
}

function show(diagnosis: Diagnosis, output: Output): void {
  const { name, status, detail, fix } = diagnosis;
  output.item(diagnosis);
  output.line(`${status.padEnd(4)}  ${name}: ${detail}`);
  if (fix !== undefined && status !== 'ok') output.line(`      -> ${fix}`);
  if (status === 'fail') process.exitCode = EXIT.FAILED;
}
