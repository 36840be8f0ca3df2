import { SynapError } from '@synap/types';
import { z } from 'zod';

/** Where a page ended, in the order newest first, then by id. */
export interface Cursor {
  readonly createdAt: string;
  readonly id: string;
}

const shape = z.tuple([z.iso.datetime(), z.uuid()]);

export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify([cursor.createdAt, cursor.id])).toString('base64url');
}

/** @throws {SynapError} `VALIDATION_FAILED` */
export function decodeCursor(text: string): Cursor {
  try {
    const [createdAt, id] = shape.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    return { createdAt, id };
  } catch (cause) {
    throw new SynapError('VALIDATION_FAILED', 'That is not a cursor of a list. Begin again without one.', { cause });
  }
}

/** A page from one row more than it holds, by which one sees whether another follows. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => Cursor,
  itemOf: (row: Row) => Item,
): { items: Item[]; nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return { items: page.map(itemOf), nextCursor: last ? encodeCursor(cursorOf(last)) : null };
}
