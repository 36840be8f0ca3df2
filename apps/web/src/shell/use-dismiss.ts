import { type RefObject, useEffect } from 'react';

/** Closes a `details` that hovers over the page when somebody presses Escape, or goes on outside of it. */
export function useDismiss(details: RefObject<HTMLDetailsElement | null>): void {
  useEffect(() => {
    const outside = ({ target }: Event) => {
      const { current } = details;
      if (!current?.open || !(target instanceof Element)) return;
      // A dialog that was opened from it gives the focus back to it.
      if (!current.contains(target) && !target.closest('[role="dialog"]')) current.open = false;
    };
    const escape = (event: KeyboardEvent) => {
      const { current } = details;
      if (event.key !== 'Escape' || event.defaultPrevented || !current?.open) return;
      if (document.querySelector('[role="dialog"]')) return;
      event.preventDefault();
      current.open = false;
      current.querySelector('summary')?.focus();
    };
    // Before the keys of the page, for which Escape means something else.
    document.addEventListener('keydown', escape, { capture: true });
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    return () => {
      document.removeEventListener('keydown', escape, { capture: true });
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
    };
  }, [details]);
}
