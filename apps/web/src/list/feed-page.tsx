import { Link } from 'wouter';
import { CaptureBox } from '../capture/capture-box.tsx';
import { Page } from '../shell/page.tsx';
import { EntityList } from './entity-list.tsx';

export function FeedPage() {
  return (
    <Page title="Synap">
      <h1 className="hidden">Notes</h1>
      <CaptureBox />
      <EntityList
        query={{}}
        label="Notes, newest first"
        empty={
          <>
            <p>Nothing here yet. Write your first note above,</p>
            <p>
              or <Link href="/import">bring your Markdown files</Link> along.
            </p>
          </>
        }
      />
    </Page>
  );
}
