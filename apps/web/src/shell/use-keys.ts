import { useEffect, useRef } from 'react';
import { actionOf, isField, type KeyAction, stepped } from './keys.ts';

/** A handler that returns false had nothing to do: the key is left to others. */
export type KeyHandlers = { readonly [Action in KeyAction]?: () => void | false };

/** Runs handlers on keys for as long as the component is there. A dialog that is open has the keyboard to itself. */
export function useKeys(handlers: KeyHandlers): void {
  const latest = useRef(handlers);
  useEffect(() => {
    latest.current = handlers;
  });
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (document.querySelector('[role="dialog"], [role="alertdialog"]')) return;
      const action = actionOf(event, isField(document.activeElement));
      const handler = action && latest.current[action];
      if (handler && handler() !== false) event.preventDefault();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, []);
}

/** Moves the focus among the links of the page's list. */
export function focusInList(step: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>('[data-list-link]')];
  const current = links.findIndex((link) => link === document.activeElement);
  const link = links[stepped(current, step, links.length)];
  link?.focus();
  link?.closest('li')?.scrollIntoView({ block: 'nearest' });
}
