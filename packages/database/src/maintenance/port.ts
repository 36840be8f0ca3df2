/** Something that is not as it should be. */
export interface Finding {
  readonly check: 'events' | 'projections' | 'content';
  /** Stable, for programs. */
  readonly code: string;
  readonly message: string;
  readonly position?: number;
  readonly aggregateId?: string;
  readonly version?: number;
}

export interface Progress {
  readonly check: string;
  readonly done: number;
  /** How many there will be, as far as is known. */
  readonly total: number;
}

export interface MaintenanceOptions {
  readonly onProgress?: (progress: Progress) => void;
}
