-- The write path in fewer and cheaper steps: a group is taken out of its JSON and looked up in one pass, which gives the
-- events that win as one array; log and projections are written from that array, where they read the log again. Where
-- entities come from (0007) and what they are found by (0008) is written in the same transaction from here on.

-- An event as it is written: a row of `events`, and what stands beside it. `hidden` are its private fields.
CREATE TYPE appended AS (
  position bigint,
  recorded_at timestamptz,
  timestamp timestamptz,
  id uuid,
  aggregate_id uuid,
  aggregate_type text,
  event_type text,
  schema_version smallint,
  user_id text,
  data jsonb,
  metadata jsonb,
  version integer,
  causation_id uuid,
  correlation_id uuid,
  source text,
  event_hash bytea,
  chain bytea,
  salt bytea,
  hidden jsonb,
  procedure text,
  idempotency_key text,
  input_hash bytea
);

-- What an event does to the projections: 1 makes an entity, 2 changes one, 4 sets its task, 8 its tags, 32 its origin;
-- 16 is about a relation. Other events than these, a user's own above all, may have a `task` or `tags` as well.
CREATE FUNCTION effects(event_type text, data jsonb, hidden jsonb) RETURNS integer
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$
    SELECT CASE
      WHEN event_type = 'entity.created' THEN
        1 + CASE WHEN data ->> 'type' = 'task' THEN 4 ELSE 0 END
          + CASE WHEN jsonb_array_length(hidden -> 'tags') > 0 THEN 8 ELSE 0 END
          + CASE WHEN hidden ? 'origin' THEN 32 ELSE 0 END
      WHEN changes_entity(event_type) THEN
        2 + CASE WHEN data -> 'task' ? 'status' THEN 4 ELSE 0 END + CASE WHEN hidden ? 'tags' THEN 8 ELSE 0 END
          + CASE WHEN hidden ? 'origin' THEN 32 ELSE 0 END
      WHEN event_type IN ('relation.created', 'relation.deleted') THEN 16
      ELSE 0
    END
  $$;

