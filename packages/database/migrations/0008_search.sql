-- Full-text search: a derived index, like entity_vectors (0004). Which terms stand where, and nothing of the content
-- itself; the program decides what a term is (core/search) and says with `analyzer` which version of it did.

-- An entity has one row for each part of its content, and at least the first, which carries what it is called. Rows of
-- deleted entities stay: what is restored is found again.
CREATE TABLE search_chunks (
  entity_id uuid NOT NULL,
  chunk smallint NOT NULL,
  user_id text NOT NULL,
  -- Title (weight A), tags (B) and path (C); NULL in all rows but the first.
  heading tsvector,
  heading_length integer NOT NULL DEFAULT 0,
  title_length integer NOT NULL DEFAULT 0,
  body tsvector NOT NULL,
  -- Words, as are the two above.
  length integer NOT NULL,
  analyzer smallint NOT NULL,
  entity_version integer NOT NULL,
  PRIMARY KEY (entity_id, chunk)
) WITH (toast_tuple_target = 8160);
-- A search reads the lexemes of every row it meets: they are not to be packed or put elsewhere while they fit a page.
ALTER TABLE search_chunks ALTER COLUMN heading SET STORAGE MAIN, ALTER COLUMN body SET STORAGE MAIN;
-- Each search reads the whole list of what is pending; a short one costs the writers little more.
CREATE INDEX search_chunks_body ON search_chunks USING gin (body) WITH (gin_pending_list_limit = 256);
CREATE INDEX search_chunks_heading ON search_chunks USING gin (heading) WITH (gin_pending_list_limit = 64)
  WHERE heading IS NOT NULL;

-- What BM25 has to know of all of a user's rows.
CREATE TABLE search_totals (
  user_id text PRIMARY KEY,
  chunks bigint NOT NULL,
  words bigint NOT NULL,
  headings bigint NOT NULL,
  heading_words bigint NOT NULL
) WITH (fillfactor = 50);

ALTER TABLE search_chunks ENABLE ROW LEVEL SECURITY;
ALTER TABLE search_chunks FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON search_chunks FOR SELECT TO synap_app USING (user_id = current_user_id());
CREATE POLICY every_row ON search_chunks TO synap_writer, synap_owner USING (true) WITH CHECK (true);
GRANT SELECT ON search_chunks TO synap_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON search_chunks TO synap_writer;
ALTER TABLE search_totals ENABLE ROW LEVEL SECURITY;
ALTER TABLE search_totals FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON search_totals FOR SELECT TO synap_app USING (user_id = current_user_id());
CREATE POLICY every_row ON search_totals TO synap_writer, synap_owner USING (true) WITH CHECK (true);
GRANT SELECT ON search_totals TO synap_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON search_totals TO synap_writer;

-- Kept by triggers, so that whoever deletes rows (a purge) cannot forget the totals.
CREATE FUNCTION count_search_chunks() RETURNS trigger LANGUAGE plpgsql SET search_path = synap, public AS $$
DECLARE
  sign integer := CASE TG_OP WHEN 'DELETE' THEN -1 ELSE 1 END;
BEGIN
  INSERT INTO search_totals AS t (user_id, chunks, words, headings, heading_words)
  SELECT user_id, sign * count(*), sign * sum(length), sign * count(heading), sign * sum(heading_length)
  FROM changed GROUP BY user_id ORDER BY user_id
  ON CONFLICT (user_id) DO UPDATE SET chunks = t.chunks + excluded.chunks, words = t.words + excluded.words,
    headings = t.headings + excluded.headings, heading_words = t.heading_words + excluded.heading_words;
  RETURN NULL;
END
$$;
CREATE TRIGGER count_new AFTER INSERT ON search_chunks REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION count_search_chunks();
CREATE TRIGGER count_old AFTER DELETE ON search_chunks REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION count_search_chunks();

