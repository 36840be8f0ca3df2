import { resolve } from 'node:path';
import { SynapError } from '@synap/types';
import { z } from 'zod';
import { groupProblems } from './config-groups.ts';

/** The names under which pino knows how much to say. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface S3Config {
  readonly accountId?: string;
  readonly endpoint?: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly bucket: string;
  readonly region?: string;
  readonly forcePathStyle?: boolean;
  readonly publicUrl?: string;
}

/** Everything the environment says, checked. */
export interface Config {
  /** 0 for any free one. */
  readonly port: number;
  readonly host: string;
  /** Where browsers reach this server, if that is not the address it listens on. An origin, without a slash. */
  readonly publicUrl?: string;
  /** Absolute. */
  readonly data: string;
  /** The owner's first API key, if it is not to be generated. */
  readonly ownerKey?: string;
  /** Absent: the embedded database. */
  readonly databaseUrl?: string;
  /** Absent: files under the data folder. */
  readonly s3?: S3Config;
  /** Absent: the one kept in the data folder. */
  readonly secret?: string;
  /** Absent: depends on whether a person is watching. */
  readonly logLevel?: LogLevel;
  /** Names of variables that are set and good, for features that do not exist yet. */
  readonly withoutEffect: readonly string[];
}

/** An environment: `process.env`, or a table in a test. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Overrides {
  readonly port?: string;
  readonly host?: string;
  readonly data?: string;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;

/** True if what listens on `host` can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host.replace(/^\[|\]$/g, ''));
}

function address(protocols: readonly string[], example: string): z.ZodType<string> {
  return z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `must be an address such as ${example}`,
  });
}

const postgres = address(['postgres:', 'postgresql:'], 'postgres://user:password@host:5432/database');
const web = address(['http:', 'https:'], 'https://example.com');
const text = z.string();

const environmentSchema = z.object({
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a number from 0 (any free one) to 65535')
    .transform(Number)
    .refine((port) => port <= 65_535, 'must be a number from 0 (any free one) to 65535')
    .default(3000),
  HOST: z.string().regex(/^\S+$/, 'must be a host name or an IP address').default('127.0.0.1'),
  SYNAP_PUBLIC_URL: web
    .refine((value) => URL.canParse(value) && new URL(value).href === `${new URL(value).origin}/`, {
      error: 'must be an address without a path, such as https://notes.example.com',
    })
    .transform((value) => new URL(value).origin)
    .optional(),
  SYNAP_DATA: text.default('./.synap'),
  SYNAP_OWNER_KEY: z
    .string()
    .regex(/^[\u0021-\u007e]{32,}$/, 'must have at least 32 characters, all of them ASCII and none of them a space')
    .optional(),
  SYNAP_SIGNUP: z.enum(['open', 'closed'], 'must be open or closed').optional(),
  BETTER_AUTH_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  DATABASE_URL: postgres.optional(),
  TIMESCALE_URL: postgres.optional(),
  R2_ACCOUNT_ID: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/, 'must be the account id that Cloudflare shows')
    .optional(),
  R2_ACCESS_KEY_ID: text.optional(),
  R2_SECRET_ACCESS_KEY: text.optional(),
  R2_BUCKET_NAME: text.optional(),
  R2_PUBLIC_URL: web.optional(),
  S3_ENDPOINT: web.optional(),
  S3_REGION: z
    .string()
    .regex(/^[a-z0-9-]+$/, 'must be a region such as eu-central-1')
    .optional(),
  S3_FORCE_PATH_STYLE: z
    .enum(['true', 'false', '1', '0'], 'must be true or false')
    .transform((value) => value === 'true' || value === '1')
    .optional(),
  INNGEST_EVENT_KEY: text.optional(),
  INNGEST_SIGNING_KEY: text.optional(),
  INNGEST_BASE_URL: web.optional(),
  AI_BASE_URL: web.optional(),
  AI_API_KEY: text.optional(),
  AI_MODEL: text.optional(),
  EMBEDDING_MODEL: text.optional(),
  EMBEDDING_DIMENSIONS: z
    .string()
    .regex(/^[1-9]\d{0,4}$/, 'must be a whole number such as 768')
    .transform(Number)
    .optional(),
  REDIS_URL: address(['redis:', 'rediss:'], 'redis://host:6379').optional(),
  GOOGLE_CLIENT_ID: text.optional(),
  GOOGLE_CLIENT_SECRET: text.optional(),
  GITHUB_CLIENT_ID: text.optional(),
  GITHUB_CLIENT_SECRET: text.optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).optional(),
});
type Parsed = z.infer<typeof environmentSchema>;

/** Every variable that Synap reads, apart from the two by which the command line finds a server. */
export const VARIABLES = Object.keys(environmentSchema.shape) as readonly (keyof Parsed)[];

