import { useQuery } from '@tanstack/react-query';
import { api } from '../api/client.ts';

export function useTags() {
  return useQuery({ queryKey: ['tags'], queryFn: ({ signal }) => api.tags.list.query(undefined, { signal }) });
}
