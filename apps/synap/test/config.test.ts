import { isSynapError } from '@synap/types';
import { describe, expect, it } from 'vitest';
import { type Environment, isLoopback, readConfig, requireSecretBeyondLoopback, VARIABLES } from '../src/config.ts';

const FOLDER = '/home/somebody';
const SECRET = 'x'.repeat(32);
const R2 = {
  R2_ACCOUNT_ID: 'abc123',
  R2_ACCESS_KEY_ID: 'id',
  R2_SECRET_ACCESS_KEY: 'secret',
  R2_BUCKET_NAME: 'notes',
};
const S3 = {
  S3_ENDPOINT: 'https://s3.example.com',
  R2_ACCESS_KEY_ID: 'id',
  R2_SECRET_ACCESS_KEY: 'secret',
  R2_BUCKET_NAME: 'notes',
};
const INNGEST = { INNGEST_EVENT_KEY: 'event', INNGEST_SIGNING_KEY: 'signing' };
const AI = { AI_BASE_URL: 'https://ai.example.com/v1', AI_MODEL: 'small' };
const GOOGLE = { GOOGLE_CLIENT_ID: 'id', GOOGLE_CLIENT_SECRET: 'secret' };
const GITHUB = { GITHUB_CLIENT_ID: 'id', GITHUB_CLIENT_SECRET: 'secret' };

function read(environment: Environment) {
  return readConfig(environment, {}, FOLDER);
}

function problem(environment: Environment): string {
  try {
    read(environment);
  } catch (error) {
    if (isSynapError(error, 'CONFIGURATION_INVALID')) return error.message;
    throw error;
  }
  return '';
}

function without(environment: Environment, name: string): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([key]) => key !== name));
}

describe('the configuration', () => {
  it('needs nothing', () => {
    expect(read({})).toEqual({ port: 3000, host: '127.0.0.1', data: '/home/somebody/.synap', withoutEffect: [] });
  });

  it('takes a variable that is set to nothing as absent, as in a copied .env.example', () => {
    const blanks = Object.fromEntries(VARIABLES.map((name) => [name, ' ']));
    expect(read(blanks)).toEqual(read({}));
  });

  it('takes the address that browsers know it by, as an origin', () => {
    expect(read({ SYNAP_PUBLIC_URL: 'HTTPS://Notes.example.com:443/' }).publicUrl).toBe('https://notes.example.com');
  });

  it('lets options win over the environment', () => {
    const environment = { PORT: '4000', HOST: 'localhost', SYNAP_DATA: '/elsewhere' };
    const config = readConfig(environment, { port: '0', host: '::1', data: 'here' }, FOLDER);
    expect(config).toMatchObject({ port: 0, host: '::1', data: '/home/somebody/here' });
  });

  const groups: readonly (readonly [string, Environment])[] = [
    ['R2', R2],
    ['S3', S3],
    ['Inngest', INNGEST],
    ['Google', GOOGLE],
    ['GitHub', GITHUB],
    ['AI', AI],
  ];
  for (const [group, whole] of groups) {
    it(`takes the whole group ${group}`, () => {
      expect(problem(whole)).toBe('');
    });
    for (const name of Object.keys(whole)) {
      it(`refuses ${group} without ${name}, by that name`, () => {
        expect(problem(without(whole, name))).toMatch(new RegExp(`\\b${name}\\b[^;]* is missing`));
      });
    }
  }

  const lonely: readonly (readonly [Environment, string])[] = [
    [{ R2_PUBLIC_URL: 'https://files.example.com' }, 'R2_BUCKET_NAME'],
    [{ S3_FORCE_PATH_STYLE: 'true' }, 'R2_ACCESS_KEY_ID'],
    [{ INNGEST_BASE_URL: 'http://localhost:8288' }, 'INNGEST_SIGNING_KEY'],
    [{ AI_API_KEY: 'key' }, 'AI_BASE_URL'],
    [{ ...AI, EMBEDDING_DIMENSIONS: '768' }, 'EMBEDDING_MODEL'],
  ];
  for (const [environment, name] of lonely) {
    it(`refuses ${Object.keys(environment).at(-1)} without ${name}`, () => {
      expect(problem(environment)).toMatch(new RegExp(`\\b${name}\\b[^;]* is missing`));
    });
  }

  const wrong: readonly (readonly [string, string])[] = [
    ['PORT', '65536'],
    ['PORT', 'http'],
    ['PORT', '-1'],
    ['HOST', 'two words'],
    ['SYNAP_OWNER_KEY', 'short'],
    ['SYNAP_OWNER_KEY', `${'x'.repeat(31)} with a space`],
    ['SYNAP_SIGNUP', 'maybe'],
    ['SYNAP_PUBLIC_URL', 'notes.example.com'],
    ['SYNAP_PUBLIC_URL', 'ftp://notes.example.com'],
    ['SYNAP_PUBLIC_URL', 'https://example.com/notes'],
    ['SYNAP_PUBLIC_URL', 'https://user:password@example.com'],
    ['SYNAP_PUBLIC_URL', 'https://example.com/#'],
    ['BETTER_AUTH_SECRET', 'short'],
    ['DATABASE_URL', 'mysql://localhost/notes'],
    ['DATABASE_URL', 'localhost'],
    ['TIMESCALE_URL', 'somewhere'],
    ['REDIS_URL', 'http://localhost'],
    ['LOG_LEVEL', 'loud'],
  ];
  for (const [name, value] of wrong) {
    it(`refuses ${name}=${value}, by that name`, () => {
      expect(problem({ [name]: value })).toContain(`${name} must`);
    });
  }

  it('never says the value of what it refuses: it may be a secret', () => {
    expect(problem({ SYNAP_OWNER_KEY: 'hunter2', DATABASE_URL: 'postgress://u:hunter2@h/d' })).not.toContain('hunter2');
  });

  it('names everything that is wrong at once', () => {
    const text = problem({ PORT: 'x', LOG_LEVEL: 'y', INNGEST_EVENT_KEY: 'z' });
    for (const name of ['PORT', 'LOG_LEVEL', 'INNGEST_SIGNING_KEY']) expect(text).toContain(name);
  });

  it('tells what has no effect yet', () => {
    const { withoutEffect } = read({ ...AI, ...INNGEST, REDIS_URL: 'redis://localhost', ...R2 });
    expect(withoutEffect).toEqual(['INNGEST_EVENT_KEY', 'INNGEST_SIGNING_KEY', 'AI_BASE_URL', 'AI_MODEL', 'REDIS_URL']);
  });
});

describe('listening beyond loopback', () => {
  const hosts: readonly (readonly [string, boolean])[] = [
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['localhost', true],
    ['::1', true],
    ['[::1]', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.0.10', false],
    ['127.0.0.1.example.com', false],
    ['notes.example.com', false],
  ];
  for (const [host, loopback] of hosts) {
    it(`takes ${host} to be ${loopback ? 'this machine only' : 'open to others'}`, () => {
      expect(isLoopback(host)).toBe(loopback);
      const start = () => requireSecretBeyondLoopback(read({ HOST: host }));
      if (loopback) expect(start).not.toThrow();
      else expect(start).toThrow('BETTER_AUTH_SECRET is missing');
      expect(() => requireSecretBeyondLoopback(read({ HOST: host, BETTER_AUTH_SECRET: SECRET }))).not.toThrow();
    });
  }
});
