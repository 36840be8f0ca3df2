// What the web page shares with the command line. It runs in the browser: nothing behind it may import more than types.
export { modifiedAt } from './file-time.ts';
export { importPath, type KnownFile, type ListedFile, type PlannedFile, planImport } from './plan.ts';
export { isTooMuch, reasonToRefuse, ZIP_REASONS, type ZipReason } from './zip-rules.ts';
