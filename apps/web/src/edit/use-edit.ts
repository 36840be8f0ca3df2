import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { api, type Entity } from '../api/client.ts';
import { isReason } from '../api/errors.ts';
import { useUserId } from '../api/session.ts';
import { entityChanged, entityKey } from '../list/feed-cache.ts';
import { hasText } from '../note/queries.ts';
import { type EditDraft, editDrafts } from '../ui/drafts.ts';
import { useTab } from '../ui/tab.ts';
import { formatTags, parseTags } from './tags-text.ts';

/** The state of the entity that somebody else made meanwhile. */
export interface Theirs {
  readonly entity: Entity;
  readonly content: string;
}

function draftOf(entity: Entity, content: string): EditDraft {
  return { title: entity.title ?? '', tags: formatTags(entity.tags), content, baseVersion: entity.version };
}

function sameText(a: EditDraft, b: EditDraft): boolean {
  return a.title === b.title && a.tags === b.tags && a.content === b.content;
}

/** What changed against the state that was edited: the rest is not sent, so that it cannot undo anything. */
function changeOf(draft: EditDraft, from: EditDraft, textual: boolean) {
  return {
    ...(draft.title !== from.title && { title: draft.title.trim() === '' ? null : draft.title }),
    ...(draft.tags !== from.tags && { tags: parseTags(draft.tags) }),
    ...(textual && draft.content !== from.content && { content: draft.content }),
  };
}

/**
 * An edit from its first letter to its being saved. The draft survives a reload; it is written against the version that
 * was seen, and what somebody else saved meanwhile is never overwritten in silence.
 * @param done called with what was saved, if the editor is still there
 */
export function useEdit(entity: Entity, content: string, done: (saved: Entity) => void) {
  const queries = useQueryClient();
  const userId = useUserId();
  const tab = useTab();
  const drafts = useMemo(() => editDrafts(tab, userId, entity.id), [tab, userId, entity.id]);
  const [base] = useState(() => draftOf(entity, content));
  const [restored, setRestored] = useState(() => drafts.load());
  const [draft, setDraft] = useState(restored ?? base);
  const [kept, setKept] = useState(() => restored === null || drafts.save(restored));
  const [theirs, setTheirs] = useState<Theirs | null>(null);
  // What is edited against: the state that was opened, or the one that somebody else made since.
  const from = theirs ? draftOf(theirs.entity, theirs.content) : base;
  const dirty = !sameText(draft, from);

  // What a tab left that is there no more, if nothing is changed here by then.
  const mounted = useRef(true);
  useEffect(() => {
    mounted.current = true;
    void tab.open.then((open) => {
      const left = mounted.current && drafts.load() === null ? drafts.adopt(open) : null;
      if (!left) return;
      setRestored(left);
      setDraft(left);
    });
    return () => {
      mounted.current = false;
    };
  }, [tab, drafts]);

  useEffect(() => {
    if (!dirty) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [dirty]);

  const change = (fields: Partial<EditDraft>) => {
    const next = { ...draft, ...fields };
    setDraft(next);
    if (sameText(next, from)) drafts.clear();
    else setKept(drafts.save(next));
  };

  const save = useMutation({
    mutationFn: (sending: EditDraft) =>
      api.entities.update.mutate({
        id: entity.id,
        expectedVersion: sending.baseVersion,
        ...changeOf(sending, from, hasText(entity)),
      }),
    onSuccess: async (saved, sent) => {
      // Whoever left and came back meanwhile may be writing the next one.
      const stored = drafts.load();
      if (stored && sameText(stored, sent)) drafts.clear();
      await entityChanged(queries, saved);
      if (mounted.current) done(saved);
    },
    onError: async (error, sent) => {
      if (isReason(error, 'VERSION_CONFLICT')) await lookAtTheirs(sent);
    },
  });

  /** Reads what was saved meanwhile. Where I changed nothing, theirs is also mine. */
  const lookAtTheirs = async (mine: EditDraft) => {
    const [newest, seen] = await Promise.all([
      stateOf(await api.entities.get.query({ id: entity.id })),
      stateOf(await api.entities.get.query({ id: entity.id, version: mine.baseVersion })),
    ]);
    const [now, then] = [newest, seen].map((state) => draftOf(state.entity, state.content));
    queries.setQueryData(entityKey(entity.id), newest.entity);
    if (now && then) {
      change({
        ...(mine.title === then.title && { title: now.title }),
        ...(mine.tags === then.tags && { tags: now.tags }),
        ...(mine.content === then.content && { content: now.content }),
      });
    }
    setTheirs(newest);
  };

  return {
    draft,
    dirty,
    kept,
    /** Whether the draft was begun earlier, and against which version. */
    restored,
    theirs,
    change,
    save,
    /** Saves the draft as the version after theirs. */
    keepMine: () => theirs && save.mutate({ ...draft, baseVersion: theirs.entity.version }),
    /** Gives the draft up. */
    discard: () => drafts.clear(),
    /** Brings a draft back that was given up. */
    bringBack: (given: EditDraft) => drafts.save(given),
  };
}

async function stateOf(entity: Entity): Promise<Theirs> {
  if (!hasText(entity) || entity.fileSize === null) return { entity, content: '' };
  const { content } = await api.entities.content.query({ id: entity.id, version: entity.version });
  return { entity, content };
}
