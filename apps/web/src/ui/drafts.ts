/**
 * Texts that are not saved yet, kept in the browser so that they survive a reload. Each belongs to a user: whoever signs
 * in next at the same browser sees their own.
 */

export type DraftStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;

export interface DraftStore<Draft> {
  /** That of this tab. */
  load(): Draft | null;
  /** False if the browser has no room for it: then it is kept by this page alone. */
  save(draft: Draft): boolean;
  /** Gives up that of this tab. */
  clear(): void;
  /**
   * Takes over a draft that a tab left which is there no more.
   * @param open ids of the tabs that are open
   */
  adopt(open: ReadonlySet<string>): Draft | null;
}

/** Where the drafts of a tab are: each tab has its own, so that none takes another one's away. */
export interface DraftPlace {
  readonly storage: DraftStorage;
  /** What the browser has no room for, until the page is left. */
  readonly unkept: Map<string, string>;
  /** The id of the tab; another one as soon as it turns out to be a copy of an open one. */
  readonly tab: () => string;
}

/** @param isDraft tells what was stored by an older version, or by hand, from a draft */
export function draftStore<Draft>(
  { storage, unkept, tab }: DraftPlace,
  key: string,
  isDraft: (value: unknown) => value is Draft,
): DraftStore<Draft> {
  const slot = () => `${key}:${tab()}`;
  const read = (stored: string | null | undefined): Draft | null => {
    try {
      const value: unknown = JSON.parse(stored ?? 'null');
      return isDraft(value) ? value : null;
    } catch {
      return null;
    }
  };
  const store: DraftStore<Draft> = {
    load: () => read(unkept.get(slot()) ?? storage.getItem(slot())),
    save(draft) {
      const text = JSON.stringify(draft);
      unkept.delete(slot());
      try {
        storage.setItem(slot(), text);
        return true;
      } catch {
        // An older state of the text would be worse than none.
        storage.removeItem(slot());
        unkept.set(slot(), text);
        return false;
      }
    },
    clear() {
      unkept.delete(slot());
      storage.removeItem(slot());
    },
    adopt(open) {
      for (const found of keysOf(storage)) {
        // Without a tab: by a version that kept one draft for all of them.
        if (found !== key && !(found.startsWith(`${key}:`) && !open.has(found.slice(key.length + 1)))) continue;
        const draft = read(storage.getItem(found));
        if (draft === null) continue;
        storage.removeItem(found);
        store.save(draft);
        return draft;
      }
      return null;
    },
  };
  return store;
}

function keysOf(storage: DraftStorage): string[] {
  return Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? '').sort();
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

export function captureDrafts(place: DraftPlace, userId: string): DraftStore<CaptureDraft> {
  return draftStore(place, `synap:capture:${userId}`, isCaptureDraft);
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

export function editDrafts(place: DraftPlace, userId: string, entityId: string): DraftStore<EditDraft> {
  return draftStore(place, `synap:edit:${userId}:${entityId}`, isEditDraft);
}
