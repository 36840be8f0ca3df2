import { type KeyboardEvent, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import type { Entity } from '../api/client.ts';
import { explain, isReason } from '../api/errors.ts';
import { hasText } from '../note/queries.ts';
import { notify } from '../shell/toasts.tsx';
import type { EditDraft } from '../ui/drafts.ts';
import { isHuge, isTooLarge, LIMITS } from '../ui/limits.ts';
import { Conflict } from './conflict.tsx';
import { parseTags } from './tags-text.ts';
import { useEdit } from './use-edit.ts';

/** What the server would refuse, told before it is sent. */
export function problemOf({ title, tags, content }: Pick<EditDraft, 'title' | 'tags' | 'content'>): string | null {
  if ([...title.trim()].length > LIMITS.titleCharacters) return 'The title has more than 500 characters. Shorten it.';
  const names = parseTags(tags);
  if (names.length > LIMITS.tags) return 'There are more than 100 tags. Remove some.';
  if (names.some((tag) => [...tag].length > LIMITS.tagCharacters))
    return 'A tag has more than 100 characters. Shorten it.';
  if (isTooLarge(content)) return 'This is larger than 10 MiB. Split it.';
  return null;
}

export function Editor({ entity, content }: { readonly entity: Entity; readonly content: string }) {
  const [, navigate] = useLocation();
  const href = `/notes/${entity.id}`;
  const edit = useEdit(entity, content, () => navigate(href));
  const { draft, dirty, change, save, theirs } = edit;
  const problem = problemOf(draft);
  // What is typed while it is on its way would be in no version.
  const busy = save.isPending;
  const textual = hasText(entity);

  const leave = (title: string | null) => {
    const given = draft;
    edit.discard();
    if (title !== null && dirty) {
      notify({
        title,
        action: {
          label: 'Bring mine back',
          run: () => {
            edit.bringBack(given);
            navigate(`${href}?view=edit`);
          },
        },
      });
    }
    navigate(href);
  };
  const submit = () => {
    if (problem || busy) return;
    if (!dirty) leave(null);
    else if (theirs) edit.keepMine();
    else save.mutate(draft);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    submit();
  };

  return (
    <form
      className="editor"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {edit.restored && !theirs && (
        <div className="notice" role="status">
          <p>
            These are changes that you had not saved
            {edit.restored.baseVersion !== entity.version && `, begun at version ${edit.restored.baseVersion}`}.
          </p>
        </div>
      )}
      {theirs && (
        <Conflict
          mine={draft}
          theirs={theirs}
          busy={busy}
          keepMine={edit.keepMine}
          takeTheirs={() => leave('Took theirs. Your text was put aside.')}
        />
      )}
      <Field label="Title">
        <input
          dir="auto"
          readOnly={busy}
          onKeyDown={onKeyDown}
          value={draft.title}
          onChange={(event) => change({ title: event.target.value })}
        />
      </Field>
      <Field label="Tags, separated by commas">
        <input
          dir="auto"
          readOnly={busy}
          onKeyDown={onKeyDown}
          value={draft.tags}
          onChange={(event) => change({ tags: event.target.value })}
        />
      </Field>
      {textual && (
        <Field label={theirs ? 'Yours: change it until both are in it' : 'Text, in Markdown'}>
          <textarea
            id="editor-text"
            dir="auto"
            className={isHuge(draft.content) ? 'tall' : 'grow tall'}
            value={draft.content}
            spellCheck
            readOnly={busy}
            onKeyDown={onKeyDown}
            onChange={(event) => change({ content: event.target.value })}
          />
        </Field>
      )}
      <div className="editor-foot">
        <p role="status" className={problem || save.isError ? 'bad-text' : 'soft'}>
          {problem ?? stateText(edit)}
        </p>
        <button type="button" className="button" onClick={() => leave('Your changes were put aside.')}>
          {dirty ? 'Discard' : 'Cancel'}
        </button>
        <button type="submit" className="button primary" disabled={problem !== null || busy}>
          {theirs ? 'Keep mine as a new version' : 'Save'}
        </button>
      </div>
    </form>
  );
}

function stateText({ save, kept, dirty, theirs }: ReturnType<typeof useEdit>): string {
  if (save.isPending) return 'Saving…';
  if (save.isError && !(theirs && isReason(save.error, 'VERSION_CONFLICT'))) return explain(save.error).text;
  if (!kept) return 'Too long to be kept across a reload: save it before you leave.';
  return dirty ? 'Not saved yet.' : '';
}

function Field({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <label className="field">
      <span>{label}</span>
      {children}
    </label>
  );
}
