import { entityId, instantSchema, LIMITS, relationId, taskInputSchema } from '@synap/types';
import { z } from 'zod';

/** Four-digit years from 1 on: the times that both JSON's spelling and PostgreSQL have. */
const EARLIEST = Date.parse('0001-01-01T00:00:00.000Z');
const LATEST = Date.parse('9999-12-31T23:59:59.999Z');

export const instant = instantSchema.refine(
  (value) => Date.parse(value) >= EARLIEST && Date.parse(value) <= LATEST,
  'A time lies between the years 1 and 9999',
);
export const date = instant.transform((value) => new Date(value));

export const taskInput = taskInputSchema.extend({ dueDate: instant.nullable().optional() });

export const entityRef = z.string().transform(entityId);
export const relationRef = z.string().transform(relationId);

/** The largest version that the database can hold. */
export const version = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

export const limit = z.int().min(1).max(100).default(50);
export const cursor = z.string().min(1).max(500);
export const tag = z.string().max(500);
export const page = { cursor: cursor.optional(), limit };

/** Visible ASCII, as the IETF's draft of the header Idempotency-Key has it. */
const idempotencyKey = z
  .string()
  .regex(/^[\x20-\x7e]{1,255}$/, 'An idempotency key has 1 to 255 characters of printable ASCII');

/** What every search asks. Any text is a query; one without a word finds nothing. */
export const searchInput = z.object({
  query: z.string().max(10_000),
  /** Whether the last word is still being typed. */
  prefix: z.boolean().default(false),
  tags: z.array(tag).max(LIMITS.tags).optional(),
  after: date.optional(),
  before: date.optional(),
  limit: z.int().min(1).max(100).default(10),
});

/** Which state of an entity is meant. */
export const entityAt = z
  .object({ id: entityRef, version: version.optional(), at: date.optional() })
  .refine((input) => input.version === undefined || input.at === undefined, {
    path: ['at'],
    message: 'Give a version or an instant, not both',
  });

export const retryable = { idempotencyKey: idempotencyKey.optional() };

/** The idempotency key of an input, with all that the caller asked for. */
export function idempotency<Input extends { readonly idempotencyKey?: string | undefined }>(
  procedure: string,
  input: Input,
) {
  const { idempotencyKey: key, ...asked } = input;
  return key === undefined ? {} : { idempotencyKey: { procedure, key, input: asked } };
}

type Given<Fields> = { [Name in keyof Fields]: Exclude<Fields[Name], undefined> };

/** Without the fields that were not given, which zod's types cannot tell from those that are undefined. */
export function given<Fields extends object>(fields: Fields): Partial<Given<Fields>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<
    Given<Fields>
  >;
}
