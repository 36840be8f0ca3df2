import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/**
 * Who may depend on whom: a package depends on those of the layers above it in this list, and on none of its own.
 * `.oxlintrc.json` says the same of import statements.
 */
const LAYERS: readonly (readonly string[])[] = [
  ['packages/types'],
  ['packages/storage', 'packages/database', 'packages/ai'],
  ['packages/core'],
  ['packages/jobs', 'packages/migration', 'packages/api'],
  ['apps/synap', 'apps/web'],
];

/** A workspace package as its `package.json` and `tsconfig.json` describe it. */
export interface WorkspacePackage {
  readonly name: string;
  /** Relative to the repository, such as `packages/types`. */
  readonly folder: string;
  /** Names of all packages it depends on, of the workspace or not. */
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  /** Folders of the projects its `tsconfig.json` refers to. */
  readonly references: readonly string[];
}

/** A `tsconfig.json` of the root, which has to refer to every package so that all of them are checked. */
export interface RootProject {
  readonly file: string;
  readonly references: readonly string[];
}

/** What is wrong, one sentence each; empty if package.json, project references and the direction agree. */
export function directionFaults(packages: readonly WorkspacePackage[], roots: readonly RootProject[]): string[] {
  return [
    ...packages.flatMap((one) => faultsOf(one, packages)),
    ...roots.flatMap((root) =>
      packages
        .filter((one) => !root.references.includes(one.folder))
        .map((one) => `${root.file} has no reference to ${one.folder}: its types are never checked.`),
    ),
  ];
}

function faultsOf(self: WorkspacePackage, packages: readonly WorkspacePackage[]): string[] {
  const layer = layerOf(self.folder);
  if (layer < 0) return [`${self.folder} has no layer: give it one in scripts/check-directions.ts and .oxlintrc.json.`];

  const folders = (names: readonly string[]) =>
    packages.filter((one) => names.includes(one.name)).map((one) => one.folder);
  const needed = folders(self.dependencies);
  // What only tests need is referred to by the project of the tests.
  const known = [...needed, ...folders(self.devDependencies)];

  return [
    ...[...new Set([...known, ...self.references])]
      .filter((folder) => layerOf(folder) >= layer)
      .map((folder) => `${self.folder} must not depend on ${folder}: that is against the direction.`),
    ...needed
      .filter((folder) => !self.references.includes(folder))
      .map((folder) => `${self.folder}/tsconfig.json has no reference to ${folder}, which package.json depends on.`),
    ...self.references
      .filter((folder) => !known.includes(folder))
      .map((folder) => `${self.folder}/package.json has no dependency on ${folder}, which tsconfig.json refers to.`),
  ];
}

const layerOf = (folder: string): number => LAYERS.findIndex((layer) => layer.includes(folder));

interface PackageJson {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

interface TsConfig {
  readonly references?: readonly { readonly path: string }[];
}

const readJson = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T;

function referencesOf(root: string, file: string): string[] {
  const path = join(root, file);
  if (!existsSync(path)) return [];
  return (readJson<TsConfig>(path).references ?? []).map((one) => relative(root, resolve(dirname(path), one.path)));
}

function readPackages(root: string): WorkspacePackage[] {
  return globSync(['packages/*/package.json', 'apps/*/package.json'], { cwd: root })
    .map((file) => {
      const folder = dirname(file);
      const { name, dependencies = {}, devDependencies = {} } = readJson<PackageJson>(join(root, file));
      return {
        name,
        folder,
        dependencies: Object.keys(dependencies),
        devDependencies: Object.keys(devDependencies),
        references: referencesOf(root, join(folder, 'tsconfig.json')),
      };
    })
    .sort((a, b) => a.folder.localeCompare(b.folder));
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '..');
  const packages = readPackages(root);
  const faults = directionFaults(
    packages,
    ['tsconfig.json', 'tsconfig.test.json'].map((file) => ({ file, references: referencesOf(root, file) })),
  );
  for (const fault of faults) console.error(fault);
  // A folder that was moved would otherwise leave nothing to check, and nothing to complain about.
  if (packages.length === 0) console.error('No packages found.');
  if (faults.length > 0 || packages.length === 0) process.exitCode = 1;
  else console.log(`${packages.length} packages: dependencies, references and direction agree.`);
}
