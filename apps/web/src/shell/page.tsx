import { type ReactNode, useEffect } from 'react';

/** A page's main part, with the document's title. */
export function Page({ title, children, wide = false }: PageProps) {
  useEffect(() => {
    document.title = title === 'Synap' ? title : `${title} · Synap`;
  }, [title]);
  return (
    <main id="main" className={wide ? 'main wide' : 'main'} tabIndex={-1}>
      {children}
    </main>
  );
}

export interface PageProps {
  readonly title: string;
  readonly children: ReactNode;
  readonly wide?: boolean;
}
