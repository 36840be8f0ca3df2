-- Accounts and keys, out of the application role's sight. A key itself is never stored, only its SHA-256.
CREATE TABLE auth.users (
  id text PRIMARY KEY,
  name text NOT NULL,
  email text UNIQUE,
  role text NOT NULL CHECK (role IN ('owner', 'user')),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_one_owner ON auth.users (role) WHERE role = 'owner';

CREATE TABLE auth.api_keys (
  id uuid PRIMARY KEY,
  user_id text NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
  name text NOT NULL,
  prefix text NOT NULL,
  hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
  scopes text[] NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'write', 'admin']),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  revoked_at timestamptz
);
CREATE INDEX api_keys_user ON auth.api_keys (user_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON auth.users, auth.api_keys TO synap_auth;
