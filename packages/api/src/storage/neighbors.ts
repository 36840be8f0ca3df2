import type { Neighborhood } from '@initiativ/core';
import type { Entity, EntityId, Relation, RelationId, UserId } from '@synap/types';
import { notFound, type StorageParts } from './parts.ts';

/** More than a person can look at; a vault's index page may well have more. */
const MAX_NODES = 500;
const MAX_EDGES = 2_000;

/** Goes from an entity outwards, one query for each step, until it is far enough or has seen enough. */
export async function readNeighbors(
  { entities, relations }: Pick<StorageParts, 'entities' | 'relations'>,
  id: EntityId,
  userId: UserId,
  depth: number,
): Promise<Neighborhood> {
  const start = await entities.get(userId, id);
  if (!start) throw notFound();
  if (start.entity.deletedAt !== null) return { nodes: [], edges: [], truncated: false };

  const met = new Set<EntityId>([id]);
  const edges = new Map<RelationId, Relation>();
  let truncated = false;
  let frontier: EntityId[] = [id];
  for (let step = 0; step < depth && frontier.length > 0; step++) {
    const found = await relations.around(userId, frontier, MAX_EDGES + 1);
    frontier = [];
    truncated ||= found.length > MAX_EDGES;
    for (const relation of found) {
      if (edges.has(relation.id)) continue;
      const fresh = [relation.sourceId, relation.targetId].filter((end) => !met.has(end));
      if (edges.size >= MAX_EDGES || met.size + fresh.length > MAX_NODES) {
        truncated = true;
        continue;
      }
      edges.set(relation.id, relation);
      for (const end of fresh) {
        met.add(end);
        frontier.push(end);
      }
    }
  }

  const known = new Map<EntityId, Entity>([[id, start.entity]]);
  for (const { entity } of await entities.getMany(userId, [...met])) known.set(entity.id, entity);
  return {
    nodes: [...met].flatMap((one) => known.get(one) ?? []),
    // What was deleted meanwhile takes its relations along.
    edges: [...edges.values()].filter(({ sourceId, targetId }) => known.has(sourceId) && known.has(targetId)),
    truncated,
  };
}
