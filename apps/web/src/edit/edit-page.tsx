import { useState } from 'react';
import type { Entity } from '../api/client.ts';
import { titleOf } from '../list/title.ts';
import { hasText, useContent } from '../note/queries.ts';
import { Page } from '../shell/page.tsx';
import { Failed, Loading } from '../ui/states.tsx';
import { Editor } from './editor.tsx';

/** Waits for the text, then hands over to the editor. What is edited stays what it was, whatever is saved meanwhile. */
export function EditPage({ entity: newest }: { readonly entity: Entity }) {
  const [entity] = useState(newest);
  const textual = hasText(entity);
  const content = useContent(entity.id, entity.version, textual && entity.fileSize !== null);
  const text = !textual || entity.fileSize === null ? '' : content.data;
  return (
    <Page title={`Edit ${titleOf(entity)}`} wide>
      <h1 className="hidden">Edit “{titleOf(entity)}”</h1>
      {content.isError && <Failed error={content.error} retry={() => void content.refetch()} />}
      {text === undefined ? !content.isError && <Loading /> : <Editor key={entity.id} entity={entity} content={text} />}
    </Page>
  );
}
