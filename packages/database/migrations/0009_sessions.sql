-- Sign-in by a printed link, and the sessions that begin with it. Of a token only its SHA-256 is stored: who reads these
-- tables can use none. The times are those of the servers' clocks, which also decide what has expired.
CREATE TABLE auth.sign_in_links (
  hash bytea PRIMARY KEY CHECK (length(hash) = 32),
  user_id text NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz
);
CREATE INDEX sign_in_links_user ON auth.sign_in_links (user_id);
CREATE INDEX sign_in_links_expiry ON auth.sign_in_links (expires_at);

CREATE TABLE auth.sessions (
  hash bytea PRIMARY KEY CHECK (length(hash) = 32),
  user_id text NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
  user_agent text,
  created_at timestamptz NOT NULL,
  refreshed_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_user ON auth.sessions (user_id);
CREATE INDEX sessions_expiry ON auth.sessions (expires_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON auth.sign_in_links, auth.sessions TO synap_auth;
