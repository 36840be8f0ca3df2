-- Files on their way in: announced, then stored, then made an entity. Nothing here is history; a row that is done or has
-- expired may go. The one table that the application writes without an event, so row security holds for writes as well.
CREATE TABLE uploads (
  id uuid PRIMARY KEY,
  user_id text NOT NULL,
  -- Chosen at the start, so that the bytes go to the place that they will stay at.
  entity_id uuid NOT NULL UNIQUE,
  name text NOT NULL,
  content_type text NOT NULL,
  size bigint NOT NULL CHECK (size >= 0),
  checksum text NOT NULL,
  state text NOT NULL DEFAULT 'announced' CHECK (state IN ('announced', 'stored')),
  -- Where the bytes are and what they turned out to be; set once, by the first attempt that stored them.
  object_key text CHECK ((object_key IS NOT NULL) = (state = 'stored')),
  file_type text,
  preview text,
  idempotency_key text,
  input_hash bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX uploads_idempotency ON uploads (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX uploads_expired ON uploads (user_id, expires_at);

ALTER TABLE uploads ENABLE ROW LEVEL SECURITY;
ALTER TABLE uploads FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON uploads TO synap_app
  USING (user_id = current_user_id()) WITH CHECK (user_id = current_user_id());
CREATE POLICY every_row ON uploads TO synap_owner USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON uploads TO synap_app;
