import { expect, it } from 'vitest';
import { captureDrafts, type DraftPlace, type DraftStorage, editDrafts, withText } from '../src/ui/drafts.ts';
import { openTab } from '../src/ui/tab.ts';

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
    key: (index) => [...items.keys()][index] ?? null,
    get length() {
      return items.size;
    },
  };
}

/** A tab of a browser with the storage. */
function place(storage: DraftStorage, tab = 't'): DraftPlace {
  return { storage, unkept: new Map(), tab: () => tab };
}

const draft = { text: 'a', idempotencyKey: 'k', sent: null };

it('keeps a draft for its user alone', () => {
  const storage = memory();
  expect(captureDrafts(place(storage), 'ann').save(draft)).toBe(true);
  expect(captureDrafts(place(storage), 'ann').load()).toEqual(draft);
  expect(captureDrafts(place(storage), 'bob').load()).toBeNull();
  captureDrafts(place(storage), 'ann').clear();
  expect(captureDrafts(place(storage), 'ann').load()).toBeNull();
});

it.each(['', 'null', '{', '[]', '{"text":1}', '{"text":"a"}', '"a"'])('takes %j for no draft', (stored) => {
  const storage = memory();
  storage.items.set('synap:capture:ann:t', stored);
  storage.items.set('synap:edit:ann:1:t', stored);
  expect(captureDrafts(place(storage), 'ann').load()).toBeNull();
  expect(editDrafts(place(storage), 'ann', '1').load()).toBeNull();
});

it('says that there is no room, and keeps no older state instead', () => {
  const storage = memory(true);
  storage.items.set('synap:capture:ann:t', JSON.stringify(draft));
  expect(captureDrafts(place(storage), 'ann').save({ ...draft, text: 'ab' })).toBe(false);
  expect(captureDrafts(place(storage), 'ann').load()).toBeNull();
});

it('gives back what there is no room for, as long as the page is there', () => {
  const here = place(memory(true));
  captureDrafts(here, 'ann').save({ ...draft, text: 'ab' });
  expect(captureDrafts(here, 'ann').load()?.text).toBe('ab');
  expect(here.unkept.size).toBe(1);
  captureDrafts(here, 'ann').clear();
  expect(captureDrafts(here, 'ann').load()).toBeNull();
  expect(here.unkept.size).toBe(0);
});

it('keeps a draft for each tab, and takes over only what a closed one left', () => {
  const storage = memory();
  const [one, two, three] = ['one', 'two', 'three'].map((tab) => captureDrafts(place(storage, tab), 'ann'));
  one?.save({ ...draft, text: 'from one' });
  two?.save({ ...draft, text: 'from two' });
  captureDrafts(place(storage, 'one'), 'bob').save({ ...draft, text: 'from bob' });
  two?.clear();
  expect(one?.load()?.text).toBe('from one');
  expect(three?.adopt(new Set(['one', 'three']))).toBeNull();
  expect(three?.adopt(new Set(['two', 'three']))?.text).toBe('from one');
  expect(three?.load()?.text).toBe('from one');
  expect(one?.load()).toBeNull();
  expect(two?.adopt(new Set(['two', 'three']))).toBeNull();
});

it('takes over the draft of a version that kept one for all tabs', () => {
  const storage = memory();
  storage.items.set('synap:capture:ann', JSON.stringify(draft));
  expect(captureDrafts(place(storage), 'ann').adopt(new Set(['t']))).toEqual(draft);
  expect(storage.items.has('synap:capture:ann')).toBe(false);
});

it('knows the other tabs, and tells a copy from its original', async () => {
  const channels: BroadcastChannel[] = [];
  const open = (session: Map<string, string>) => {
    const channel = new BroadcastChannel('drafts-test');
    channels.push(channel);
    const items = { getItem: (key: string) => session.get(key) ?? null, setItem: session.set.bind(session) };
    return openTab(memory(), items as never, channel);
  };
  const session = new Map<string, string>();
  const original = open(session);
  await original.open;
  const other = open(new Map());
  expect(await other.open).toEqual(new Set([original.tab(), other.tab()]));
  const copied = new Map(session);
  const copy = open(copied);
  expect(copy.tab()).toBe(original.tab());
  await copy.open;
  expect(copy.tab()).not.toBe(original.tab());
  expect([...copied.values()]).toEqual([copy.tab()]);
  for (const channel of channels) channel.close();
  // A reload, with nobody left.
  const again = open(session);
  expect(await again.open).toEqual(new Set([original.tab()]));
  channels.at(-1)?.close();
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
