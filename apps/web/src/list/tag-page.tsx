import { Page } from '../shell/page.tsx';
import { EntityList } from './entity-list.tsx';

export function TagPage({ tag }: { readonly tag: string }) {
  return (
    <Page title={`#${tag}`}>
      <h1 dir="auto">#{tag}</h1>
      <EntityList query={{ tag }} label={`Tagged ${tag}, newest first`} empty={<p>Nothing has this tag.</p>} />
    </Page>
  );
}
