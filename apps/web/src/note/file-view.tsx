import { contentUrl, type Entity } from '../api/client.ts';
import { titleOf } from '../list/title.ts';
import { formatSize } from '../ui/format.ts';

const FILE_LABELS = {
  markdown: 'Markdown',
  pdf: 'PDF',
  audio: 'Audio',
  video: 'Video',
  image: 'Image',
  other: 'File',
} as const satisfies Record<NonNullable<Entity['fileType']>, string>;

/** A file: shown where the browser can, and always to be had as it is. */
export function FileView({ entity }: { readonly entity: Entity }) {
  const { fileType, fileSize } = entity;
  if (fileType === null) return <p className="soft">There is no content.</p>;
  const url = contentUrl(entity.id, entity.version);
  return (
    <figure className="file">
      <Preview entity={entity} url={url} />
      <figcaption className="actions">
        <span>
          {FILE_LABELS[fileType]}
          {fileSize !== null && `, ${formatSize(fileSize)}`}
        </span>
        <a className="button small" href={url} target="_blank" rel="noopener noreferrer">
          Open
        </a>
        <a className="button small" href={url} download={titleOf(entity)}>
          Download
        </a>
      </figcaption>
    </figure>
  );
}

function Preview({ entity, url }: { readonly entity: Entity; readonly url: string }) {
  const title = titleOf(entity);
  switch (entity.fileType) {
    case 'image':
      return <img src={url} alt={title} decoding="async" />;
    case 'audio':
      return <audio src={url} controls aria-label={title} preload="metadata" />;
    case 'video':
      return <video src={url} controls aria-label={title} preload="metadata" />;
    default:
      return null;
  }
}
