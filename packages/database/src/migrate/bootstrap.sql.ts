/**
 * What must be there before the first migration: roles, schemas, pgvector, the list of migrations. Run at every start
 * with the login's own rights, in one transaction; changes nothing where nothing is missing.
 *
 * A role that exists on the server already (another database's Synap made it) is used as it is, if the login may take it.
 */
export const BOOTSTRAP_SQL = `
BEGIN;
SET LOCAL statement_timeout = 0;
SELECT pg_advisory_xact_lock(hashtext('synap.migrations'));
DO $roles$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['synap_owner', 'synap_app', 'synap_writer', 'synap_auth'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL; -- made by another migrator in this very moment
      END;
    END IF;
    IF current_setting('server_version_num')::integer < 160000 THEN
      CONTINUE WHEN pg_has_role(session_user, wanted, 'MEMBER');
      EXECUTE format('GRANT %I TO %I', wanted, session_user);
    ELSE
      CONTINUE WHEN pg_has_role(session_user, wanted, 'SET');
      -- Without INHERIT the login has these rights only where a transaction takes them on.
      EXECUTE format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE', wanted, session_user);
    END IF;
  END LOOP;
END
$roles$;
DO $schemas$
BEGIN
  IF to_regnamespace('synap') IS NULL THEN CREATE SCHEMA synap AUTHORIZATION synap_owner; END IF;
  IF to_regnamespace('auth') IS NULL THEN CREATE SCHEMA auth AUTHORIZATION synap_owner; END IF;
  -- Where projections are made anew before they take the place of the live ones.
  IF to_regnamespace('synap_rebuild') IS NULL THEN CREATE SCHEMA synap_rebuild AUTHORIZATION synap_owner; END IF;
  IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'vector') THEN CREATE EXTENSION vector; END IF;
END
$schemas$;
SET LOCAL ROLE synap_owner;
DO $owner$
BEGIN
  IF to_regclass('synap.migrations') IS NULL THEN
    CREATE TABLE synap.migrations (
      version integer PRIMARY KEY,
      name text NOT NULL,
      checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    );
    GRANT SELECT ON synap.migrations TO PUBLIC;
    GRANT USAGE ON SCHEMA synap TO synap_app, synap_writer, synap_auth;
    GRANT USAGE ON SCHEMA auth TO synap_auth;
  END IF;
  IF NOT has_schema_privilege(session_user, 'synap', 'USAGE') THEN
    EXECUTE format('GRANT USAGE ON SCHEMA synap TO %I', session_user);
  END IF;
END
$owner$;
COMMIT;
`;
