import { api, type Outputs } from '../api/client.ts';
import { watchedFetch } from '../api/connection.ts';
import { apiErrorOf } from '../api/errors.ts';

export type Known = Outputs['imports']['known'];
export type LinkReport = Outputs['imports']['finish'];

/** What the server did with a file. */
export interface FileResult {
  readonly action: 'unchanged' | 'create' | 'update' | 'moved' | 'conflict';
  readonly entityId: string;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly code?: string;
  readonly message?: string;
}

export interface FileToSend {
  readonly path: string;
  readonly modifiedAt: string;
  readonly sha256: string;
  /** The path that it had. */
  readonly from?: string | undefined;
}

/** What an import needs of the server. */
export interface ImportApi {
  known(source: string, cursor: string | undefined, signal: AbortSignal): Promise<Known>;
  send(source: string, file: FileToSend, bytes: Blob, signal: AbortSignal): Promise<FileResult>;
  finish(source: string, cursor: string | undefined, signal: AbortSignal): Promise<LinkReport>;
}

/** Files of a source whose links are resolved by one request: few enough to see it go on. */
const LINK_PAGE = 200;

export const importApi: ImportApi = {
  known: (source, cursor, signal) =>
    api.imports.known.query({ source, ...(cursor !== undefined && { cursor }) }, { signal }),

  async send(source, { from, ...file }, body, signal) {
    const query = new URLSearchParams({ source, ...file, ...(from !== undefined && { from }) });
    const headers = { 'content-type': 'application/octet-stream' };
    const response = await watchedFetch(`/api/v1/import/file?${query}`, { method: 'PUT', headers, body, signal });
    if (!response.ok) throw await apiErrorOf(response);
    return (await response.json()) as FileResult;
  },

  finish: (source, cursor, signal) =>
    api.imports.finish.mutate({ source, limit: LINK_PAGE, ...(cursor !== undefined && { cursor }) }, { signal }),
};
