export type Status = 'ok' | 'warn' | 'fail';

/** One line of the doctor's: what was looked at, how it is, and what to do about it. */
export interface Diagnosis {
  readonly name: string;
  readonly status: Status;
  readonly detail: string;
  /** What to do, if there is something to do. */
  readonly fix?: string;
}

export const ok = (name: string, detail: string): Diagnosis => ({ name, status: 'ok', detail });
export const warn = (name: string, detail: string, fix: string): Diagnosis => ({ name, status: 'warn', detail, fix });
export const fail = (name: string, detail: string, fix: string): Diagnosis => ({ name, status: 'fail', detail, fix });
