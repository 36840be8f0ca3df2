import { isSynapError } from '@synap/types';
import { CommanderError } from 'commander';

/** What a command ends with, as the documentation promises. */
export const EXIT = {
  DONE: 0,
  /** The check found something, or the work failed. */
  FAILED: 1,
  /** Wrong usage or configuration. */
  USAGE: 2,
  /** Server or store not reachable. */
  UNREACHABLE: 3,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An end of a command that is no fault of the program: `message` goes to stderr as it is. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.exitCode;
  // Help and version end in an exception as well; every other one of commander's is wrong usage.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.DONE : EXIT.USAGE;
  if (isSynapError(error, 'INVALID_ID', 'VALIDATION_FAILED')) return EXIT.USAGE;
  if (isSynapError(error)) {
    if (error.kind === 'configuration' || error.kind === 'unauthenticated') return EXIT.USAGE;
    if (error.kind === 'unavailable' && error.code !== 'STORAGE_FULL') return EXIT.UNREACHABLE;
  }
  return EXIT.FAILED;
}

/** One line for a person; commander has said its own already. */
export function messageOf(error: unknown): string | undefined {
  if (error instanceof CommanderError) return undefined;
  if (isSynapError(error)) return error.message;
  if (error instanceof CommandError) return error.message;
  const text = error instanceof Error ? error.message : String(error);
  return `unexpected: ${text.replace(/\s*\n\s*/g, ' ')} (LOG_LEVEL=debug shows where)`;
}
