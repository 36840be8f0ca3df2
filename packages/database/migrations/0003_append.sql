-- The one way into the log. `items` is a JSON array; each item is one event with what its writer expects of the stream:
--   n          place in the array of the caller, given back with the result
--   expected   the stream's version: a number, or -1 any, -2 no stream, -3 exists
--   hash       base64 SHA-256 of the canonical envelope
--   salt, private   the private fields in the clear, if any
--   procedure, key, inputHash   the idempotency key, if any
-- No two items may belong to one stream. Gives a row an item:
--   ok         written; version and position are new
--   duplicate  written before, under this event id or idempotency key; version, position and time are the first's
--   reused     the idempotency key was used before with another input
--   conflict   the stream is not at the expected version; version tells the actual one
--   denied     the stream, or the event's id, is somebody else's
CREATE FUNCTION next_chain(state bytea, previous bytea, link bytea) RETURNS bytea
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
  AS $$ BEGIN RETURN sha256(coalesce(state, previous) || link); END $$;

-- Over events in order of position: each one's chain, beginning after `previous`.
CREATE AGGREGATE chain(previous bytea, link bytea) (sfunc = next_chain, stype = bytea);

CREATE FUNCTION append_events(items jsonb)
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
  last bigint;
  positions bigint[] := '{}';
BEGIN
  SET LOCAL ROLE synap_writer;

  -- From here to the end of the transaction nobody else appends: what is read below stays true.
  SELECT * INTO head FROM log_head FOR UPDATE;
  now_ := greatest(date_trunc('milliseconds', clock_timestamp()), head.recorded_at);

  RETURN QUERY
  WITH item AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(items) AS (n integer, id uuid, "aggregateId" uuid, "aggregateType" text,
      "userId" text, "eventType" text, "schemaVersion" smallint, data jsonb, metadata jsonb, "causationId" uuid,
      "correlationId" uuid, source text, expected integer, hash text, salt text, private jsonb, "timestamp" timestamptz,
      procedure text, key text, "inputHash" text)
  ),
  decided AS MATERIALIZED (
    SELECT item.*, coalesce((stream).version, 0) AS actual,
      -- What was written before under the same event id or idempotency key; the latter decides where both are found.
      CASE WHEN (same_key).event_id IS NULL THEN same_id ELSE same_key END AS first,
      CASE
        WHEN (same_key).input_hash <> decode("inputHash", 'base64') THEN 'reused'
        WHEN (same_key).event_id IS NOT NULL THEN 'duplicate'
        WHEN (same_id).user_id <> "userId" THEN 'denied'
        WHEN (same_id).event_id IS NOT NULL THEN 'duplicate'
        WHEN (stream).user_id <> "userId" THEN 'denied'
        WHEN expected = -1 THEN 'ok'
        WHEN expected = -3 AND (stream).version > 0 THEN 'ok'
        WHEN expected IN (-2, 0) AND (stream).version IS NULL THEN 'ok'
        WHEN expected = (stream).version THEN 'ok'
        ELSE 'conflict'
      END AS outcome
    FROM (
      SELECT item.*,
        -- Subqueries, because a join might be planned to read the whole table.
        (SELECT s FROM event_streams s WHERE s.aggregate_id = "aggregateId") AS stream,
        (SELECT f FROM event_ids f WHERE f.event_id = item.id) AS same_id,
        CASE WHEN item.key IS NOT NULL THEN
          (SELECT f FROM event_ids f
           WHERE f.user_id = "userId" AND f.procedure = item.procedure AND f.idempotency_key = item.key)
        END AS same_key
      FROM item
    ) item
  ),
  numbered AS (
    SELECT *, actual + 1 AS version, head.position + row_number() OVER (ORDER BY n) AS position,
           decode(hash, 'base64') AS event_hash, coalesce("timestamp", now_) AS at
    FROM decided WHERE outcome = 'ok'
  ),
  winner AS MATERIALIZED (
    SELECT *, chain(head.chain, event_hash || int8send(position) || int4send(version)
                    || int8send((extract(epoch FROM now_) * 1000)::bigint)
                    || int8send((extract(epoch FROM at) * 1000)::bigint)) OVER (ORDER BY position) AS link
    FROM numbered
  ),
  streams AS (
    INSERT INTO event_streams (aggregate_id, user_id, aggregate_type, version, position, created_at)
    SELECT "aggregateId", "userId", "aggregateType", version, position, now_ FROM winner
    ON CONFLICT (aggregate_id) DO UPDATE SET version = excluded.version, position = excluded.position
  ),
  log AS (
    INSERT INTO events (position, recorded_at, timestamp, id, aggregate_id, aggregate_type, event_type, schema_version,
      user_id, data, metadata, version, causation_id, correlation_id, source, event_hash, chain)
    SELECT position, now_, at, id, "aggregateId", "aggregateType", "eventType", "schemaVersion", "userId", data,
      metadata, version, "causationId", "correlationId", source, event_hash, link FROM winner
  ),
  hidden AS (
    INSERT INTO event_private (position, salt, fields)
    SELECT position, decode(salt, 'base64'), private FROM winner WHERE salt IS NOT NULL
  ),
  ids AS (
    INSERT INTO event_ids (event_id, user_id, aggregate_id, version, position, recorded_at, procedure, idempotency_key,
      input_hash)
    SELECT id, "userId", "aggregateId", version, position, now_, procedure, key, decode("inputHash", 'base64')
    FROM winner
  ),
  moved AS (
    UPDATE log_head h SET position = w.position, chain = w.link, recorded_at = now_
    FROM (SELECT position, link FROM winner ORDER BY position DESC LIMIT 1) w
  )
  SELECT d.n, d.outcome, coalesce((d.first).version, w.version, d.actual), coalesce((d.first).position, w.position),
         (extract(epoch FROM coalesce((d.first).recorded_at, now_)) * 1000)::bigint,
         coalesce((d.first).aggregate_id, d."aggregateId"), coalesce((d.first).event_id, d.id)
  FROM decided d LEFT JOIN winner w ON w.n = d.n;

  SELECT h.position INTO last FROM log_head h;
  FOR won IN head.position + 1 .. last LOOP
    positions := positions || won;
  END LOOP;
  IF last > head.position THEN PERFORM project_events(positions, now_); END IF;
END
$append$;

REVOKE ALL ON FUNCTION append_events(jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION create_projections() FROM PUBLIC;
REVOKE ALL ON FUNCTION project_events(bigint[], timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION project_events(bigint[], timestamptz) TO synap_writer;
