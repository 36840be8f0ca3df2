/**
 * Texts that are not saved yet, kept in the browser so that they survive a reload. Each belongs to a user: whoever signs
 * in next at the same browser sees their own.
 */

export type DraftStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

export interface DraftStore<Draft> {
  load(): Draft | null;
  /** False if the browser has no room for it: then it is kept by this page alone. */
  save(draft: Draft): boolean;
  clear(): void;
}

/** @param isDraft tells what was stored by an older version, or by hand, from a draft */
export function draftStore<Draft>(
  storage: DraftStorage,
  key: string,
  isDraft: (value: unknown) => value is Draft,
): DraftStore<Draft> {
  return {
    load() {
      try {
        const value: unknown = JSON.parse(storage.getItem(key) ?? 'null');
        return isDraft(value) ? value : null;
      } catch {
        return null;
      }
    },
    save(draft) {
      try {
        storage.setItem(key, JSON.stringify(draft));
        return true;
      } catch {
        // An older state of the text would be worse than none.
        storage.removeItem(key);
        return false;
      }
    },
    clear: () => storage.removeItem(key),
  };
}

export interface CaptureDraft {
  readonly text: string;
  /** Goes with every try to send this text, so that a retry whose first try did arrive makes no second note. */
  readonly idempotencyKey: string;
  /** The text that was sent with the key, if it was: another text needs another key. */
  readonly sent: string | null;
}

function isCaptureDraft(value: unknown): value is CaptureDraft {
  if (typeof value !== 'object' || value === null) return false;
  const { text, idempotencyKey, sent } = value as Record<string, unknown>;
  return typeof text === 'string' && typeof idempotencyKey === 'string' && (sent === null || typeof sent === 'string');
}

export function captureDrafts(storage: DraftStorage, userId: string): DraftStore<CaptureDraft> {
  return draftStore(storage, `synap:capture:${userId}`, isCaptureDraft);
}

/** The draft with what was typed. */
export function withText(draft: CaptureDraft | null, text: string, newKey: () => string): CaptureDraft {
  const keep = draft !== null && (draft.sent === null || draft.sent === text);
  return { text, idempotencyKey: keep ? draft.idempotencyKey : newKey(), sent: keep ? draft.sent : null };
}

export interface EditDraft {
  readonly title: string;
  readonly tags: string;
  readonly content: string;
  /** The version that was being edited. */
  readonly baseVersion: number;
}

function isEditDraft(value: unknown): value is EditDraft {
  if (typeof value !== 'object' || value === null) return false;
  const { title, tags, content, baseVersion } = value as Record<string, unknown>;
  return [title, tags, content].every((text) => typeof text === 'string') && typeof baseVersion === 'number';
}

export function editDrafts(storage: DraftStorage, userId: string, entityId: string): DraftStore<EditDraft> {
  return draftStore(storage, `synap:edit:${userId}:${entityId}`, isEditDraft);
}
