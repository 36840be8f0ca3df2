/** What a key does, wherever nobody is typing. */
export const KEYS = {
  search: { key: '/', label: 'Search' },
  capture: { key: 'n', label: 'Write a new note' },
  next: { key: 'j', label: 'Next in the list' },
  previous: { key: 'k', label: 'Previous in the list' },
  edit: { key: 'e', label: 'Edit this note' },
  history: { key: 'h', label: 'History of this note' },
  help: { key: '?', label: 'Show these keys' },
  close: { key: 'Escape', label: 'Close, or leave a field' },
} as const;

export type KeyAction = keyof typeof KEYS;

/** The part of a keyboard event that counts; a real one fits. */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly isComposing: boolean;
  readonly defaultPrevented: boolean;
}

const BY_KEY: ReadonlyMap<string, KeyAction> = new Map(
  Object.entries(KEYS).map(([action, { key }]) => [key, action as KeyAction]),
);

/**
 * What is meant by a key that was pressed, or null. While somebody types, or an input method composes, keys are text.
 * @param typing whether a field has the focus
 */
export function actionOf(press: KeyPress, typing: boolean): KeyAction | null {
  if (press.defaultPrevented || press.isComposing || press.ctrlKey || press.metaKey || press.altKey) return null;
  const action = BY_KEY.get(press.key) ?? null;
  return typing && action !== 'close' ? null : action;
}

const NO_TEXT = new Set(['button', 'checkbox', 'color', 'file', 'image', 'radio', 'range', 'reset', 'submit']);

/** Whether what is typed goes into `element`. */
export function isField(element: Element | null): boolean {
  if (element instanceof HTMLInputElement) return !NO_TEXT.has(element.type);
  if (element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement) return true;
  return element instanceof HTMLElement && element.isContentEditable;
}

/** The index after a step of `j` or `k`; the first or last one from outside the list. */
export function stepped(current: number, step: 1 | -1, count: number): number {
  if (current < 0) return step === 1 ? 0 : count - 1;
  return Math.max(0, Math.min(count - 1, current + step));
}
