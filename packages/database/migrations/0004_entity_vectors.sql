-- A derived index, not a state projection: rebuilt from content, and it says which version of what it was built from.
CREATE TABLE entity_vectors (
  entity_id uuid PRIMARY KEY,
  user_id text NOT NULL,
  entity_version integer NOT NULL,
  embedding vector(1536),
  embedding_model text NOT NULL DEFAULT 'text-embedding-3-small',
  entity_type text,
  title text,
  preview text,
  indexed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX entity_vectors_embedding ON entity_vectors USING hnsw (embedding vector_cosine_ops);
CREATE INDEX entity_vectors_user ON entity_vectors (user_id);

ALTER TABLE entity_vectors ENABLE ROW LEVEL SECURITY;
ALTER TABLE entity_vectors FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON entity_vectors FOR SELECT TO synap_app USING (user_id = current_user_id());
CREATE POLICY every_row ON entity_vectors TO synap_writer, synap_owner USING (true) WITH CHECK (true);
GRANT SELECT ON entity_vectors TO synap_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON entity_vectors TO synap_writer;
