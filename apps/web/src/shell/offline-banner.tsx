import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { connection } from '../api/connection.ts';

/** Shown while the server does not answer; when it does again, what failed meanwhile is read again. */
export function OfflineBanner() {
  const queries = useQueryClient();
  const online = useSyncExternalStore(connection.subscribe, () => connection.online);
  const before = useRef(online);
  useEffect(() => {
    if (online && !before.current) void queries.invalidateQueries();
    before.current = online;
  }, [online, queries]);
  return (
    <div role="status">
      {!online && (
        <p className="offline">Synap does not answer. Trying again… What you write is kept in this browser.</p>
      )}
    </div>
  );
}
