import { Link, useLocation, useSearchParams } from 'wouter';
import type { Entity } from '../api/client.ts';
import { EditPage } from '../edit/edit-page.tsx';
import { HistoryPage } from '../history/history-page.tsx';
import { Tags } from '../list/tags.tsx';
import { titleOf } from '../list/title.ts';
import { Page } from '../shell/page.tsx';
import { useKeys } from '../shell/use-keys.ts';
import { formatExact } from '../ui/format.ts';
import { Failed, Loading } from '../ui/states.tsx';
import { Time } from '../ui/time.tsx';
import { FileView } from './file-view.tsx';
import { Neighbours } from './neighbours.tsx';
import { NoteBody } from './note-body.tsx';
import { hasText, useEntity } from './queries.ts';
import { TaskFields } from './task-fields.tsx';
import { useDelete, useRestore } from './use-deletion.ts';
import { useHeading } from './use-heading.ts';

/** The version that an address asks for; what is no version is none. */
function versionOf(params: URLSearchParams): number | undefined {
  const value = params.get('version') ?? '';
  return /^[1-9]\d{0,8}$/.test(value) ? Number(value) : undefined;
}

export function NotePage({ id }: { readonly id: string }) {
  const [params] = useSearchParams();
  const version = versionOf(params);
  const newest = useEntity(id);
  const asked = useEntity(id, version ?? undefined);
  const entity = asked.data;

  // What is there stays, whatever becomes of reading it again: somebody may be writing in it.
  if (newest.isLoadingError || asked.isLoadingError) {
    const failed = newest.isLoadingError ? newest : asked;
    return (
      <Page title="Not found">
        <h1>Nothing to show</h1>
        <Failed error={failed.error} retry={() => void failed.refetch()} />
      </Page>
    );
  }
  if (!entity || !newest.data) {
    return (
      <Page title="Synap">
        <Loading />
      </Page>
    );
  }
  const view = params.get('view');
  if (view === 'edit' && newest.data.deletedAt === null) return <EditPage entity={newest.data} />;
  if (view === 'history') return <HistoryPage entity={newest.data} />;
  return <ReadPage entity={entity} newest={newest.data} />;
}

function ReadPage({ entity, newest }: { readonly entity: Entity; readonly newest: Entity }) {
  const title = titleOf(entity);
  const past = entity.version !== newest.version;
  useHeading();
  return (
    <Page title={title}>
      <article className="note">
        {past && <PastBanner entity={entity} newest={newest} />}
        {newest.deletedAt !== null && <DeletedBanner entity={newest} />}
        <header className="note-head">
          <h1 className={entity.title === null && hasText(entity) ? 'hidden' : undefined} dir="auto">
            {title}
          </h1>
          <p className="soft note-meta">
            {entity.path && <span className="path">{entity.path}</span>}
            <span>
              Changed <Time at={entity.updatedAt} />
            </span>
            <Link href={`/notes/${entity.id}?view=history`}>Version {entity.version}</Link>
          </p>
          <Tags tags={entity.tags} />
          {!past && newest.deletedAt === null && <Actions entity={entity} />}
        </header>
        {entity.task && <TaskFields entity={entity} readOnly={past || newest.deletedAt !== null} />}
        {hasText(entity) ? <NoteBody entity={entity} /> : <FileView entity={entity} />}
      </article>
      {newest.deletedAt === null && <Neighbours id={entity.id} />}
    </Page>
  );
}

function Actions({ entity }: { readonly entity: Entity }) {
  const [, navigate] = useLocation();
  const remove = useDelete();
  const edit = `/notes/${entity.id}?view=edit`;
  const history = `/notes/${entity.id}?view=history`;
  useKeys({ edit: () => navigate(edit), history: () => navigate(history) });
  return (
    <div className="actions">
      <Link className="button" href={edit}>
        Edit
      </Link>
      <Link className="button" href={history}>
        History
      </Link>
      <button type="button" className="button danger" disabled={remove.isPending} onClick={() => remove.mutate(entity)}>
        Delete
      </button>
    </div>
  );
}

function PastBanner({ entity, newest }: { readonly entity: Entity; readonly newest: Entity }) {
  const restore = useRestore();
  return (
    <div className="notice" role="note">
      <p>
        This is version {entity.version} of {newest.version}, as it was on {formatExact(entity.updatedAt)}.
      </p>
      <div className="actions">
        <Link className="button small" href={`/notes/${entity.id}`}>
          Show the newest
        </Link>
        <button
          type="button"
          className="button small"
          disabled={restore.isPending}
          onClick={() => restore.mutate({ entity: newest, version: entity.version })}
        >
          Restore this version
        </button>
      </div>
      {restore.isError && <Failed error={restore.error} />}
    </div>
  );
}

function DeletedBanner({ entity }: { readonly entity: Entity }) {
  const restore = useRestore();
  return (
    <div className="notice" role="note">
      <p>This was deleted{entity.deletedAt && ` on ${formatExact(entity.deletedAt)}`}. All its versions are kept.</p>
      <button
        type="button"
        className="button small"
        disabled={restore.isPending}
        onClick={() => restore.mutate({ entity })}
      >
        Restore
      </button>
      {restore.isError && <Failed error={restore.error} />}
    </div>
  );
}
