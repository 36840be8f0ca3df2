import { useEffect } from 'react';

/** The id that the fragment of an address names; null for none, or one that is not well formed. */
export function headingIn(hash: string): string | null {
  try {
    return decodeURIComponent(hash.slice(1)) || null;
  } catch {
    return null;
  }
}

/**
 * Goes to the heading that the address names, which is there only after the note was read and formatted; and again
 * when a link leads to a heading of the note that is open, which is no navigation to the browser.
 */
export function useHeading(): void {
  useEffect(() => {
    const observer = new MutationObserver(() => shown());
    const shown = () => {
      const id = headingIn(location.hash);
      const heading = id === null ? null : document.getElementById(id);
      if (id !== null && !heading) return false;
      heading?.scrollIntoView();
      observer.disconnect();
      return true;
    };
    const go = () => {
      if (!shown()) observer.observe(document.body, { childList: true, subtree: true });
    };
    go();
    // The router tells of it under this name.
    window.addEventListener('pushState', go);
    return () => {
      window.removeEventListener('pushState', go);
      observer.disconnect();
    };
  }, []);
}
