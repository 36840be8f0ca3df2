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
  now_ms bigint;
  -- The items, a column an array: what several statements below need is taken out of the JSON once.
  ns integer[]; ids uuid[]; aggregates uuid[]; kinds text[]; users text[]; hashes bytea[]; times timestamptz[];
  procedures text[]; keys text[]; inputs bytea[];
  outcomes text[]; actuals integer[]; firsts event_ids[];
  -- What the database assigns to those that win; the others stay NULL.
  versions integer[]; positions bigint[]; chains bytea[];
  won bigint[] := '{}';
  last integer;
BEGIN
  SET LOCAL ROLE synap_writer;

  -- From here to the end of the transaction nobody else appends: what is read below stays true.
  SELECT * INTO head FROM log_head FOR UPDATE;
  now_ := greatest(date_trunc('milliseconds', clock_timestamp()), head.recorded_at);
  now_ms := extract(epoch FROM now_) * 1000;

  SELECT array_agg(n), array_agg(id), array_agg("aggregateId"), array_agg("aggregateType"), array_agg("userId"),
         array_agg(decode(hash, 'base64')), array_agg("timestamp"), array_agg(procedure), array_agg(key),
         array_agg(decode("inputHash", 'base64')), array_agg(coalesce((stream).version, 0)),
         -- What was written before under the same event id or idempotency key; the latter decides where both are found.
         array_agg(CASE WHEN (same_key).event_id IS NULL THEN same_id ELSE same_key END),
         array_agg(CASE
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
         END)
    INTO ns, ids, aggregates, kinds, users, hashes, times, procedures, keys, inputs, actuals, firsts, outcomes
    FROM (
      SELECT i.*,
        -- Subqueries, because a join might be planned to read the whole table.
        (SELECT s FROM event_streams s WHERE s.aggregate_id = "aggregateId") AS stream,
        (SELECT f FROM event_ids f WHERE f.event_id = i.id) AS same_id,
        CASE WHEN i.key IS NOT NULL THEN
          (SELECT f FROM event_ids f
           WHERE f.user_id = "userId" AND f.procedure = i.procedure AND f.idempotency_key = i.key)
        END AS same_key
      FROM jsonb_to_recordset(items) AS i(n integer, id uuid, "aggregateId" uuid, "aggregateType" text, "userId" text,
        expected integer, hash text, "timestamp" timestamptz, procedure text, key text, "inputHash" text)
    ) i;
  last := cardinality(ns);
  versions := array_fill(NULL::integer, ARRAY[last]);
  positions := array_fill(NULL::bigint, ARRAY[last]);
  chains := array_fill(NULL::bytea, ARRAY[last]);

  FOR i IN 1 .. last LOOP
    CONTINUE WHEN outcomes[i] <> 'ok';
    head.position := head.position + 1;
    won := won || head.position;
    versions[i] := actuals[i] + 1;
    positions[i] := head.position;
    head.chain := sha256(head.chain || hashes[i] || int8send(head.position) || int4send(versions[i]) || int8send(now_ms)
      || int8send(CASE WHEN times[i] IS NULL THEN now_ms ELSE (extract(epoch FROM times[i]) * 1000)::bigint END));
    chains[i] := head.chain;
  END LOOP;

  IF cardinality(won) > 0 THEN
    INSERT INTO event_streams (aggregate_id, user_id, aggregate_type, version, position, created_at)
    SELECT w.aggregate_id, user_id, aggregate_type, w.version, w.position, now_
    FROM unnest(aggregates, users, kinds, versions, positions)
      AS w(aggregate_id, user_id, aggregate_type, version, position)
    WHERE w.position IS NOT NULL
    ON CONFLICT (aggregate_id) DO UPDATE SET version = excluded.version, position = excluded.position;

    INSERT INTO events (position, recorded_at, timestamp, id, aggregate_id, aggregate_type, event_type, schema_version,
      user_id, data, metadata, version, causation_id, correlation_id, source, event_hash, chain)
    SELECT positions[o], now_, coalesce(times[o], now_), id, "aggregateId", "aggregateType", "eventType",
      "schemaVersion", "userId", data, metadata, versions[o], "causationId", "correlationId", source, hashes[o],
      chains[o]
    FROM ROWS FROM (jsonb_to_recordset(items) AS ("schemaVersion" smallint, id uuid, "aggregateId" uuid,
      "aggregateType" text, "eventType" text, "userId" text, data jsonb, metadata jsonb, "causationId" uuid,
      "correlationId" uuid, source text)) WITH ORDINALITY AS i("schemaVersion", id, "aggregateId", "aggregateType",
      "eventType", "userId", data, metadata, "causationId", "correlationId", source, o)
    WHERE positions[o] IS NOT NULL;

    INSERT INTO event_private (position, salt, fields)
    SELECT positions[o], decode(salt, 'base64'), private
    FROM ROWS FROM (jsonb_to_recordset(items) AS (salt text, private jsonb)) WITH ORDINALITY AS i(salt, private, o)
    WHERE positions[o] IS NOT NULL AND salt IS NOT NULL;

    INSERT INTO event_ids (event_id, user_id, aggregate_id, version, position, recorded_at, procedure, idempotency_key,
      input_hash)
    SELECT w.event_id, user_id, w.aggregate_id, w.version, w.position, now_, procedure, key, input
    FROM unnest(ids, users, aggregates, versions, positions, procedures, keys, inputs)
      AS w(event_id, user_id, aggregate_id, version, position, procedure, key, input)
    WHERE w.position IS NOT NULL;

    PERFORM project_events(won, now_);

    UPDATE log_head SET position = head.position, chain = head.chain, recorded_at = now_;
  END IF;

  RETURN QUERY
  SELECT w.n, w.outcome, coalesce((f).version, w.version, w.actual), coalesce((f).position, w.position),
         CASE WHEN (f).recorded_at IS NULL THEN now_ms ELSE (extract(epoch FROM (f).recorded_at) * 1000)::bigint END,
         coalesce((f).aggregate_id, w.aggregate_id), coalesce((f).event_id, w.event_id)
  FROM ROWS FROM (unnest(ns, outcomes, versions, positions, actuals, aggregates, ids), generate_subscripts(ns, 1))
         AS w(n, outcome, version, position, actual, aggregate_id, event_id, i),
       LATERAL (SELECT firsts[w.i] AS f) x;
END
$append$;

REVOKE ALL ON FUNCTION append_events(jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION create_projections() FROM PUBLIC;
REVOKE ALL ON FUNCTION project_events(bigint[], timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION project_events(bigint[], timestamptz) TO synap_writer;
