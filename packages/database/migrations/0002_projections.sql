-- State projections: a pure function of the events. One definition makes the tables (for the live schema and for a
-- rebuild beside it) and one applies events to them (for a write and for a rebuild).

-- Makes the projection tables, with policies and grants, in the schema that is first in the search path.
CREATE FUNCTION create_projections() RETURNS void LANGUAGE plpgsql AS $create$
DECLARE
  tab text;
BEGIN
  CREATE TABLE entities (
    id uuid PRIMARY KEY,
    user_id text NOT NULL,
    type text NOT NULL,
    title text,
    preview text NOT NULL,
    tags text[] NOT NULL,
    path text,
    file_url text,
    file_path text,
    file_size bigint CHECK (file_size >= 0),
    file_type text CHECK (file_type IN ('markdown', 'pdf', 'audio', 'video', 'image', 'other')),
    checksum text,
    version integer NOT NULL,
    position bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz
  ) WITH (fillfactor = 85);
  CREATE INDEX entities_feed ON entities (user_id, created_at DESC, id) WHERE deleted_at IS NULL;
  CREATE INDEX entities_deleted ON entities (user_id, created_at DESC, id) WHERE deleted_at IS NOT NULL;

  -- The versions that are past, with the time in which each was the newest; the newest itself stands in entities.
  CREATE TABLE entity_history (
    id uuid NOT NULL,
    version integer NOT NULL,
    user_id text NOT NULL,
    type text NOT NULL,
    title text,
    preview text NOT NULL,
    tags text[] NOT NULL,
    path text,
    file_path text,
    file_size bigint,
    file_type text,
    checksum text,
    status text,
    priority integer,
    due_date timestamptz,
    completed_at timestamptz,
    position bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    valid_to timestamptz NOT NULL,
    PRIMARY KEY (id, version)
  );
  CREATE INDEX entity_history_feed ON entity_history (user_id, created_at DESC, id);

  CREATE TABLE task_details (
    entity_id uuid PRIMARY KEY,
    user_id text NOT NULL,
    status text NOT NULL CHECK (status IN ('todo', 'in_progress', 'done', 'cancelled')),
    priority integer NOT NULL,
    due_date timestamptz,
    completed_at timestamptz,
    position bigint NOT NULL
  );
  CREATE INDEX task_details_status ON task_details (user_id, status);

  CREATE TABLE tags (
    id uuid PRIMARY KEY,
    user_id text NOT NULL,
    name text NOT NULL,
    color text,
    created_at timestamptz NOT NULL,
    UNIQUE (user_id, name)
  );

  CREATE TABLE entity_tags (
    entity_id uuid NOT NULL,
    tag_id uuid NOT NULL,
    user_id text NOT NULL,
    PRIMARY KEY (entity_id, tag_id)
  );
  CREATE INDEX entity_tags_tag ON entity_tags (tag_id, entity_id);

  CREATE TABLE relations (
    id uuid PRIMARY KEY,
    user_id text NOT NULL,
    source_entity_id uuid NOT NULL,
    target_entity_id uuid NOT NULL,
    type text NOT NULL CHECK (type IN ('contains', 'relates_to', 'blocks', 'duplicates', 'mentions', 'derived_from')),
    position bigint NOT NULL,
    created_at timestamptz NOT NULL
  );
  CREATE INDEX relations_source ON relations (user_id, source_entity_id);
  CREATE INDEX relations_target ON relations (user_id, target_entity_id);

  -- Every version of every entity with the time of its validity.
  CREATE VIEW entity_versions WITH (security_invoker) AS
    SELECT t.id, t.version, t.user_id, t.type, t.title, t.preview, t.tags, t.path, t.file_path, t.file_size, t.file_type,
           t.checksum, d.status, d.priority, d.due_date, d.completed_at, t.position, t.created_at, t.updated_at,
           t.deleted_at, 'infinity'::timestamptz AS valid_to
    FROM entities t LEFT JOIN task_details d ON d.entity_id = t.id
    UNION ALL
    SELECT id, version, user_id, type, title, preview, tags, path, file_path, file_size, file_type, checksum, status,
           priority, due_date, completed_at, position, created_at, updated_at, deleted_at, valid_to
    FROM entity_history;
  GRANT SELECT ON entity_versions TO synap_app;

  FOREACH tab IN ARRAY ARRAY['entities', 'entity_history', 'task_details', 'tags', 'entity_tags', 'relations'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tab);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tab);
    EXECUTE format('CREATE POLICY own_rows ON %I FOR SELECT TO synap_app USING (user_id = synap.current_user_id())', tab);
    EXECUTE format('CREATE POLICY every_row ON %I TO synap_writer, synap_owner USING (true) WITH CHECK (true)', tab);
    EXECUTE format('GRANT SELECT ON %I TO synap_app', tab);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO synap_writer', tab);
  END LOOP;
