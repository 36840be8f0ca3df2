-- Where imported entities come from: the source and the path by which a later import knows them again. A state
-- projection like the others. A deleted entity keeps its row, so that an import sees that it was deleted here.

-- How names are compared where case does not matter: by Unicode, whatever the locale of the database is. PostgreSQL has
-- a collation of its own for that from 17 on; before, it is ICU's.
DO $fold$
BEGIN
  EXECUTE format($format$
    CREATE FUNCTION fold_name(name text) RETURNS text
      LANGUAGE sql IMMUTABLE PARALLEL SAFE
      AS $$ SELECT lower(name COLLATE %I) $$$format$,
    coalesce((SELECT collname FROM pg_collation WHERE collname IN ('pg_c_utf8', 'und-x-icu') ORDER BY collname LIMIT 1),
             'default'));
END
$fold$;

CREATE FUNCTION create_origins() RETURNS void LANGUAGE plpgsql AS $create$
BEGIN
  CREATE TABLE entity_origins (
    entity_id uuid PRIMARY KEY,
    user_id text NOT NULL,
    source text NOT NULL,
    path text NOT NULL,
    -- The last part of the path, folded: links name files by it.
    name text NOT NULL,
    checksum text NOT NULL,
    modified_at timestamptz NOT NULL,
    version integer NOT NULL,
    position bigint NOT NULL
  );
  -- Bytewise, so that a page of paths begins where the one before ended, on every server alike.
  CREATE INDEX entity_origins_path ON entity_origins (user_id, source, path COLLATE "C");
  CREATE INDEX entity_origins_name ON entity_origins (user_id, name);

  ALTER TABLE entity_origins ENABLE ROW LEVEL SECURITY;
  ALTER TABLE entity_origins FORCE ROW LEVEL SECURITY;
  CREATE POLICY own_rows ON entity_origins FOR SELECT TO synap_app USING (user_id = synap.current_user_id());
  CREATE POLICY every_row ON entity_origins TO synap_writer, synap_owner USING (true) WITH CHECK (true);
  GRANT SELECT ON entity_origins TO synap_app;
  GRANT SELECT, INSERT, UPDATE, DELETE ON entity_origins TO synap_writer;
END
$create$;

SELECT create_origins();

-- The entry point keeps its name and does what it did, and the origins. project_events() fills the table from 0011 on;
-- no event before had an origin.
ALTER FUNCTION create_projections() RENAME TO create_entity_projections;
CREATE FUNCTION create_projections() RETURNS void LANGUAGE plpgsql AS $create$
BEGIN
  PERFORM create_entity_projections();
  PERFORM create_origins();
END
$create$;

REVOKE ALL ON FUNCTION create_origins() FROM PUBLIC;
REVOKE ALL ON FUNCTION create_projections() FROM PUBLIC;