/** What exists as a variable before it exists as a feature. */
const WITHOUT_EFFECT = /^(TIMESCALE_URL|INNGEST_|AI_|EMBEDDING_|REDIS_URL|GOOGLE_|GITHUB_|SYNAP_SIGNUP|R2_PUBLIC_URL)/;

/** Without the variables that are set to nothing, as those of a copied `.env.example` are. */
function withoutBlanks(environment: Environment): Record<string, string> {
  const set = Object.entries(environment).filter((entry): entry is [string, string] => (entry[1] ?? '').trim() !== '');
  return Object.fromEntries(set);
}

function overridden(overrides: Overrides): Environment {
  return { PORT: overrides.port, HOST: overrides.host, SYNAP_DATA: overrides.data };
}

/**
 * Parses the environment once; what it gives is handed down and nothing else looks at `process.env`.
 * @param folder what a relative data folder is relative to
 * @throws {SynapError} `CONFIGURATION_INVALID` that names every variable that is wrong or missing
 */
export function readConfig(environment: Environment, overrides: Overrides, folder: string): Config {
  const set = { ...withoutBlanks(environment), ...withoutBlanks(overridden(overrides)) };
  const parsed = environmentSchema.safeParse(set);
  const problems = [
    ...(parsed.error?.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`) ?? []),
    ...groupProblems(set),
  ];
  if (problems.length > 0 || !parsed.data) {
    throw new SynapError('CONFIGURATION_INVALID', `The configuration is not complete: ${problems.join('; ')}.`);
  }
  return configOf(parsed.data, set, folder);
}

function configOf(parsed: Parsed, set: Environment, folder: string): Config {
  const s3 = s3Of(parsed);
  return {
    port: parsed.PORT,
    host: parsed.HOST,
    ...(parsed.SYNAP_PUBLIC_URL && { publicUrl: parsed.SYNAP_PUBLIC_URL }),
    data: resolve(folder, parsed.SYNAP_DATA),
    ...(parsed.SYNAP_OWNER_KEY && { ownerKey: parsed.SYNAP_OWNER_KEY }),
    ...(parsed.DATABASE_URL && { databaseUrl: parsed.DATABASE_URL }),
    ...(s3 && { s3 }),
    ...(parsed.BETTER_AUTH_SECRET && { secret: parsed.BETTER_AUTH_SECRET }),
    ...(parsed.LOG_LEVEL && { logLevel: parsed.LOG_LEVEL }),
    withoutEffect: VARIABLES.filter((name) => set[name] !== undefined && WITHOUT_EFFECT.test(name)),
  };
}

function s3Of(parsed: Parsed): S3Config | undefined {
  const { R2_ACCESS_KEY_ID, R2_SECRET_ACCESS_KEY, R2_BUCKET_NAME } = parsed;
  // The group was checked: either all of these are there or none.
  if (!R2_ACCESS_KEY_ID || !R2_SECRET_ACCESS_KEY || !R2_BUCKET_NAME) return undefined;
  return {
    accessKeyId: R2_ACCESS_KEY_ID,
    secretAccessKey: R2_SECRET_ACCESS_KEY,
    bucket: R2_BUCKET_NAME,
    ...(parsed.R2_ACCOUNT_ID && { accountId: parsed.R2_ACCOUNT_ID }),
    ...(parsed.S3_ENDPOINT && { endpoint: parsed.S3_ENDPOINT }),
    ...(parsed.S3_REGION && { region: parsed.S3_REGION }),
    ...(parsed.S3_FORCE_PATH_STYLE !== undefined && { forcePathStyle: parsed.S3_FORCE_PATH_STYLE }),
    ...(parsed.R2_PUBLIC_URL && { publicUrl: parsed.R2_PUBLIC_URL }),
  };
}

/**
 * Beyond this machine a generated secret is not enough: whoever copies the data folder could sign addresses of files,
 * and two servers behind one name would not accept each other's.
 * @throws {SynapError} `CONFIGURATION_INVALID`
 */
export function requireSecretBeyondLoopback(config: Config): void {
  if (config.secret || isLoopback(config.host)) return;
  throw new SynapError(
    'CONFIGURATION_INVALID',
    `BETTER_AUTH_SECRET is missing: a server that listens beyond this machine (HOST ${config.host}) needs one of at ` +
      'least 32 characters, for example from: openssl rand -base64 32.',
  );
}
