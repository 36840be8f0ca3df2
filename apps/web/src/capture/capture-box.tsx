import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { api } from '../api/client.ts';
import { explain, isReason } from '../api/errors.ts';
import { useUserId } from '../api/session.ts';
import { addToFeed } from '../list/feed-cache.ts';
import { type CaptureDraft, captureDrafts, withText } from '../ui/drafts.ts';
import { isBlank, isHuge, isTooLarge } from '../ui/limits.ts';
import { randomId } from '../ui/random-id.ts';
import { useTab } from '../ui/tab.ts';

/** Where a new note is written. What is in it survives everything but being saved. */
export function CaptureBox() {
  const userId = useUserId();
  const tab = useTab();
  const drafts = useMemo(() => captureDrafts(tab, userId), [tab, userId]);
  const [draft, setDraft] = useState<CaptureDraft | null>(() => drafts.load());
  const [kept, setKept] = useState(() => draft === null || drafts.save(draft));
  const field = useRef<HTMLTextAreaElement>(null);
  const queries = useQueryClient();
  const text = draft?.text ?? '';

  useEffect(() => field.current?.focus(), []);

  // What a tab left that is there no more, if nothing is written here by then.
  useEffect(() => {
    let here = true;
    void tab.open.then((open) => {
      const left = here && drafts.load() === null ? drafts.adopt(open) : null;
      if (!left) return;
      // That tab may have sent it: with its key, a text that is changed from now on would be refused.
      const mine = withText(null, left.text, randomId);
      drafts.save(mine);
      setDraft(mine);
    });
    return () => {
      here = false;
    };
  }, [tab, drafts]);

  const change = (next: CaptureDraft) => {
    setDraft(next);
    if (next.text === '') drafts.clear();
    else setKept(drafts.save(next));
  };

  const save = useMutation({
    mutationFn: ({ text: content, idempotencyKey }: CaptureDraft) =>
      api.notes.create.mutate({ content, idempotencyKey }),
    onError: (error, { text: sent }) => {
      // Another text was sent with the key, by a copy of this tab: this one was not saved.
      if (isReason(error, 'IDEMPOTENCY_KEY_REUSED')) send(withText(null, sent, randomId));
    },
    onSuccess: ({ note }, saved) => {
      addToFeed(queries, note);
      void queries.invalidateQueries({ queryKey: ['tags'] });
      // What was typed while it was being saved belongs to the next note.
      setDraft((current) => {
        const rest = current?.text.startsWith(saved.text)
          ? current.text.slice(saved.text.length).trimStart()
          : current?.text;
        if (!rest) {
          drafts.clear();
          return null;
        }
        const next = withText(null, rest, randomId);
        drafts.save(next);
        return next;
      });
      field.current?.focus();
    },
  });

  const problem = isTooLarge(text) ? 'This is larger than 10 MiB. Split it, or import it as a file.' : null;

  const send = (next: CaptureDraft) => {
    const sending = { ...next, sent: next.text };
    change(sending);
    save.mutate(sending);
  };
  const submit = () => {
    if (isBlank(text) || problem || save.isPending) return;
    send(withText(draft, text, randomId));
  };

  return (
    <form
      className="capture card"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <label htmlFor="capture" className="hidden">
        New note
      </label>
      <textarea
        id="capture"
        ref={field}
        className={isHuge(text) ? undefined : 'grow'}
        rows={3}
        placeholder="What is on your mind?"
        value={text}
        aria-describedby="capture-state"
        aria-invalid={problem !== null}
        onChange={(event) => {
          if (save.isError) save.reset();
          change(withText(draft, event.target.value, randomId));
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          submit();
        }}
      />
      <div className="capture-foot">
        <p id="capture-state" role="status" className={save.isError || problem ? 'bad-text' : 'soft'}>
          {problem ?? captureState(save, kept, text)}
        </p>
        <button type="submit" className="button primary" disabled={isBlank(text) || problem !== null || save.isPending}>
          {save.isError ? 'Try again' : 'Save'}
        </button>
      </div>
    </form>
  );
}

function captureState(
  save: { isPending: boolean; isError: boolean; isSuccess: boolean; error: unknown },
  kept: boolean,
  text: string,
) {
  if (save.isPending) return 'Saving…';
  if (save.isError) return explain(save.error).text;
  if (!kept) return 'Too long to be kept across a reload: save it before you leave.';
  if (save.isSuccess && text === '') return 'Saved.';
  return 'Markdown works. Ctrl + Enter saves.';
}
