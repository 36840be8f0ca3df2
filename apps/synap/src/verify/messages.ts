import type { Finding, Progress } from '@synap/database';

export const CHECKS = ['events', 'projections', 'content'] as const;
export type Check = (typeof CHECKS)[number];

export interface VerifyOptions {
  readonly checks: readonly Check[];
  /** Read back only so many content objects, chosen at random. */
  readonly sample?: number;
}

/** What a check looked at: events, tables, or content objects. */
export type Counts = Partial<Record<Check, number>>;

/** What a long piece of work finds out; the same whether it runs here or on a server. */
export type Message =
  | { readonly event: 'finding'; readonly finding: Finding }
  | { readonly event: 'verified'; readonly counts: Counts; readonly findings: number }
  /** `indexed`: entities that can be searched anew; `unindexed`: ids of those whose text could not be indexed. */
  | {
      readonly event: 'rebuilt';
      readonly events: number;
      readonly indexed: number;
      readonly unindexed: readonly string[];
    };

export interface Reporter {
  /** A slow receiver holds the work up. If it throws, the work ends. */
  tell(message: Message): Promise<void> | void;
  /** Now and then. If it throws, the work ends. */
  progress(progress: Progress): void;
}