END
$create$;

SELECT create_projections();

-- A tag's id follows from whose it is and its name, so that a rebuild gives the same: a UUIDv8 of their SHA-256.
CREATE FUNCTION tag_id(user_id text, name text) RETURNS uuid
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$
    SELECT (substr(h, 1, 12) || '8' || substr(h, 14, 3) || 'a' || substr(h, 18, 15))::uuid
    FROM encode(sha256(convert_to(user_id || E'\x1f' || name, 'UTF8')), 'hex') AS h
  $$;

CREATE FUNCTION changes_entity(event_type text) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$
    SELECT event_type IN ('entity.updated', 'entity.title_changed', 'entity.file_uploaded', 'entity.deleted',
                          'entity.restored', 'task.status_changed', 'task.completed')
  $$;

-- What events do to the state. Takes positions of events of which no two belong to one stream (else the second would not
-- see the first), all recorded at `since` or later. The tables are those of the schema that is first in the search path.
CREATE FUNCTION project_events(positions bigint[], since timestamptz) RETURNS void LANGUAGE plpgsql AS $project$
#variable_conflict use_column
DECLARE
  created integer; tasks boolean; tagging boolean;
  changes boolean := false; relates boolean := false;
BEGIN
  WITH new AS (
    INSERT INTO entities (id, user_id, type, title, preview, tags, path, file_url, file_path, file_size, file_type,
                          checksum, version, position, created_at, updated_at)
    SELECT aggregate_id, user_id, data ->> 'type', fields ->> 'title', coalesce(fields ->> 'preview', ''),
           CASE WHEN jsonb_array_length(fields -> 'tags') > 0
                THEN ARRAY(SELECT jsonb_array_elements_text(fields -> 'tags')) ELSE '{}' END,
           fields ->> 'path', '/api/v1/entities/' || aggregate_id || '/content', data ->> 'key',
           (fields ->> 'size')::bigint, data ->> 'fileType', fields ->> 'checksum', version, e.position, timestamp,
           timestamp
    FROM synap.events e LEFT JOIN synap.event_private p USING (position)
    WHERE e.position = ANY (positions) AND e.recorded_at >= since AND event_type = 'entity.created'
    RETURNING type, tags
  )
  SELECT count(*), bool_or(type = 'task'), bool_or(tags <> '{}') INTO created, tasks, tagging FROM new;

  -- New entities are by far the most frequent: what a group has not, it does not pay for.
  IF created < cardinality(positions) THEN
    -- Other events than an entity's own, a user's above all, may have a `task` or `tags` as well.
    SELECT bool_or(changes_entity(event_type)), tasks OR bool_or(changes_entity(event_type) AND data -> 'task' ? 'status'),
           tagging OR bool_or(changes_entity(event_type) AND fields ? 'tags'), bool_or(aggregate_type = 'relation')
      INTO changes, tasks, tagging, relates
      FROM synap.events e LEFT JOIN synap.event_private p USING (position)
      WHERE e.position = ANY (positions) AND e.recorded_at >= since;
  END IF;

  IF changes THEN
    INSERT INTO entity_history (id, version, user_id, type, title, preview, tags, path, file_path, file_size, file_type,
                                checksum, status, priority, due_date, completed_at, position, created_at, updated_at,
                                deleted_at, valid_to)
    SELECT t.id, t.version, t.user_id, t.type, t.title, t.preview, t.tags, t.path, t.file_path, t.file_size, t.file_type,
           t.checksum, d.status, d.priority, d.due_date, d.completed_at, t.position, t.created_at, t.updated_at,
           t.deleted_at, e.timestamp
    FROM synap.events e JOIN entities t ON t.id = e.aggregate_id LEFT JOIN task_details d ON d.entity_id = t.id
    WHERE e.position = ANY (positions) AND e.recorded_at >= since AND changes_entity(event_type);

    UPDATE entities t SET
      title = CASE WHEN fields ? 'title' THEN fields ->> 'title' ELSE t.title END,
      preview = coalesce(fields ->> 'preview', t.preview),
      tags = CASE WHEN fields ? 'tags' THEN ARRAY(SELECT jsonb_array_elements_text(fields -> 'tags')) ELSE t.tags END,
      path = CASE WHEN fields ? 'path' THEN fields ->> 'path' ELSE t.path END,
      file_path = CASE WHEN data ? 'key' THEN data ->> 'key' ELSE t.file_path END,
      file_size = CASE WHEN fields ? 'size' THEN (fields ->> 'size')::bigint ELSE t.file_size END,
      file_type = CASE WHEN data ? 'fileType' THEN data ->> 'fileType' ELSE t.file_type END,
      checksum = CASE WHEN fields ? 'checksum' THEN fields ->> 'checksum' ELSE t.checksum END,
      version = e.version,
      position = e.position,
      updated_at = e.timestamp,
      deleted_at = CASE event_type WHEN 'entity.deleted' THEN e.timestamp WHEN 'entity.restored' THEN NULL
                   ELSE t.deleted_at END
    FROM synap.events e LEFT JOIN synap.event_private p USING (position)
    WHERE e.position = ANY (positions) AND e.recorded_at >= since AND changes_entity(event_type)
      AND t.id = e.aggregate_id;
  END IF;

  IF tasks THEN
    INSERT INTO task_details AS t (entity_id, user_id, status, priority, due_date, completed_at, position)
    SELECT aggregate_id, user_id, d ->> 'status', (d ->> 'priority')::integer, (d ->> 'dueDate')::timestamptz,
           (d ->> 'completedAt')::timestamptz, position
    FROM synap.events e, LATERAL (SELECT data -> 'task' AS d) x
    WHERE e.position = ANY (positions) AND e.recorded_at >= since AND d ? 'status'
      AND (changes_entity(event_type) OR event_type = 'entity.created' AND data ->> 'type' = 'task')
    ON CONFLICT (entity_id) DO UPDATE SET status = excluded.status, priority = excluded.priority,
      due_date = excluded.due_date, completed_at = excluded.completed_at, position = excluded.position;
  END IF;

  IF tagging THEN
    INSERT INTO tags AS t (id, user_id, name, created_at)
    SELECT tag_id(e.user_id, n.name), e.user_id, n.name, min(e.timestamp)
    FROM synap.events e JOIN synap.event_private p USING (position),
         jsonb_array_elements_text(p.fields -> 'tags') AS n(name)
    WHERE e.position = ANY (positions) AND e.recorded_at >= since
      AND (e.event_type = 'entity.created' OR changes_entity(e.event_type))
      AND NOT EXISTS (SELECT FROM tags o WHERE o.id = tag_id(e.user_id, n.name) AND o.created_at <= e.timestamp)
    GROUP BY e.user_id, n.name
    -- A rebuild may meet the events of different streams in another order than they came in.
    ON CONFLICT (id) DO UPDATE SET created_at = least(t.created_at, excluded.created_at);

    DELETE FROM entity_tags t USING synap.events e JOIN synap.event_private p USING (position)
    WHERE e.position = ANY (positions) AND e.recorded_at >= since AND changes_entity(e.event_type)
      AND p.fields ? 'tags' AND t.entity_id = e.aggregate_id;

    INSERT INTO entity_tags (entity_id, tag_id, user_id)
    SELECT e.aggregate_id, tag_id(e.user_id, n.name), e.user_id
    FROM synap.events e JOIN synap.event_private p USING (position),
         jsonb_array_elements_text(p.fields -> 'tags') AS n(name)
    WHERE e.position = ANY (positions) AND e.recorded_at >= since
      AND (e.event_type = 'entity.created' OR changes_entity(e.event_type))
    -- An event may name a tag twice.
    ON CONFLICT DO NOTHING;
  END IF;

  IF relates THEN
    INSERT INTO relations (id, user_id, source_entity_id, target_entity_id, type, position, created_at)
    SELECT aggregate_id, user_id, (data ->> 'sourceId')::uuid, (data ->> 'targetId')::uuid, data ->> 'type', position,
           timestamp
    FROM synap.events e
    WHERE e.position = ANY (positions) AND e.recorded_at >= since AND event_type = 'relation.created';

    DELETE FROM relations r USING synap.events e
    WHERE e.position = ANY (positions) AND e.recorded_at >= since AND e.event_type = 'relation.deleted'
      AND r.id = e.aggregate_id;
  END IF;
END
$project$;
