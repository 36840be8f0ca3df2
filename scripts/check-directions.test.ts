import { expect, test } from 'vitest';
import { directionFaults, type WorkspacePackage } from './check-directions.ts';

const types = {
  name: '@synap/types',
  folder: 'packages/types',
  dependencies: ['zod'],
  devDependencies: [],
  references: [],
};
const storage = {
  name: '@synap/storage',
  folder: 'packages/storage',
  dependencies: ['@synap/types'],
  devDependencies: ['miniflare'],
  references: ['packages/types'],
};
const core = {
  name: '@initiativ/core',
  folder: 'packages/core',
  dependencies: ['@synap/types'],
  devDependencies: ['@synap/storage'],
  references: ['packages/types'],
};
const all: readonly WorkspacePackage[] = [types, storage, core];
const root = { file: 'tsconfig.json', references: all.map((one) => one.folder) };

test('says nothing of packages that agree', () => {
  expect(directionFaults(all, [root])).toEqual([]);
});

test.each<[fault: string, planted: WorkspacePackage, complaint: RegExp]>([
  [
    'a dependency without a reference',
    { ...storage, references: [] },
    /^packages\/storage\/tsconfig.json has no reference to packages\/types/,
  ],
  [
    'a reference without a dependency',
    { ...core, devDependencies: [], references: ['packages/types', 'packages/storage'] },
    /^packages\/core\/package.json has no dependency on packages\/storage/,
  ],
  [
    'a dependency against the direction',
    { ...storage, dependencies: ['@synap/types', '@initiativ/core'], references: ['packages/types', 'packages/core'] },
    /^packages\/storage must not depend on packages\/core/,
  ],
  [
    'a dependency of tests against the direction',
    { ...types, devDependencies: ['@synap/storage'] },
    /^packages\/types must not depend on packages\/storage/,
  ],
  [
    'a reference against the direction',
    { ...types, devDependencies: ['@synap/storage'], references: ['packages/storage'] },
    /^packages\/types must not depend on packages\/storage/,
  ],
])('sees %s', (_, planted, complaint) => {
  const packages = all.map((one) => (one.name === planted.name ? planted : one));
  expect(directionFaults(packages, [root])).toEqual([expect.stringMatching(complaint)]);
});

test('sees a dependency on a package of the same layer', () => {
  const database = { ...storage, name: '@synap/database', folder: 'packages/database' };
  const planted = { ...storage, devDependencies: ['@synap/database'] };
  const everywhere = { file: 'tsconfig.json', references: ['packages/types', 'packages/storage', 'packages/database'] };
  expect(directionFaults([types, planted, database], [everywhere])).toEqual([
    expect.stringMatching(/^packages\/storage must not depend on packages\/database/),
  ]);
});

test('sees a package that the direction does not name', () => {
  const stray = { ...storage, name: '@synap/stray', folder: 'packages/stray' };
  const everywhere = { ...root, references: [...root.references, 'packages/stray'] };
  expect(directionFaults([...all, stray], [everywhere])).toEqual([
    expect.stringMatching(/^packages\/stray has no layer/),
  ]);
});

test('sees a package that a root project leaves out', () => {
  const partial = { file: 'tsconfig.test.json', references: ['packages/types', 'packages/core'] };
  expect(directionFaults(all, [root, partial])).toEqual([
    expect.stringMatching(/^tsconfig.test.json has no reference to packages\/storage/),
  ]);
});