-- What events do to the state. No two of them belong to one stream (else the second would not see the first). `effects`
-- is what they do altogether, the bits of effects(). The tables are those of the schema that is first in the search path.
CREATE FUNCTION project_events(list appended[], effects integer) RETURNS void LANGUAGE plpgsql AS $project$
#variable_conflict use_column
BEGIN
  -- What a group has not, it does not pay for.
  IF effects & 1 > 0 THEN
    INSERT INTO entities (id, user_id, type, title, preview, tags, path, file_url, file_path, file_size, file_type,
                          checksum, version, position, created_at, updated_at)
    SELECT aggregate_id, user_id, data ->> 'type', hidden ->> 'title', coalesce(hidden ->> 'preview', ''),
           CASE WHEN jsonb_array_length(hidden -> 'tags') > 0
                THEN ARRAY(SELECT jsonb_array_elements_text(hidden -> 'tags')) ELSE '{}' END,
           hidden ->> 'path', '/api/v1/entities/' || aggregate_id || '/content', data ->> 'key',
           (hidden ->> 'size')::bigint, data ->> 'fileType', hidden ->> 'checksum', version, position, timestamp,
           timestamp
    FROM unnest(list) AS e
    WHERE event_type = 'entity.created';
  END IF;

  IF effects & 2 > 0 THEN
    INSERT INTO entity_history (id, version, user_id, type, title, preview, tags, path, file_path, file_size, file_type,
                                checksum, status, priority, due_date, completed_at, position, created_at, updated_at,
                                deleted_at, valid_to)
    SELECT t.id, t.version, t.user_id, t.type, t.title, t.preview, t.tags, t.path, t.file_path, t.file_size, t.file_type,
           t.checksum, d.status, d.priority, d.due_date, d.completed_at, t.position, t.created_at, t.updated_at,
           t.deleted_at, e.timestamp
    FROM unnest(list) AS e JOIN entities t ON t.id = e.aggregate_id LEFT JOIN task_details d ON d.entity_id = t.id
    WHERE changes_entity(event_type);

    UPDATE entities t SET
      title = CASE WHEN hidden ? 'title' THEN hidden ->> 'title' ELSE t.title END,
      preview = coalesce(hidden ->> 'preview', t.preview),
      tags = CASE WHEN hidden ? 'tags' THEN ARRAY(SELECT jsonb_array_elements_text(hidden -> 'tags')) ELSE t.tags END,
      path = CASE WHEN hidden ? 'path' THEN hidden ->> 'path' ELSE t.path END,
      file_path = CASE WHEN data ? 'key' THEN data ->> 'key' ELSE t.file_path END,
      file_size = CASE WHEN hidden ? 'size' THEN (hidden ->> 'size')::bigint ELSE t.file_size END,
      file_type = CASE WHEN data ? 'fileType' THEN data ->> 'fileType' ELSE t.file_type END,
      checksum = CASE WHEN hidden ? 'checksum' THEN hidden ->> 'checksum' ELSE t.checksum END,
      version = e.version,
      position = e.position,
      updated_at = e.timestamp,
      deleted_at = CASE event_type WHEN 'entity.deleted' THEN e.timestamp WHEN 'entity.restored' THEN NULL
                   ELSE t.deleted_at END
    FROM unnest(list) AS e
    WHERE changes_entity(event_type) AND t.id = e.aggregate_id;
  END IF;

  IF effects & 4 > 0 THEN
    INSERT INTO task_details AS t (entity_id, user_id, status, priority, due_date, completed_at, position)
    SELECT aggregate_id, user_id, d ->> 'status', (d ->> 'priority')::integer, (d ->> 'dueDate')::timestamptz,
           (d ->> 'completedAt')::timestamptz, position
    FROM unnest(list) AS e, LATERAL (SELECT data -> 'task' AS d) x
    WHERE d ? 'status'
      AND (changes_entity(event_type) OR event_type = 'entity.created' AND data ->> 'type' = 'task')
    ON CONFLICT (entity_id) DO UPDATE SET status = excluded.status, priority = excluded.priority,
      due_date = excluded.due_date, completed_at = excluded.completed_at, position = excluded.position;
  END IF;

  IF effects & 8 > 0 THEN
    INSERT INTO tags AS t (id, user_id, name, created_at)
    SELECT tag_id(e.user_id, n.name), e.user_id, n.name, min(e.timestamp)
    FROM unnest(list) AS e, jsonb_array_elements_text(hidden -> 'tags') AS n(name)
    WHERE (event_type = 'entity.created' OR changes_entity(event_type))
      AND NOT EXISTS (SELECT FROM tags o WHERE o.id = tag_id(e.user_id, n.name) AND o.created_at <= e.timestamp)
    GROUP BY e.user_id, n.name
    -- A rebuild may meet the events of different streams in another order than they came in.
    ON CONFLICT (id) DO UPDATE SET created_at = least(t.created_at, excluded.created_at);

    DELETE FROM entity_tags t USING unnest(list) AS e
    WHERE changes_entity(event_type) AND hidden ? 'tags' AND t.entity_id = e.aggregate_id;

    INSERT INTO entity_tags (entity_id, tag_id, user_id)
    SELECT aggregate_id, tag_id(e.user_id, n.name), e.user_id
    FROM unnest(list) AS e, jsonb_array_elements_text(hidden -> 'tags') AS n(name)
    WHERE (event_type = 'entity.created' OR changes_entity(event_type))
    -- An event may name a tag twice.
    ON CONFLICT DO NOTHING;
  END IF;

  IF effects & 16 > 0 THEN
    INSERT INTO relations (id, user_id, source_entity_id, target_entity_id, type, position, created_at)
    SELECT aggregate_id, user_id, (data ->> 'sourceId')::uuid, (data ->> 'targetId')::uuid, data ->> 'type', position,
           timestamp
    FROM unnest(list) AS e
    WHERE event_type = 'relation.created';

    DELETE FROM relations r USING unnest(list) AS e
    WHERE event_type = 'relation.deleted' AND r.id = e.aggregate_id;
  END IF;

  IF effects & 32 > 0 THEN
    INSERT INTO entity_origins AS t (entity_id, user_id, source, path, name, checksum, modified_at, version, position)
    SELECT aggregate_id, user_id, o ->> 'source', o ->> 'path', fold_name(regexp_replace(o ->> 'path', '^.*/', '')),
           o ->> 'checksum', (o ->> 'modifiedAt')::timestamptz, version, position
    FROM unnest(list) AS e, LATERAL (SELECT hidden -> 'origin' AS o) x
    WHERE hidden ? 'origin' AND (event_type = 'entity.created' OR changes_entity(event_type))
    ON CONFLICT (entity_id) DO UPDATE SET source = excluded.source, path = excluded.path, name = excluded.name,
      checksum = excluded.checksum, modified_at = excluded.modified_at, version = excluded.version,
      position = excluded.position;
  END IF;
