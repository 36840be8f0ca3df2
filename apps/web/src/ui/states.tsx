import type { ReactNode } from 'react';
import { explain } from '../api/errors.ts';

export function Loading({ what = 'Loading…' }: { readonly what?: string }) {
  return (
    <p role="status" className="soft loading">
      {what}
    </p>
  );
}

export function Failed({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  return (
    <div role="alert" className="notice bad">
      <p>{explain(error).text}</p>
      {retry && (
        <button type="button" className="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Empty({ children }: { readonly children: ReactNode }) {
  return <div className="empty">{children}</div>;
}
