import { expect, it } from 'vitest';
import { captureDrafts, type DraftStorage, editDrafts, withText } from '../src/ui/drafts.ts';

function memory(full = false): DraftStorage & { readonly items: Map<string, string> } {
  const items = new Map<string, string>();
  return {
    items,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => {
      if (full) throw new DOMException('full', 'QuotaExceededError');
      items.set(key, value);
    },
    removeItem: (key) => void items.delete(key),
  };
}

const draft = { text: 'a', idempotencyKey: 'k', sent: null };

it('keeps a draft for its user alone', () => {
  const storage = memory();
  expect(captureDrafts(storage, 'ann').save(draft)).toBe(true);
  expect(captureDrafts(storage, 'ann').load()).toEqual(draft);
  expect(captureDrafts(storage, 'bob').load()).toBeNull();
  captureDrafts(storage, 'ann').clear();
  expect(captureDrafts(storage, 'ann').load()).toBeNull();
});

it.each(['', 'null', '{', '[]', '{"text":1}', '{"text":"a"}', '"a"'])('takes %j for no draft', (stored) => {
  const storage = memory();
  storage.items.set('synap:capture:ann', stored);
  storage.items.set('synap:edit:ann:1', stored);
  expect(captureDrafts(storage, 'ann').load()).toBeNull();
  expect(editDrafts(storage, 'ann', '1').load()).toBeNull();
});

it('says that there is no room, and keeps no older state instead', () => {
  const storage = memory(true);
  storage.items.set('synap:capture:ann', JSON.stringify(draft));
  expect(captureDrafts(storage, 'ann').save({ ...draft, text: 'ab' })).toBe(false);
  expect(captureDrafts(storage, 'ann').load()).toBeNull();
});

it('keeps the idempotency key until a text was sent, and for a retry of that text', () => {
  const keys = ['k1', 'k2', 'k3'].values();
  const next = () => keys.next().value ?? 'none';
  const first = withText(null, 'a', next);
  const second = withText(first, 'ab', next);
  expect(second).toEqual({ text: 'ab', idempotencyKey: 'k1', sent: null });
  const sent = { ...second, sent: 'ab' };
  expect(withText(sent, 'ab', next)).toEqual(sent);
  expect(withText(sent, 'abc', next)).toEqual({ text: 'abc', idempotencyKey: 'k2', sent: null });
});
