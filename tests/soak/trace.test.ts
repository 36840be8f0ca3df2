import { describe, expect, it } from 'vitest';
import { callsOf, check } from './trace.ts';

const OBJECT = '10 fsync(21</data/objects/.tmp/a>) = 0';
const FOLDER = '11 fsync(22</data/objects/users/u/notes/e>) = 0';
const PARENT = '12 fsync(22</data/objects/users/u/notes>) = 0';
const LOG = '13 fsync(23</data/database/pg_wal/000000010000000000000001>) = 0';
const ANSWER = '10 write(30<TCP:[127.0.0.1:1->127.0.0.1:2]>, "HTTP/1.1 200 OK\\r\\n", 17) = 17';

describe('the check of a system call trace', () => {
  it('passes where all syncs come before the answer', () => {
    expect(() => check([OBJECT, FOLDER, PARENT, LOG, ANSWER].join('\n'), { notes: 1 })).not.toThrow();
  });

  it.each([
    ['the object', [FOLDER, PARENT, LOG, ANSWER, OBJECT]],
    ['the folder of the object', [OBJECT, PARENT, LOG, ANSWER, FOLDER]],
    ['the folder of the entities', [OBJECT, FOLDER, LOG, ANSWER, PARENT]],
    ['the database’s log', [OBJECT, FOLDER, PARENT, ANSWER, LOG]],
  ])('finds an answer that left before %s was synced', (what, lines) => {
    expect(() => check(lines.join('\n'), { notes: 1 })).toThrow(`before ${what} was synced`);
  });

  it('counts a sync from when it is done, and an answer from when it begins', () => {
    const lines = [
      OBJECT,
      FOLDER,
      PARENT,
      '13 fsync(23</data/database/pg_wal/000000010000000000000001> <unfinished ...>',
      '10 write(30<TCP:[]>, "HTTP/1.1 200 OK\\r\\n", 17 <unfinished ...>',
      '13 <... fsync resumed>) = 0',
      '10 <... write resumed>) = 17',
    ];
    expect(callsOf(lines.join('\n')).map((call) => call.name)).toEqual(['fsync', 'fsync', 'fsync', 'write', 'fsync']);
    expect(() => check(lines.join('\n'), { notes: 1 })).toThrow('before the database’s log was synced');
  });

  it('does not take a failed sync for one', () => {
    const failed = LOG.replace('= 0', '= -1 EIO (Input/output error)');
    expect(() => check([OBJECT, FOLDER, PARENT, failed, ANSWER].join('\n'), { notes: 1 })).toThrow('log was synced');
  });

  it('finds that an answer was not seen', () => {
    expect(() => check('', { notes: 1 })).toThrow('0 answers were seen of 1');
  });
});
