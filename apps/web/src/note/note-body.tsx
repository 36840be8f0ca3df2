import type { Entity } from '../api/client.ts';
import { NoteText } from '../markdown/note-text.tsx';
import { Failed, Loading } from '../ui/states.tsx';
import { useContent, useLinks } from './queries.ts';
import { withoutTitle } from './without-title.ts';

/** The text of a note. The links are asked for beside it; until they are known, none leads anywhere. */
export function NoteBody({ entity: { id, version, fileSize, title } }: { readonly entity: Entity }) {
  const content = useContent(id, version, fileSize !== null && fileSize > 0);
  const links = useLinks(id, version, fileSize !== null && fileSize > 0);
  if (fileSize === null) return null;
  if (fileSize === 0) return <NoteText source="" links={[]} />;
  if (content.isLoadingError) return <Failed error={content.error} retry={() => void content.refetch()} />;
  if (content.data === undefined || links.isPending) return <Loading />;
  return (
    <>
      {links.isLoadingError && <Failed error={links.error} retry={() => void links.refetch()} />}
      <NoteText source={withoutTitle(content.data, title)} links={links.data ?? []} />
    </>
  );
}
