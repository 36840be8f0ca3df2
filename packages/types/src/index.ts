export * from './branded.ts';
export * from './entities.ts';
export * from './enums.ts';
export * from './errors.ts';
export * from './events.ts';
export * from './file-types.ts';
export * from './text.ts';
export * from './value-objects.ts';
