-- The event log: the only truth. Written by append_events() alone (0003), under the role synap_writer; that function and
-- the schemas of the events are what guards these tables, because a CHECK would be parsed again in every transaction.

-- Whose eyes a transaction has. After a transaction that set it, an unset value reads '' and not NULL: both are nobody.
CREATE FUNCTION current_user_id() RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('synap.user_id', true), '') $$;

-- Begins a transaction's real work: from here on it has a user's eyes, and no rights but the application's.
CREATE FUNCTION enter_app(user_id text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  SET LOCAL ROLE synap_app;
  PERFORM set_config('synap.user_id', user_id, true), set_config('search_path', 'synap, public', true);
END
$$;

-- The same for accounts and keys, which the application's role cannot read.
CREATE FUNCTION enter_auth() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  SET LOCAL ROLE synap_auth;
  PERFORM set_config('search_path', 'auth, public', true);
END
$$;

-- The same for maintenance (verify, rebuild), which sees all users.
CREATE FUNCTION enter_owner() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  SET LOCAL ROLE synap_owner;
  PERFORM set_config('search_path', 'synap, public', true), set_config('statement_timeout', '0', true);
END
$$;

-- One row: where the log ends. Its lock is what makes positions dense and time monotonic.
CREATE TABLE log_head (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  position bigint NOT NULL,
  chain bytea NOT NULL,
  recorded_at timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO log_head (position, chain, recorded_at) VALUES (0, decode(repeat('00', 32), 'hex'), '-infinity');

-- One row a stream: its owner and how far it is.
CREATE TABLE event_streams (
  aggregate_id uuid PRIMARY KEY,
  user_id text NOT NULL,
  aggregate_type text NOT NULL,
  version integer NOT NULL,
  position bigint NOT NULL,
  created_at timestamptz NOT NULL
);

-- Partitioned by the time of commit, which grows with position, so that whole old partitions can be archived. The
-- default partition takes every time that has no partition of its own.
CREATE TABLE events (
  position bigint NOT NULL,
  recorded_at timestamptz NOT NULL,
  timestamp timestamptz NOT NULL,
  id uuid NOT NULL,
  aggregate_id uuid NOT NULL,
  aggregate_type text NOT NULL,
  event_type text NOT NULL,
  schema_version smallint NOT NULL,
  user_id text NOT NULL,
  data jsonb NOT NULL,
  metadata jsonb,
  version integer NOT NULL,
  causation_id uuid,
  correlation_id uuid,
  source text NOT NULL,
  event_hash bytea NOT NULL,
  chain bytea NOT NULL,
  PRIMARY KEY (position, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE TABLE events_default PARTITION OF events DEFAULT;
CREATE INDEX events_aggregate ON events (aggregate_id, version);
CREATE INDEX events_user ON events (user_id, position);
CREATE INDEX events_correlation ON events (correlation_id) WHERE correlation_id IS NOT NULL;

-- What the log holds only as HMACs stands here, where a purge can delete it.
CREATE TABLE event_private (
  position bigint PRIMARY KEY,
  salt bytea NOT NULL,
  fields jsonb NOT NULL
);

-- Retries of any age: the event ids and idempotency keys ever used.
CREATE TABLE event_ids (
  event_id uuid PRIMARY KEY,
  user_id text NOT NULL,
  aggregate_id uuid NOT NULL,
  version integer NOT NULL,
  position bigint NOT NULL,
  recorded_at timestamptz NOT NULL,
  procedure text,
  idempotency_key text,
  input_hash bytea
);
CREATE UNIQUE INDEX event_ids_idempotency ON event_ids (user_id, procedure, idempotency_key)
  WHERE idempotency_key IS NOT NULL;

-- TimescaleDB refuses row security on compressed hypertables, so a user's own events are seen through this barrier and
-- nobody has a grant on the table beneath.
CREATE VIEW user_events WITH (security_barrier) AS
  SELECT e.position, e.recorded_at, e.timestamp, e.id, e.aggregate_id, e.aggregate_type, e.event_type,
         e.schema_version, e.user_id, e.data, p.fields AS private, e.metadata, e.version, e.causation_id,
         e.correlation_id, e.source
  FROM events e LEFT JOIN event_private p USING (position)
  WHERE e.user_id = current_user_id();

CREATE VIEW user_event_streams WITH (security_barrier) AS
  SELECT * FROM event_streams WHERE user_id = current_user_id();

CREATE VIEW user_event_ids WITH (security_barrier) AS
  SELECT * FROM event_ids WHERE user_id = current_user_id();

GRANT SELECT ON user_events, user_event_streams, user_event_ids TO synap_app;
GRANT SELECT, UPDATE ON log_head TO synap_writer;
GRANT SELECT, INSERT, UPDATE ON event_streams TO synap_writer;
GRANT SELECT, INSERT ON events, event_private, event_ids TO synap_writer;
