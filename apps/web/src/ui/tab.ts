import { createContext, use } from 'react';
import type { DraftPlace } from './drafts.ts';
import { randomId } from './random-id.ts';

/** What a tab can know of the others of this browser. */
export interface Tab extends DraftPlace {
  /** The ids of the tabs that are open, this one among them. */
  readonly open: Promise<ReadonlySet<string>>;
}

const KEY = 'synap:tab';
/** Milliseconds that the other tabs have for an answer. One that is asleep keeps what is in it all the same. */
const ANSWER_MS = 250;

type Message = { readonly type: 'who' | 'here'; readonly from: string; readonly tab: string };

/**
 * Gives this tab an id that survives a reload. A tab that was duplicated has its original's, which is told by the
 * original's answer; then it takes another. By messages, since locks are missing where the page is not served by HTTPS
 * or this machine.
 * @param session what the browser keeps for this tab alone
 * @param channel to the other tabs
 */
export function openTab(
  storage: DraftPlace['storage'],
  session: Pick<Storage, 'getItem' | 'setItem'>,
  channel: BroadcastChannel,
): Tab {
  // Who speaks, whatever its id.
  const from = randomId();
  let tab = session.getItem(KEY) ?? randomId();
  session.setItem(KEY, tab);
  const others = new Set<string>();
  const say = (type: Message['type']) => channel.postMessage({ type, from, tab } satisfies Message);
  channel.addEventListener('message', ({ data }: MessageEvent<Message>) => {
    if (data.from === from) return;
    if (data.type === 'who') say('here');
    else others.add(data.tab);
  });
  say('who');
  const open = new Promise<ReadonlySet<string>>((resolve) => {
    setTimeout(() => {
      if (others.has(tab)) {
        tab = randomId();
        session.setItem(KEY, tab);
      }
      resolve(new Set([...others, tab]));
    }, ANSWER_MS);
  });
  return { storage, unkept: new Map(), tab: () => tab, open };
}

export const TabContext = createContext<Tab | null>(null);

/** @throws {Error} outside of the app */
export function useTab(): Tab {
  const tab = use(TabContext);
  if (!tab) throw new Error('There is no tab around this.');
  return tab;
}