-- Puts the index rows that items bring along in the place of their entities' rows. An item counts if it won a position,
-- or if its entity is still at the item's `version` (for indexing what was written before; whoever calls it so holds the
-- lock of the log). Its `index`:
--   analyzer   which version of the analysis made it
--   heading    {terms, length, titleLength}; terms is a tsvector as text
--   chunks     [{terms, length}]; absent if the content is as it was: then the chunks, and what made them, stay
CREATE FUNCTION index_content(items jsonb, positions bigint[]) RETURNS void LANGUAGE plpgsql AS $index$
#variable_conflict use_column
BEGIN
  -- Most groups of changes bring something; the others do not pay.
  IF NOT items @? '$[*].index' THEN RETURN; END IF;

  DELETE FROM search_chunks c
  USING ROWS FROM (jsonb_to_recordset(items) AS ("aggregateId" uuid, "eventType" text, version integer, index jsonb))
        WITH ORDINALITY AS i(id, event_type, version, index, o)
  WHERE c.entity_id = i.id AND index ? 'chunks' AND event_type IS DISTINCT FROM 'entity.created'
    AND (positions[o] IS NOT NULL OR version = (SELECT e.version FROM entities e WHERE e.id = i.id));

  INSERT INTO search_chunks (entity_id, chunk, user_id, heading, heading_length, title_length, body, length, analyzer,
                             entity_version)
  SELECT i.id, c.chunk - 1, e.user_id,
         CASE WHEN c.chunk = 1 THEN (index #>> '{heading,terms}')::tsvector END,
         CASE WHEN c.chunk = 1 THEN (index #>> '{heading,length}')::integer ELSE 0 END,
         CASE WHEN c.chunk = 1 THEN (index #>> '{heading,titleLength}')::integer ELSE 0 END,
         c.terms::tsvector, c.length, (index ->> 'analyzer')::smallint, e.version
  FROM ROWS FROM (jsonb_to_recordset(items) AS ("aggregateId" uuid, version integer, index jsonb))
       WITH ORDINALITY AS i(id, version, index, o)
       JOIN entities e ON e.id = i.id,
       LATERAL ROWS FROM (jsonb_to_recordset(index -> 'chunks') AS (terms text, length integer))
       WITH ORDINALITY AS c(terms, length, chunk)
  WHERE positions[o] IS NOT NULL OR i.version = e.version;

  -- The totals see no UPDATE: the length of a heading changes them.
  WITH renamed AS (
    UPDATE search_chunks c SET heading = (index #>> '{heading,terms}')::tsvector,
      heading_length = (index #>> '{heading,length}')::integer, title_length = (index #>> '{heading,titleLength}')::integer
    FROM ROWS FROM (jsonb_to_recordset(items) AS ("aggregateId" uuid, index jsonb)) WITH ORDINALITY AS i(id, index, o)
         JOIN search_chunks old ON old.entity_id = i.id AND old.chunk = 0
    WHERE c.entity_id = i.id AND c.chunk = 0 AND positions[o] IS NOT NULL AND NOT index ? 'chunks'
    RETURNING c.user_id, c.heading_length - old.heading_length AS longer
  )
  UPDATE search_totals t SET heading_words = heading_words + r.longer
  FROM (SELECT user_id, sum(longer) AS longer FROM renamed GROUP BY user_id) r WHERE t.user_id = r.user_id;
END
$index$;
REVOKE ALL ON FUNCTION index_content(jsonb, bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION index_content(jsonb, bigint[]) TO synap_writer;

-- How often a term stands in a tsvector, from its ts_rank with equal weights: that is sum(1/i^2 for i in 1..tf) /
-- (pi^2/6), which this inverts exactly; to unnest the tsvector would take a hundred times as long. A query of several
-- terms has the mean of theirs.
CREATE FUNCTION term_frequency(rank real, terms integer) RETURNS float8
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$
    SELECT CASE WHEN rank * terms < float8 '0.996'
           THEN greatest(float8 '1', round(float8 '1' / (float8 '1.6449340668' * (float8 '1' - rank * terms)) - float8 '0.5'))
           ELSE float8 '150' END
  $$;

-- What a term adds to a score, but for how rare it is: BM25 with k1 = 1.2 and b = 0.75.
CREATE FUNCTION bm25(frequency float8, length integer, mean_length float8) RETURNS float8
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  AS $$
    SELECT float8 '2.2' * frequency
           / (frequency + float8 '1.2' * (float8 '0.25' + float8 '0.75' * length / mean_length))
  $$;

-- The entities of the current user that have any of `terms`, best first. The score is the sum of BM25 over the terms,
-- once over the content, where each term counts in the part of an entity where it is at its best, and once over what
-- the entity is called; a title that has all words of the query in their order adds to that, more so if it has no others.
--   terms, forms        tsqueries as text, and of how many terms each consists
--   required, excluded  tsqueries all of which, or none of which, an entity has in some part
--   title, title_words  the query as a phrase, and its words
-- It runs with the owner's rights because PostgreSQL does not look into an index on behalf of operators that might leak
-- (`@@` is one of them) before row security has seen the row; so it has to see to it itself that a user gets their own.
CREATE FUNCTION search_entities(
  terms text[], forms integer[], required text[], excluded text[], title text, title_words integer,
  types text[], with_tags text[], after timestamptz, before timestamptz, most integer, explain boolean
)
RETURNS TABLE (entity_id uuid, score double precision, parts jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = synap, public, pg_temp
SET plan_cache_mode = force_generic_plan
-- The plan is made once, when the tables may be empty: only by way of the GIN indexes does it stay right.
SET enable_seqscan = off
SET enable_indexscan = off
-- Nor does it know that a frequent word has a hundred thousand rows, which are hashed in memory best.
SET enable_sort = off
SET work_mem = '32MB'
SET jit = off
AS $search$
#variable_conflict use_column
DECLARE
  me text := current_user_id();
  totals search_totals;
  mean float8;
  heading_mean float8;
BEGIN
  SELECT * INTO totals FROM search_totals WHERE user_id = me;
  IF me IS NULL OR totals IS NULL OR totals.chunks <= 0 THEN RETURN; END IF;
  mean := greatest(1, totals.words::float8 / totals.chunks);
  heading_mean := greatest(1, totals.heading_words::float8 / greatest(1, totals.headings));

  RETURN QUERY
  WITH wanted AS MATERIALIZED (
    SELECT t.query::tsquery AS query, t.forms, t.n
    FROM ROWS FROM (unnest(terms, forms)) WITH ORDINALITY AS t(query, forms, n)
  ),
  -- What matches where; the key is three times the number of the term, and one more for the heading. All of them as a
  -- title have the key 2. OFFSET 0 keeps the ranks from being computed once for each time that they are used.
  parts AS MATERIALIZED (
    SELECT n * 3 AS key, entity_id, count(*) AS matches, max(tf) AS tf,
           max(bm25(tf, length, mean)) AS part
    FROM (
      SELECT n, entity_id, length, term_frequency(rank, forms) AS tf
      FROM wanted w, LATERAL (
        SELECT c.entity_id, c.length, ts_rank('{1,1,1,1}', c.body, w.query) AS rank
        FROM search_chunks c WHERE c.body @@ w.query AND c.user_id = me OFFSET 0
      ) ranks
    ) hits
    GROUP BY n, entity_id
    UNION ALL
    SELECT n * 3 + 1, entity_id, 1, tf, bm25(tf, length, heading_mean)
    FROM (
      SELECT n, entity_id, length, term_frequency(rank, forms) AS tf
      FROM wanted w, LATERAL (
        SELECT c.entity_id, c.heading_length AS length, ts_rank('{1,1,1,1}', c.heading, w.query) AS rank
        FROM search_chunks c WHERE c.heading @@ w.query AND c.heading IS NOT NULL AND c.user_id = me OFFSET 0
      ) ranks
    ) hits
    UNION ALL
    SELECT 2, c.entity_id, 1, 1, CASE WHEN c.title_length = title_words THEN 2 ELSE 1 END
    FROM search_chunks c
    WHERE title <> '' AND c.heading @@ title::tsquery AND c.heading IS NOT NULL AND c.user_id = me
  ),
  weights AS MATERIALIZED (
    SELECT key, ln(1 + greatest(0, all_ - df + 0.5) / (df + 0.5)) AS idf
    FROM (
      SELECT key, sum(matches)::float8 AS df,
             (CASE WHEN key % 3 = 0 THEN totals.chunks ELSE totals.headings END)::float8 AS all_
      FROM parts GROUP BY key
    ) f
  ),
  ranked AS MATERIALIZED (
    SELECT entity_id, sum(part * idf) AS score FROM parts JOIN weights USING (key) GROUP BY entity_id
  ),
  possible AS (
    SELECT * FROM ranked r
    WHERE (cardinality(required) = 0 OR r.entity_id IN (
        SELECT c.entity_id
        FROM unnest(required) WITH ORDINALITY AS q(query, n), LATERAL (
          SELECT c.entity_id FROM search_chunks c WHERE c.body @@ q.query::tsquery AND c.user_id = me
          UNION
          SELECT c.entity_id FROM search_chunks c
          WHERE c.heading @@ q.query::tsquery AND c.heading IS NOT NULL AND c.user_id = me
        ) c
        GROUP BY c.entity_id HAVING count(*) = cardinality(required)))
      AND (cardinality(excluded) = 0 OR r.entity_id NOT IN (
        SELECT c.entity_id
        FROM unnest(excluded) AS q(query), LATERAL (
          SELECT c.entity_id FROM search_chunks c WHERE c.body @@ q.query::tsquery AND c.user_id = me
          UNION ALL
          SELECT c.entity_id FROM search_chunks c
          WHERE c.heading @@ q.query::tsquery AND c.heading IS NOT NULL AND c.user_id = me
        ) c))
    ORDER BY r.score DESC, r.entity_id DESC
  ),
  best AS (
    -- One by one from the best on, until there are enough.
    SELECT p.* FROM possible p, LATERAL (
      SELECT FROM entities e
      WHERE e.id = p.entity_id AND e.user_id = me AND e.deleted_at IS NULL
        AND (types IS NULL OR e.type = ANY (types)) AND (with_tags IS NULL OR e.tags @> with_tags)
        AND (after IS NULL OR e.updated_at >= after) AND (before IS NULL OR e.updated_at < before)
      OFFSET 0
    ) e
    ORDER BY p.score DESC, p.entity_id DESC
    LIMIT most
  )
  SELECT b.entity_id, b.score, CASE WHEN explain THEN (
    SELECT jsonb_agg(jsonb_build_object('n', key / 3, 'field', (ARRAY['content', 'heading', 'title'])[key % 3 + 1], 'frequency', tf, 'idf', idf, 'score', part * idf)
                     ORDER BY part * idf DESC)
    FROM parts p JOIN weights USING (key) WHERE p.entity_id = b.entity_id) END
  FROM best b ORDER BY b.score DESC, b.entity_id DESC;
END
$search$;
REVOKE ALL ON FUNCTION
  search_entities(text[], integer[], text[], text[], text, integer, text[], text[], timestamptz, timestamptz, integer, boolean)
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
  search_entities(text[], integer[], text[], text[], text, integer, text[], text[], timestamptz, timestamptz, integer, boolean)
  TO synap_app;