END
$project$;

-- Items and answers are as 0003 describes them, but for these: an item may have an `index` (index_content() of 0008), and
-- aggregate_id and event_id are told where they are not the item's own.
CREATE OR REPLACE FUNCTION append_events(items jsonb)
RETURNS TABLE (n integer, status text, version integer, "position" bigint, recorded_ms bigint,
               aggregate_id uuid, event_id uuid)
LANGUAGE plpgsql
SET search_path = synap, public
-- The plans look up a handful of rows by key, in tables that may have been empty when they were planned.
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
AS $append$
#variable_conflict use_column
DECLARE
  head log_head;
  now_ timestamptz;
  now_ms bigint;
  item record;
  first event_ids;
  list appended[];
  won integer := 0;
  effects integer := 0;
  -- Of every item its position, or NULL where it did not win.
  placed bigint[] := '{}';
BEGIN
  SET LOCAL ROLE synap_writer;

  -- From here to the end of the transaction nobody else appends: what is read below stays true. Not the lock of the head's
  -- row, for whoever waited for that looks at the row a second time, and it is written once more.
  PERFORM pg_advisory_xact_lock(hashtext('synap.log'));
  SELECT * INTO head FROM log_head;
  now_ := greatest(date_trunc('milliseconds', clock_timestamp()), head.recorded_at);
  now_ms := extract(epoch FROM now_) * 1000;

  FOR item IN
    SELECT n, id, "aggregateId", "aggregateType", "eventType", "schemaVersion", "userId", data, metadata, "causationId",
           "correlationId", source, decode(hash, 'base64') AS hash, coalesce("timestamp", now_) AS timestamp,
           decode(salt, 'base64') AS salt, private, procedure, key, input_hash, coalesce((stream).version, 0) AS version,
           -- The idempotency key decides where both are found.
           CASE WHEN (same_key).event_id IS NULL THEN same_id ELSE same_key END AS first,
           CASE
             WHEN (same_key).input_hash <> input_hash THEN 'reused'
             WHEN (same_key).event_id IS NOT NULL THEN 'duplicate'
             WHEN (same_id).user_id <> "userId" THEN 'denied'
             WHEN (same_id).event_id IS NOT NULL THEN 'duplicate'
             WHEN (stream).user_id <> "userId" THEN 'denied'
             WHEN expected = -1 THEN 'ok'
             WHEN expected = -3 AND (stream).version > 0 THEN 'ok'
             WHEN expected IN (-2, 0) AND (stream).version IS NULL THEN 'ok'
             WHEN expected = (stream).version THEN 'ok'
             ELSE 'conflict'
           END AS status
    FROM (
      SELECT i.*, decode("inputHash", 'base64') AS input_hash,
        -- Subqueries, because a join might be planned to read the whole table.
        (SELECT s FROM event_streams s WHERE s.aggregate_id = "aggregateId") AS stream,
        -- What was written before under the same event id or idempotency key.
        (SELECT f FROM event_ids f WHERE f.event_id = i.id) AS same_id,
        CASE WHEN i.key IS NOT NULL THEN
          (SELECT f FROM event_ids f
           WHERE f.user_id = "userId" AND f.procedure = i.procedure AND f.idempotency_key = i.key)
        END AS same_key
      FROM jsonb_to_recordset(items) AS i(n integer, id uuid, "aggregateId" uuid, "aggregateType" text,
        "eventType" text, "schemaVersion" smallint, "userId" text, data jsonb, metadata jsonb, "causationId" uuid,
        "correlationId" uuid, source text, hash text, salt text, private jsonb, "timestamp" timestamptz, expected integer,
        procedure text, key text, "inputHash" text)
      -- A fence: each lookup is done once and not wherever its result is used.
      OFFSET 0
    ) i
  LOOP
    n := item.n;
    status := item.status;
    IF status = 'ok' THEN
      version := item.version + 1;
      position := head.position + 1;
      recorded_ms := now_ms;
      head.position := position;
      head.chain := sha256(head.chain || item.hash || int8send(position) || int4send(version) || int8send(now_ms)
                           || int8send((extract(epoch FROM item.timestamp) * 1000)::bigint));
      won := won + 1;
      placed := placed || position;
      list[won] := ROW(position, now_, item.timestamp, item.id, item."aggregateId", item."aggregateType",
        item."eventType", item."schemaVersion", item."userId", item.data, item.metadata, version, item."causationId",
        item."correlationId", item.source, item.hash, head.chain, item.salt, item.private, item.procedure, item.key,
        item.input_hash)::appended;
      effects := effects | effects(item."eventType", item.data, item.private);
    ELSE
      first := item.first;
      version := coalesce(first.version, item.version);
      position := first.position;
      recorded_ms := coalesce((extract(epoch FROM first.recorded_at) * 1000)::bigint, now_ms);
      aggregate_id := first.aggregate_id;
      event_id := first.event_id;
      placed := placed || NULL::bigint;
    END IF;
    RETURN NEXT;
    aggregate_id := NULL;
    event_id := NULL;
  END LOOP;
  IF won = 0 THEN RETURN; END IF;

  WITH streams AS (
    INSERT INTO event_streams (aggregate_id, user_id, aggregate_type, version, position, created_at)
    SELECT aggregate_id, user_id, aggregate_type, version, position, recorded_at FROM unnest(list)
    ON CONFLICT (aggregate_id) DO UPDATE SET version = excluded.version, position = excluded.position
  ), log AS (
    INSERT INTO events (position, recorded_at, timestamp, id, aggregate_id, aggregate_type, event_type, schema_version,
      user_id, data, metadata, version, causation_id, correlation_id, source, event_hash, chain)
    SELECT position, recorded_at, timestamp, id, aggregate_id, aggregate_type, event_type, schema_version, user_id,
      data, metadata, version, causation_id, correlation_id, source, event_hash, chain FROM unnest(list)
  ), private AS (
    INSERT INTO event_private (position, salt, fields)
    SELECT position, salt, hidden FROM unnest(list) WHERE salt IS NOT NULL
  ), ids AS (
    INSERT INTO event_ids (event_id, user_id, aggregate_id, version, position, recorded_at, procedure, idempotency_key,
      input_hash)
    SELECT id, user_id, aggregate_id, version, position, recorded_at, procedure, idempotency_key, input_hash
    FROM unnest(list)
  )
  UPDATE log_head SET position = head.position, chain = head.chain, recorded_at = now_
  WHERE position = head.position - won;
  IF NOT FOUND THEN
    RAISE serialization_failure USING MESSAGE = 'Somebody wrote to the log without its lock.';
  END IF;

  PERFORM project_events(list, effects);
  PERFORM index_content(items, placed);
END
$append$;

DROP FUNCTION project_events(bigint[], timestamptz);
REVOKE ALL ON FUNCTION project_events(appended[], integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION project_events(appended[], integer) TO synap_writer;
