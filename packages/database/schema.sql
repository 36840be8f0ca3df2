table auth.api_keys r owner synap_owner
table auth.sessions r owner synap_owner
table auth.sign_in_links r owner synap_owner
table auth.users r owner synap_owner
table synap.entities r row security forced with fillfactor=85 owner synap_owner
table synap.entity_history r row security forced owner synap_owner
table synap.entity_origins r row security forced owner synap_owner
table synap.entity_tags r row security forced owner synap_owner
table synap.entity_vectors r row security forced owner synap_owner
table synap.entity_versions v with security_invoker=true owner synap_owner
table synap.event_ids r owner synap_owner
table synap.event_private r owner synap_owner
table synap.event_streams r owner synap_owner
table synap.events p owner synap_owner
table synap.events_default r owner synap_owner
table synap.log_head r with fillfactor=10 owner synap_owner
table synap.migrations r owner synap_owner
table synap.relations r row security forced owner synap_owner
table synap.search_chunks r row security forced with toast_tuple_target=8160 owner synap_owner
table synap.search_totals r row security forced with fillfactor=50 owner synap_owner
table synap.tags r row security forced owner synap_owner
table synap.task_details r row security forced owner synap_owner
table synap.uploads r row security forced owner synap_owner
table synap.user_event_ids v with security_barrier=true owner synap_owner
table synap.user_event_streams v with security_barrier=true owner synap_owner
table synap.user_events v with security_barrier=true owner synap_owner

column auth.api_keys.id uuid not null
column auth.api_keys.user_id text not null
column auth.api_keys.name text not null
column auth.api_keys.prefix text not null
column auth.api_keys.hash bytea not null
column auth.api_keys.scopes text[] not null
column auth.api_keys.created_at timestamp with time zone not null default now()
column auth.api_keys.expires_at timestamp with time zone
column auth.api_keys.revoked_at timestamp with time zone
column auth.sessions.hash bytea not null
column auth.sessions.user_id text not null
column auth.sessions.user_agent text
column auth.sessions.created_at timestamp with time zone not null
column auth.sessions.refreshed_at timestamp with time zone not null
column auth.sessions.expires_at timestamp with time zone not null
column auth.sign_in_links.hash bytea not null
column auth.sign_in_links.user_id text not null
column auth.sign_in_links.created_at timestamp with time zone not null
column auth.sign_in_links.expires_at timestamp with time zone not null
column auth.sign_in_links.used_at timestamp with time zone
column auth.users.id text not null
column auth.users.name text not null
column auth.users.email text
column auth.users.role text not null
column auth.users.created_at timestamp with time zone not null default now()
column synap.appended.position bigint
column synap.appended.recorded_at timestamp with time zone
column synap.appended.timestamp timestamp with time zone
column synap.appended.id uuid
column synap.appended.aggregate_id uuid
column synap.appended.aggregate_type text
column synap.appended.event_type text
column synap.appended.schema_version smallint
column synap.appended.user_id text
column synap.appended.data jsonb
column synap.appended.metadata jsonb
column synap.appended.version integer
column synap.appended.causation_id uuid
column synap.appended.correlation_id uuid
column synap.appended.source text
column synap.appended.event_hash bytea
column synap.appended.chain bytea
column synap.appended.salt bytea
column synap.appended.hidden jsonb
column synap.appended.procedure text
column synap.appended.idempotency_key text
column synap.appended.input_hash bytea
column synap.entities.id uuid not null
column synap.entities.user_id text not null
column synap.entities.type text not null
column synap.entities.title text
column synap.entities.preview text not null
column synap.entities.tags text[] not null
column synap.entities.path text
column synap.entities.file_url text
column synap.entities.file_path text
column synap.entities.file_size bigint
column synap.entities.file_type text
column synap.entities.checksum text
column synap.entities.version integer not null
column synap.entities.position bigint not null
column synap.entities.created_at timestamp with time zone not null
column synap.entities.updated_at timestamp with time zone not null
column synap.entities.deleted_at timestamp with time zone
column synap.entity_history.id uuid not null
column synap.entity_history.version integer not null
column synap.entity_history.user_id text not null
column synap.entity_history.type text not null
column synap.entity_history.title text
column synap.entity_history.preview text not null
column synap.entity_history.tags text[] not null
column synap.entity_history.path text
column synap.entity_history.file_path text
column synap.entity_history.file_size bigint
column synap.entity_history.file_type text
column synap.entity_history.checksum text
column synap.entity_history.status text
column synap.entity_history.priority integer
column synap.entity_history.due_date timestamp with time zone
column synap.entity_history.completed_at timestamp with time zone
column synap.entity_history.position bigint not null
column synap.entity_history.created_at timestamp with time zone not null
column synap.entity_history.updated_at timestamp with time zone not null
column synap.entity_history.deleted_at timestamp with time zone
column synap.entity_history.valid_to timestamp with time zone not null
column synap.entity_origins.entity_id uuid not null
column synap.entity_origins.user_id text not null
column synap.entity_origins.source text not null
column synap.entity_origins.path text not null
column synap.entity_origins.name text not null
column synap.entity_origins.checksum text not null
column synap.entity_origins.modified_at timestamp with time zone not null
column synap.entity_origins.version integer not null
column synap.entity_origins.position bigint not null
column synap.entity_tags.entity_id uuid not null
column synap.entity_tags.tag_id uuid not null
column synap.entity_tags.user_id text not null
column synap.entity_vectors.entity_id uuid not null
column synap.entity_vectors.user_id text not null
column synap.entity_vectors.entity_version integer not null
column synap.entity_vectors.embedding vector(1536)
column synap.entity_vectors.embedding_model text not null default 'text-embedding-3-small'::text
column synap.entity_vectors.entity_type text
column synap.entity_vectors.title text
column synap.entity_vectors.preview text
column synap.entity_vectors.indexed_at timestamp with time zone not null default now()
column synap.entity_versions.id uuid
column synap.entity_versions.version integer
column synap.entity_versions.user_id text
column synap.entity_versions.type text
column synap.entity_versions.title text
column synap.entity_versions.preview text
column synap.entity_versions.tags text[]
column synap.entity_versions.path text
column synap.entity_versions.file_path text
column synap.entity_versions.file_size bigint
column synap.entity_versions.file_type text
column synap.entity_versions.checksum text
column synap.entity_versions.status text
column synap.entity_versions.priority integer
column synap.entity_versions.due_date timestamp with time zone
column synap.entity_versions.completed_at timestamp with time zone
column synap.entity_versions.position bigint
column synap.entity_versions.created_at timestamp with time zone
column synap.entity_versions.updated_at timestamp with time zone
column synap.entity_versions.deleted_at timestamp with time zone
column synap.entity_versions.valid_to timestamp with time zone
column synap.event_ids.event_id uuid not null
column synap.event_ids.user_id text not null
column synap.event_ids.aggregate_id uuid not null
column synap.event_ids.version integer not null
column synap.event_ids.position bigint not null
column synap.event_ids.recorded_at timestamp with time zone not null
column synap.event_ids.procedure text
column synap.event_ids.idempotency_key text
column synap.event_ids.input_hash bytea
column synap.event_private.position bigint not null
column synap.event_private.salt bytea not null
column synap.event_private.fields jsonb not null
column synap.event_streams.aggregate_id uuid not null
column synap.event_streams.user_id text not null
column synap.event_streams.aggregate_type text not null
column synap.event_streams.version integer not null
column synap.event_streams.position bigint not null
column synap.event_streams.created_at timestamp with time zone not null
column synap.events.position bigint not null
column synap.events.recorded_at timestamp with time zone not null
column synap.events.timestamp timestamp with time zone not null
column synap.events.id uuid not null
column synap.events.aggregate_id uuid not null
column synap.events.aggregate_type text not null
column synap.events.event_type text not null
column synap.events.schema_version smallint not null
column synap.events.user_id text not null
column synap.events.data jsonb not null
column synap.events.metadata jsonb
column synap.events.version integer not null
column synap.events.causation_id uuid
column synap.events.correlation_id uuid
column synap.events.source text not null
column synap.events.event_hash bytea not null
column synap.events.chain bytea not null
column synap.events_default.position bigint not null
column synap.events_default.recorded_at timestamp with time zone not null
column synap.events_default.timestamp timestamp with time zone not null
column synap.events_default.id uuid not null
column synap.events_default.aggregate_id uuid not null
column synap.events_default.aggregate_type text not null
column synap.events_default.event_type text not null
column synap.events_default.schema_version smallint not null
column synap.events_default.user_id text not null
column synap.events_default.data jsonb not null
column synap.events_default.metadata jsonb
column synap.events_default.version integer not null
column synap.events_default.causation_id uuid
column synap.events_default.correlation_id uuid
column synap.events_default.source text not null
column synap.events_default.event_hash bytea not null
column synap.events_default.chain bytea not null
column synap.log_head.one boolean not null default true
column synap.log_head.position bigint not null
column synap.log_head.chain bytea not null
column synap.log_head.recorded_at timestamp with time zone not null
column synap.migrations.version integer not null
column synap.migrations.name text not null
column synap.migrations.checksum text not null
column synap.migrations.applied_at timestamp with time zone not null default now()
column synap.relations.id uuid not null
column synap.relations.user_id text not null
column synap.relations.source_entity_id uuid not null
column synap.relations.target_entity_id uuid not null
column synap.relations.type text not null
column synap.relations.position bigint not null
column synap.relations.created_at timestamp with time zone not null
column synap.search_chunks.entity_id uuid not null
column synap.search_chunks.chunk smallint not null
column synap.search_chunks.user_id text not null
column synap.search_chunks.heading tsvector
column synap.search_chunks.heading_length integer not null default 0
column synap.search_chunks.title_length integer not null default 0
column synap.search_chunks.body tsvector not null
column synap.search_chunks.length integer not null
column synap.search_chunks.analyzer smallint not null
column synap.search_chunks.entity_version integer not null
column synap.search_totals.user_id text not null
column synap.search_totals.chunks bigint not null
column synap.search_totals.words bigint not null
column synap.search_totals.headings bigint not null
column synap.search_totals.heading_words bigint not null
column synap.tags.id uuid not null
column synap.tags.user_id text not null
column synap.tags.name text not null
column synap.tags.color text
column synap.tags.created_at timestamp with time zone not null
column synap.task_details.entity_id uuid not null
column synap.task_details.user_id text not null
column synap.task_details.status text not null
column synap.task_details.priority integer not null
column synap.task_details.due_date timestamp with time zone
column synap.task_details.completed_at timestamp with time zone
column synap.task_details.position bigint not null
column synap.uploads.id uuid not null
column synap.uploads.user_id text not null
column synap.uploads.entity_id uuid not null
column synap.uploads.name text not null
column synap.uploads.content_type text not null
column synap.uploads.size bigint not null
column synap.uploads.checksum text not null
column synap.uploads.state text not null default 'announced'::text
column synap.uploads.object_key text
column synap.uploads.file_type text
column synap.uploads.preview text
column synap.uploads.idempotency_key text
column synap.uploads.input_hash bytea
column synap.uploads.created_at timestamp with time zone not null default now()
column synap.uploads.expires_at timestamp with time zone not null
column synap.user_event_ids.event_id uuid
column synap.user_event_ids.user_id text
column synap.user_event_ids.aggregate_id uuid
column synap.user_event_ids.version integer
column synap.user_event_ids.position bigint
column synap.user_event_ids.recorded_at timestamp with time zone
column synap.user_event_ids.procedure text
column synap.user_event_ids.idempotency_key text
column synap.user_event_ids.input_hash bytea
column synap.user_event_streams.aggregate_id uuid
column synap.user_event_streams.user_id text
column synap.user_event_streams.aggregate_type text
column synap.user_event_streams.version integer
column synap.user_event_streams.position bigint
column synap.user_event_streams.created_at timestamp with time zone
column synap.user_events.position bigint
column synap.user_events.recorded_at timestamp with time zone
column synap.user_events.timestamp timestamp with time zone
column synap.user_events.id uuid
column synap.user_events.aggregate_id uuid
column synap.user_events.aggregate_type text
column synap.user_events.event_type text
column synap.user_events.schema_version smallint
column synap.user_events.user_id text
column synap.user_events.data jsonb
column synap.user_events.private jsonb
column synap.user_events.metadata jsonb
column synap.user_events.version integer
column synap.user_events.causation_id uuid
column synap.user_events.correlation_id uuid
column synap.user_events.source text

constraint auth.api_keys CHECK (((cardinality(scopes) > 0) AND (scopes <@ ARRAY['read'::text, 'write'::text, 'admin'::text])))
constraint auth.api_keys CHECK ((length(hash) = 32))
constraint auth.api_keys FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE
constraint auth.api_keys PRIMARY KEY (id)
constraint auth.api_keys UNIQUE (hash)
constraint auth.sessions CHECK ((length(hash) = 32))
constraint auth.sessions FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE
constraint auth.sessions PRIMARY KEY (hash)
constraint auth.sign_in_links CHECK ((length(hash) = 32))
constraint auth.sign_in_links FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE
constraint auth.sign_in_links PRIMARY KEY (hash)
constraint auth.users CHECK ((role = ANY (ARRAY['owner'::text, 'user'::text])))
constraint auth.users PRIMARY KEY (id)
constraint auth.users UNIQUE (email)
constraint synap.entities CHECK ((file_size >= 0))
constraint synap.entities CHECK ((file_type = ANY (ARRAY['markdown'::text, 'pdf'::text, 'audio'::text, 'video'::text, 'image'::text, 'other'::text])))
constraint synap.entities PRIMARY KEY (id)
constraint synap.entity_history PRIMARY KEY (id, version)
constraint synap.entity_origins PRIMARY KEY (entity_id)
constraint synap.entity_tags PRIMARY KEY (entity_id, tag_id)
constraint synap.entity_vectors PRIMARY KEY (entity_id)
constraint synap.event_ids PRIMARY KEY (event_id)
constraint synap.event_private PRIMARY KEY ("position")
constraint synap.event_streams PRIMARY KEY (aggregate_id)
constraint synap.events PRIMARY KEY ("position", recorded_at)
constraint synap.events_default PRIMARY KEY ("position", recorded_at)
constraint synap.log_head CHECK (one)
constraint synap.log_head PRIMARY KEY (one)
constraint synap.migrations PRIMARY KEY (version)
constraint synap.relations CHECK ((type = ANY (ARRAY['contains'::text, 'relates_to'::text, 'blocks'::text, 'duplicates'::text, 'mentions'::text, 'derived_from'::text])))
constraint synap.relations PRIMARY KEY (id)
constraint synap.search_chunks PRIMARY KEY (entity_id, chunk)
constraint synap.search_totals PRIMARY KEY (user_id)
constraint synap.tags PRIMARY KEY (id)
constraint synap.tags UNIQUE (user_id, name)
constraint synap.task_details CHECK ((status = ANY (ARRAY['todo'::text, 'in_progress'::text, 'done'::text, 'cancelled'::text])))
constraint synap.task_details PRIMARY KEY (entity_id)
constraint synap.uploads CHECK (((object_key IS NOT NULL) = (state = 'stored'::text)))
constraint synap.uploads CHECK ((size >= 0))
constraint synap.uploads CHECK ((state = ANY (ARRAY['announced'::text, 'stored'::text])))
constraint synap.uploads PRIMARY KEY (id)
constraint synap.uploads UNIQUE (entity_id)

index CREATE INDEX api_keys_user ON auth.api_keys USING btree (user_id)
index CREATE INDEX entities_deleted ON synap.entities USING btree (user_id, created_at DESC, id) WHERE (deleted_at IS NOT NULL)
index CREATE INDEX entities_feed ON synap.entities USING btree (user_id, created_at DESC, id) WHERE (deleted_at IS NULL)
index CREATE INDEX entity_history_feed ON synap.entity_history USING btree (user_id, created_at DESC, id)
index CREATE INDEX entity_origins_name ON synap.entity_origins USING btree (user_id, name)
index CREATE INDEX entity_origins_path ON synap.entity_origins USING btree (user_id, source, path COLLATE "C")
index CREATE INDEX entity_tags_tag ON synap.entity_tags USING btree (tag_id, entity_id)
index CREATE INDEX entity_vectors_embedding ON synap.entity_vectors USING hnsw (embedding vector_cosine_ops)
index CREATE INDEX entity_vectors_user ON synap.entity_vectors USING btree (user_id)
index CREATE INDEX events_aggregate ON ONLY synap.events USING btree (aggregate_id, version)
index CREATE INDEX events_correlation ON ONLY synap.events USING btree (correlation_id) WHERE (correlation_id IS NOT NULL)
index CREATE INDEX events_default_aggregate_id_version_idx ON synap.events_default USING btree (aggregate_id, version)
index CREATE INDEX events_default_correlation_id_idx ON synap.events_default USING btree (correlation_id) WHERE (correlation_id IS NOT NULL)
index CREATE INDEX events_default_user_id_position_idx ON synap.events_default USING btree (user_id, "position")
index CREATE INDEX events_user ON ONLY synap.events USING btree (user_id, "position")
index CREATE INDEX relations_source ON synap.relations USING btree (user_id, source_entity_id)
index CREATE INDEX relations_target ON synap.relations USING btree (user_id, target_entity_id)
index CREATE INDEX search_chunks_body ON synap.search_chunks USING gin (body) WITH (gin_pending_list_limit='256')
index CREATE INDEX search_chunks_heading ON synap.search_chunks USING gin (heading) WITH (gin_pending_list_limit='64') WHERE (heading IS NOT NULL)
index CREATE INDEX sessions_expiry ON auth.sessions USING btree (expires_at)
index CREATE INDEX sessions_user ON auth.sessions USING btree (user_id)
index CREATE INDEX sign_in_links_expiry ON auth.sign_in_links USING btree (expires_at)
index CREATE INDEX sign_in_links_user ON auth.sign_in_links USING btree (user_id)
index CREATE INDEX task_details_status ON synap.task_details USING btree (user_id, status)
index CREATE INDEX uploads_expired ON synap.uploads USING btree (user_id, expires_at)
index CREATE UNIQUE INDEX api_keys_hash_key ON auth.api_keys USING btree (hash)
index CREATE UNIQUE INDEX api_keys_pkey ON auth.api_keys USING btree (id)
index CREATE UNIQUE INDEX entities_pkey ON synap.entities USING btree (id)
index CREATE UNIQUE INDEX entity_history_pkey ON synap.entity_history USING btree (id, version)
index CREATE UNIQUE INDEX entity_origins_pkey ON synap.entity_origins USING btree (entity_id)
index CREATE UNIQUE INDEX entity_tags_pkey ON synap.entity_tags USING btree (entity_id, tag_id)
index CREATE UNIQUE INDEX entity_vectors_pkey ON synap.entity_vectors USING btree (entity_id)
index CREATE UNIQUE INDEX event_ids_idempotency ON synap.event_ids USING btree (user_id, procedure, idempotency_key) WHERE (idempotency_key IS NOT NULL)
index CREATE UNIQUE INDEX event_ids_pkey ON synap.event_ids USING btree (event_id)
index CREATE UNIQUE INDEX event_private_pkey ON synap.event_private USING btree ("position")
index CREATE UNIQUE INDEX event_streams_pkey ON synap.event_streams USING btree (aggregate_id)
index CREATE UNIQUE INDEX events_default_pkey ON synap.events_default USING btree ("position", recorded_at)
index CREATE UNIQUE INDEX events_pkey ON ONLY synap.events USING btree ("position", recorded_at)
index CREATE UNIQUE INDEX log_head_pkey ON synap.log_head USING btree (one)
index CREATE UNIQUE INDEX migrations_pkey ON synap.migrations USING btree (version)
index CREATE UNIQUE INDEX relations_pkey ON synap.relations USING btree (id)
index CREATE UNIQUE INDEX search_chunks_pkey ON synap.search_chunks USING btree (entity_id, chunk)
index CREATE UNIQUE INDEX search_totals_pkey ON synap.search_totals USING btree (user_id)
index CREATE UNIQUE INDEX sessions_pkey ON auth.sessions USING btree (hash)
index CREATE UNIQUE INDEX sign_in_links_pkey ON auth.sign_in_links USING btree (hash)
index CREATE UNIQUE INDEX tags_pkey ON synap.tags USING btree (id)
index CREATE UNIQUE INDEX tags_user_id_name_key ON synap.tags USING btree (user_id, name)
index CREATE UNIQUE INDEX task_details_pkey ON synap.task_details USING btree (entity_id)
index CREATE UNIQUE INDEX uploads_entity_id_key ON synap.uploads USING btree (entity_id)
index CREATE UNIQUE INDEX uploads_idempotency ON synap.uploads USING btree (user_id, idempotency_key) WHERE (idempotency_key IS NOT NULL)
index CREATE UNIQUE INDEX uploads_pkey ON synap.uploads USING btree (id)
index CREATE UNIQUE INDEX users_email_key ON auth.users USING btree (email)
index CREATE UNIQUE INDEX users_one_owner ON auth.users USING btree (role) WHERE (role = 'owner'::text)
index CREATE UNIQUE INDEX users_pkey ON auth.users USING btree (id)

policy every_row on synap.entities for ALL to synap_owner, synap_writer using true check true
policy every_row on synap.entity_history for ALL to synap_owner, synap_writer using true check true
policy every_row on synap.entity_origins for ALL to synap_owner, synap_writer using true check true
policy every_row on synap.entity_tags for ALL to synap_owner, synap_writer using true check true
policy every_row on synap.entity_vectors for ALL to synap_owner, synap_writer using true check true
policy every_row on synap.relations for ALL to synap_owner, synap_writer using true check true
policy every_row on synap.search_chunks for ALL to synap_owner, synap_writer using true check true
policy every_row on synap.search_totals for ALL to synap_owner, synap_writer using true check true
policy every_row on synap.tags for ALL to synap_owner, synap_writer using true check true
policy every_row on synap.task_details for ALL to synap_owner, synap_writer using true check true
policy every_row on synap.uploads for ALL to synap_owner using true check true
policy own_rows on synap.entities for SELECT to synap_app using (user_id = current_user_id()) check
policy own_rows on synap.entity_history for SELECT to synap_app using (user_id = current_user_id()) check
policy own_rows on synap.entity_origins for SELECT to synap_app using (user_id = current_user_id()) check
policy own_rows on synap.entity_tags for SELECT to synap_app using (user_id = current_user_id()) check
policy own_rows on synap.entity_vectors for SELECT to synap_app using (user_id = current_user_id()) check
policy own_rows on synap.relations for SELECT to synap_app using (user_id = current_user_id()) check
policy own_rows on synap.search_chunks for SELECT to synap_app using (user_id = current_user_id()) check
policy own_rows on synap.search_totals for SELECT to synap_app using (user_id = current_user_id()) check
policy own_rows on synap.tags for SELECT to synap_app using (user_id = current_user_id()) check
policy own_rows on synap.task_details for SELECT to synap_app using (user_id = current_user_id()) check
policy own_rows on synap.uploads for ALL to synap_app using (user_id = current_user_id()) check (user_id = current_user_id())

grant DELETE, INSERT, SELECT, UPDATE on auth.api_keys to synap_auth
grant DELETE, INSERT, SELECT, UPDATE on auth.sessions to synap_auth
grant DELETE, INSERT, SELECT, UPDATE on auth.sign_in_links to synap_auth
grant DELETE, INSERT, SELECT, UPDATE on auth.users to synap_auth
grant DELETE, INSERT, SELECT, UPDATE on synap.entities to synap_writer
grant DELETE, INSERT, SELECT, UPDATE on synap.entity_history to synap_writer
grant DELETE, INSERT, SELECT, UPDATE on synap.entity_origins to synap_writer
grant DELETE, INSERT, SELECT, UPDATE on synap.entity_tags to synap_writer
grant DELETE, INSERT, SELECT, UPDATE on synap.entity_vectors to synap_writer
grant DELETE, INSERT, SELECT, UPDATE on synap.relations to synap_writer
grant DELETE, INSERT, SELECT, UPDATE on synap.search_chunks to synap_writer
grant DELETE, INSERT, SELECT, UPDATE on synap.search_totals to synap_writer
grant DELETE, INSERT, SELECT, UPDATE on synap.tags to synap_writer
grant DELETE, INSERT, SELECT, UPDATE on synap.task_details to synap_writer
grant DELETE, INSERT, SELECT, UPDATE on synap.uploads to synap_app
grant INSERT, SELECT on synap.event_ids to synap_writer
grant INSERT, SELECT on synap.event_private to synap_writer
grant INSERT, SELECT on synap.events to synap_writer
grant INSERT, SELECT, UPDATE on synap.event_streams to synap_writer
grant SELECT on synap.entities to synap_app
grant SELECT on synap.entity_history to synap_app
grant SELECT on synap.entity_origins to synap_app
grant SELECT on synap.entity_tags to synap_app
grant SELECT on synap.entity_vectors to synap_app
grant SELECT on synap.entity_versions to synap_app
grant SELECT on synap.migrations to PUBLIC
grant SELECT on synap.relations to synap_app
grant SELECT on synap.search_chunks to synap_app
grant SELECT on synap.search_totals to synap_app
grant SELECT on synap.tags to synap_app
grant SELECT on synap.task_details to synap_app
grant SELECT on synap.user_event_ids to synap_app
grant SELECT on synap.user_event_streams to synap_app
grant SELECT on synap.user_events to synap_app
grant SELECT, UPDATE on synap.log_head to synap_writer

view synap.entity_versions
 SELECT t.id,
    t.version,
    t.user_id,
    t.type,
    t.title,
    t.preview,
    t.tags,
    t.path,
    t.file_path,
    t.file_size,
    t.file_type,
    t.checksum,
    d.status,
    d.priority,
    d.due_date,
    d.completed_at,
    t."position",
    t.created_at,
    t.updated_at,
    t.deleted_at,
    'infinity'::timestamp with time zone AS valid_to
   FROM entities t
     LEFT JOIN task_details d ON d.entity_id = t.id
UNION ALL
 SELECT entity_history.id,
    entity_history.version,
    entity_history.user_id,
    entity_history.type,
    entity_history.title,
    entity_history.preview,
    entity_history.tags,
    entity_history.path,
    entity_history.file_path,
    entity_history.file_size,
    entity_history.file_type,
    entity_history.checksum,
    entity_history.status,
    entity_history.priority,
    entity_history.due_date,
    entity_history.completed_at,
    entity_history."position",
    entity_history.created_at,
    entity_history.updated_at,
    entity_history.deleted_at,
    entity_history.valid_to
   FROM entity_history;
view synap.user_event_ids
 SELECT event_id,
    user_id,
    aggregate_id,
    version,
    "position",
    recorded_at,
    procedure,
    idempotency_key,
    input_hash
   FROM event_ids
  WHERE user_id = current_user_id();
view synap.user_event_streams
 SELECT aggregate_id,
    user_id,
    aggregate_type,
    version,
    "position",
    created_at
   FROM event_streams
  WHERE user_id = current_user_id();
view synap.user_events
 SELECT e."position",
    e.recorded_at,
    e."timestamp",
    e.id,
    e.aggregate_id,
    e.aggregate_type,
    e.event_type,
    e.schema_version,
    e.user_id,
    e.data,
    p.fields AS private,
    e.metadata,
    e.version,
    e.causation_id,
    e.correlation_id,
    e.source
   FROM events e
     LEFT JOIN event_private p USING ("position")
  WHERE e.user_id = current_user_id();

CREATE OR REPLACE FUNCTION synap.append_events(items jsonb)
 RETURNS TABLE(n integer, status text, version integer, "position" bigint, recorded_ms bigint, aggregate_id uuid, event_id uuid)
 LANGUAGE plpgsql
 SET search_path TO 'synap', 'public'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
DECLARE
  head log_head;
  now_ timestamptz;
  now_ms bigint;
  item record;
  first event_ids;
  list appended[];
  won integer := 0;
  effects integer := 0;
  -- Of every item its position, or NULL where it did not win.
  placed bigint[] := '{}';
BEGIN
  SET LOCAL ROLE synap_writer;

  -- From here to the end of the transaction nobody else appends: what is read below stays true. Not the lock of the head's
  -- row, for whoever waited for that looks at the row a second time, and it is written once more.
  PERFORM pg_advisory_xact_lock(hashtext('synap.log'));
  SELECT * INTO head FROM log_head;
  now_ := greatest(date_trunc('milliseconds', clock_timestamp()), head.recorded_at);
  now_ms := extract(epoch FROM now_) * 1000;

  FOR item IN
    SELECT n, id, "aggregateId", "aggregateType", "eventType", "schemaVersion", "userId", data, metadata, "causationId",
           "correlationId", source, decode(hash, 'base64') AS hash, coalesce("timestamp", now_) AS timestamp,
           decode(salt, 'base64') AS salt, private, procedure, key, input_hash, coalesce((stream).version, 0) AS version,
           -- The idempotency key decides where both are found.
           CASE WHEN (same_key).event_id IS NULL THEN same_id ELSE same_key END AS first,
           CASE
             WHEN (same_key).input_hash <> input_hash THEN 'reused'
             WHEN (same_key).event_id IS NOT NULL THEN 'duplicate'
             WHEN (same_id).user_id <> "userId" THEN 'denied'
             WHEN (same_id).event_id IS NOT NULL THEN 'duplicate'
             WHEN (stream).user_id <> "userId" THEN 'denied'
             WHEN expected = -1 THEN 'ok'
             WHEN expected = -3 AND (stream).version > 0 THEN 'ok'
             WHEN expected IN (-2, 0) AND (stream).version IS NULL THEN 'ok'
             WHEN expected = (stream).version THEN 'ok'
             ELSE 'conflict'
           END AS status
    FROM (
      SELECT i.*, decode("inputHash", 'base64') AS input_hash,
        -- Subqueries, because a join might be planned to read the whole table.
        (SELECT s FROM event_streams s WHERE s.aggregate_id = "aggregateId") AS stream,
        -- What was written before under the same event id or idempotency key.
        (SELECT f FROM event_ids f WHERE f.event_id = i.id) AS same_id,
        CASE WHEN i.key IS NOT NULL THEN
          (SELECT f FROM event_ids f
           WHERE f.user_id = "userId" AND f.procedure = i.procedure AND f.idempotency_key = i.key)
        END AS same_key
      FROM jsonb_to_recordset(items) AS i(n integer, id uuid, "aggregateId" uuid, "aggregateType" text,
        "eventType" text, "schemaVersion" smallint, "userId" text, data jsonb, metadata jsonb, "causationId" uuid,
        "correlationId" uuid, source text, hash text, salt text, private jsonb, "timestamp" timestamptz, expected integer,
        procedure text, key text, "inputHash" text)
      -- A fence: each lookup is done once and not wherever its result is used.
      OFFSET 0
    ) i
  LOOP
    n := item.n;
    status := item.status;
    IF status = 'ok' THEN
      version := item.version + 1;
      position := head.position + 1;
      recorded_ms := now_ms;
      head.position := position;
      head.chain := sha256(head.chain || item.hash || int8send(position) || int4send(version) || int8send(now_ms)
                           || int8send((extract(epoch FROM item.timestamp) * 1000)::bigint));
      won := won + 1;
      placed := placed || position;
      list[won] := ROW(position, now_, item.timestamp, item.id, item."aggregateId", item."aggregateType",
        item."eventType", item."schemaVersion", item."userId", item.data, item.metadata, version, item."causationId",
        item."correlationId", item.source, item.hash, head.chain, item.salt, item.private, item.procedure, item.key,
        item.input_hash)::appended;
      effects := effects | effects(item."eventType", item.data, item.private);
    ELSE
      first := item.first;
      version := coalesce(first.version, item.version);
      position := first.position;
      recorded_ms := coalesce((extract(epoch FROM first.recorded_at) * 1000)::bigint, now_ms);
      aggregate_id := first.aggregate_id;
      event_id := first.event_id;
      placed := placed || NULL::bigint;
    END IF;
    RETURN NEXT;
    aggregate_id := NULL;
    event_id := NULL;
  END LOOP;
  IF won = 0 THEN RETURN; END IF;

  WITH streams AS (
    INSERT INTO event_streams (aggregate_id, user_id, aggregate_type, version, position, created_at)
    SELECT aggregate_id, user_id, aggregate_type, version, position, recorded_at FROM unnest(list)
    ON CONFLICT (aggregate_id) DO UPDATE SET version = excluded.version, position = excluded.position
  ), log AS (
    INSERT INTO events (position, recorded_at, timestamp, id, aggregate_id, aggregate_type, event_type, schema_version,
      user_id, data, metadata, version, causation_id, correlation_id, source, event_hash, chain)
    SELECT position, recorded_at, timestamp, id, aggregate_id, aggregate_type, event_type, schema_version, user_id,
      data, metadata, version, causation_id, correlation_id, source, event_hash, chain FROM unnest(list)
  ), private AS (
    INSERT INTO event_private (position, salt, fields)
    SELECT position, salt, hidden FROM unnest(list) WHERE salt IS NOT NULL
  ), ids AS (
    INSERT INTO event_ids (event_id, user_id, aggregate_id, version, position, recorded_at, procedure, idempotency_key,
      input_hash)
    SELECT id, user_id, aggregate_id, version, position, recorded_at, procedure, idempotency_key, input_hash
    FROM unnest(list)
  )
  UPDATE log_head SET position = head.position, chain = head.chain, recorded_at = now_
  WHERE position = head.position - won;
  IF NOT FOUND THEN
    RAISE serialization_failure USING MESSAGE = 'Somebody wrote to the log without its lock.';
  END IF;

  PERFORM project_events(list, effects);
  PERFORM index_content(items, placed);
END
$function$
-- not for everybody
CREATE OR REPLACE FUNCTION synap.bm25(frequency double precision, length integer, mean_length double precision)
 RETURNS double precision
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT float8 '2.2' * frequency
           / (frequency + float8 '1.2' * (float8 '0.25' + float8 '0.75' * length / mean_length))
  $function$
CREATE OR REPLACE FUNCTION synap.changes_entity(event_type text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT event_type IN ('entity.updated', 'entity.title_changed', 'entity.file_uploaded', 'entity.deleted',
                          'entity.restored', 'task.status_changed', 'task.completed')
  $function$
CREATE OR REPLACE FUNCTION synap.count_search_chunks()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'synap', 'public'
AS $function$
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
$function$
CREATE OR REPLACE FUNCTION synap.create_entity_projections()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
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
$function$
-- not for everybody
CREATE OR REPLACE FUNCTION synap.create_origins()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
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
$function$
-- not for everybody
CREATE OR REPLACE FUNCTION synap.create_projections()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
  PERFORM create_entity_projections();
  PERFORM create_origins();
END
$function$
-- not for everybody
CREATE OR REPLACE FUNCTION synap.current_user_id()
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ SELECT nullif(current_setting('synap.user_id', true), '') $function$
CREATE OR REPLACE FUNCTION synap.effects(event_type text, data jsonb, hidden jsonb)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT CASE
      WHEN event_type = 'entity.created' THEN
        1 + CASE WHEN data ->> 'type' = 'task' THEN 4 ELSE 0 END
          + CASE WHEN jsonb_array_length(hidden -> 'tags') > 0 THEN 8 ELSE 0 END
          + CASE WHEN hidden ? 'origin' THEN 32 ELSE 0 END
      WHEN changes_entity(event_type) THEN
        2 + CASE WHEN data -> 'task' ? 'status' THEN 4 ELSE 0 END + CASE WHEN hidden ? 'tags' THEN 8 ELSE 0 END
          + CASE WHEN hidden ? 'origin' THEN 32 ELSE 0 END
      WHEN event_type IN ('relation.created', 'relation.deleted') THEN 16
      ELSE 0
    END
  $function$
CREATE OR REPLACE FUNCTION synap.enter_app(user_id text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
  SET LOCAL ROLE synap_app;
  PERFORM set_config('synap.user_id', user_id, true), set_config('search_path', 'synap, public', true);
END
$function$
CREATE OR REPLACE FUNCTION synap.enter_auth()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
  SET LOCAL ROLE synap_auth;
  PERFORM set_config('search_path', 'auth, public', true);
END
$function$
CREATE OR REPLACE FUNCTION synap.enter_owner()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
  SET LOCAL ROLE synap_owner;
  PERFORM set_config('search_path', 'synap, public', true), set_config('statement_timeout', '0', true);
END
$function$
CREATE OR REPLACE FUNCTION synap.fold_name(name text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$ SELECT lower(name COLLATE pg_c_utf8) $function$
CREATE OR REPLACE FUNCTION synap.index_content(items jsonb, positions bigint[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
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
$function$
-- not for everybody
CREATE OR REPLACE FUNCTION synap.prepare_partitions(ahead integer)
 RETURNS integer
 LANGUAGE plpgsql
AS $function$
DECLARE
  year integer;
  made integer := 0;
  lower_bound timestamptz;
  upper_bound timestamptz;
BEGIN
  FOR year IN
    SELECT generate_series(y, y + ahead) FROM (SELECT extract(year FROM now() AT TIME ZONE 'UTC')::integer AS y) AS this
  LOOP
    CONTINUE WHEN to_regclass('synap.events_' || year) IS NOT NULL;
    lower_bound := make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC');
    upper_bound := make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC');
    CONTINUE WHEN EXISTS (SELECT FROM synap.events_default
                          WHERE recorded_at >= lower_bound AND recorded_at < upper_bound);
    EXECUTE format('CREATE TABLE synap.events_%s PARTITION OF synap.events FOR VALUES FROM (%L) TO (%L)',
                   year, lower_bound, upper_bound);
    made := made + 1;
  END LOOP;
  RETURN made;
END
$function$
-- not for everybody
CREATE OR REPLACE FUNCTION synap.project_events(list appended[], effects integer)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
#variable_conflict use_column
BEGIN
  -- What a group has not, it does not pay for.
  IF effects & 1 > 0 THEN
    INSERT INTO entities (id, user_id, type, title, preview, tags, path, file_url, file_path, file_size, file_type,
                          checksum, version, position, created_at, updated_at)
    SELECT aggregate_id, user_id, data ->> 'type', hidden ->> 'title', coalesce(hidden ->> 'preview', ''),
           CASE WHEN jsonb_array_length(hidden -> 'tags') > 0
                THEN ARRAY(SELECT jsonb_array_elements_text(hidden -> 'tags')) ELSE '{}' END,
           hidden ->> 'path', '/api/v1/entities/' || aggregate_id || '/content', data ->> 'key',
           (hidden ->> 'size')::bigint, data ->> 'fileType', hidden ->> 'checksum', version, position, timestamp,
           timestamp
    FROM unnest(list) AS e
    WHERE event_type = 'entity.created';
  END IF;

  IF effects & 2 > 0 THEN
    INSERT INTO entity_history (id, version, user_id, type, title, preview, tags, path, file_path, file_size, file_type,
                                checksum, status, priority, due_date, completed_at, position, created_at, updated_at,
                                deleted_at, valid_to)
    SELECT t.id, t.version, t.user_id, t.type, t.title, t.preview, t.tags, t.path, t.file_path, t.file_size, t.file_type,
           t.checksum, d.status, d.priority, d.due_date, d.completed_at, t.position, t.created_at, t.updated_at,
           t.deleted_at, e.timestamp
    FROM unnest(list) AS e JOIN entities t ON t.id = e.aggregate_id LEFT JOIN task_details d ON d.entity_id = t.id
    WHERE changes_entity(event_type);

    UPDATE entities t SET
      title = CASE WHEN hidden ? 'title' THEN hidden ->> 'title' ELSE t.title END,
      preview = coalesce(hidden ->> 'preview', t.preview),
      tags = CASE WHEN hidden ? 'tags' THEN ARRAY(SELECT jsonb_array_elements_text(hidden -> 'tags')) ELSE t.tags END,
      path = CASE WHEN hidden ? 'path' THEN hidden ->> 'path' ELSE t.path END,
      file_path = CASE WHEN data ? 'key' THEN data ->> 'key' ELSE t.file_path END,
      file_size = CASE WHEN hidden ? 'size' THEN (hidden ->> 'size')::bigint ELSE t.file_size END,
      file_type = CASE WHEN data ? 'fileType' THEN data ->> 'fileType' ELSE t.file_type END,
      checksum = CASE WHEN hidden ? 'checksum' THEN hidden ->> 'checksum' ELSE t.checksum END,
      version = e.version,
      position = e.position,
      updated_at = e.timestamp,
      deleted_at = CASE event_type WHEN 'entity.deleted' THEN e.timestamp WHEN 'entity.restored' THEN NULL
                   ELSE t.deleted_at END
    FROM unnest(list) AS e
    WHERE changes_entity(event_type) AND t.id = e.aggregate_id;
  END IF;

  IF effects & 4 > 0 THEN
    INSERT INTO task_details AS t (entity_id, user_id, status, priority, due_date, completed_at, position)
    SELECT aggregate_id, user_id, d ->> 'status', (d ->> 'priority')::integer, (d ->> 'dueDate')::timestamptz,
           (d ->> 'completedAt')::timestamptz, position
    FROM unnest(list) AS e, LATERAL (SELECT data -> 'task' AS d) x
    WHERE d ? 'status'
      AND (changes_entity(event_type) OR event_type = 'entity.created' AND data ->> 'type' = 'task')
    ON CONFLICT (entity_id) DO UPDATE SET status = excluded.status, priority = excluded.priority,
      due_date = excluded.due_date, completed_at = excluded.completed_at, position = excluded.position;
  END IF;

  IF effects & 8 > 0 THEN
    INSERT INTO tags AS t (id, user_id, name, created_at)
    SELECT tag_id(e.user_id, n.name), e.user_id, n.name, min(e.timestamp)
    FROM unnest(list) AS e, jsonb_array_elements_text(hidden -> 'tags') AS n(name)
    WHERE (event_type = 'entity.created' OR changes_entity(event_type))
      AND NOT EXISTS (SELECT FROM tags o WHERE o.id = tag_id(e.user_id, n.name) AND o.created_at <= e.timestamp)
    GROUP BY e.user_id, n.name
    -- A rebuild may meet the events of different streams in another order than they came in.
    ON CONFLICT (id) DO UPDATE SET created_at = least(t.created_at, excluded.created_at);

    DELETE FROM entity_tags t USING unnest(list) AS e
    WHERE changes_entity(event_type) AND hidden ? 'tags' AND t.entity_id = e.aggregate_id;

    INSERT INTO entity_tags (entity_id, tag_id, user_id)
    SELECT aggregate_id, tag_id(e.user_id, n.name), e.user_id
    FROM unnest(list) AS e, jsonb_array_elements_text(hidden -> 'tags') AS n(name)
    WHERE (event_type = 'entity.created' OR changes_entity(event_type))
    -- An event may name a tag twice.
    ON CONFLICT DO NOTHING;
  END IF;

  IF effects & 16 > 0 THEN
    INSERT INTO relations (id, user_id, source_entity_id, target_entity_id, type, position, created_at)
    SELECT aggregate_id, user_id, (data ->> 'sourceId')::uuid, (data ->> 'targetId')::uuid, data ->> 'type', position,
           timestamp
    FROM unnest(list) AS e
    WHERE event_type = 'relation.created';

    DELETE FROM relations r USING unnest(list) AS e
    WHERE event_type = 'relation.deleted' AND r.id = e.aggregate_id;
  END IF;

  IF effects & 32 > 0 THEN
    INSERT INTO entity_origins AS t (entity_id, user_id, source, path, name, checksum, modified_at, version, position)
    SELECT aggregate_id, user_id, o ->> 'source', o ->> 'path', fold_name(regexp_replace(o ->> 'path', '^.*/', '')),
           o ->> 'checksum', (o ->> 'modifiedAt')::timestamptz, version, position
    FROM unnest(list) AS e, LATERAL (SELECT hidden -> 'origin' AS o) x
    WHERE hidden ? 'origin' AND (event_type = 'entity.created' OR changes_entity(event_type))
    ON CONFLICT (entity_id) DO UPDATE SET source = excluded.source, path = excluded.path, name = excluded.name,
      checksum = excluded.checksum, modified_at = excluded.modified_at, version = excluded.version,
      position = excluded.position;
  END IF;
END
$function$
-- not for everybody
CREATE OR REPLACE FUNCTION synap.search_entities(terms text[], forms integer[], required text[], excluded text[], title text, title_words integer, types text[], with_tags text[], after timestamp with time zone, before timestamp with time zone, most integer, explain boolean)
 RETURNS TABLE(entity_id uuid, score double precision, parts jsonb)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'synap', 'public', 'pg_temp'
 SET plan_cache_mode TO 'force_generic_plan'
 SET enable_seqscan TO 'off'
 SET enable_indexscan TO 'off'
 SET enable_sort TO 'off'
 SET work_mem TO '32MB'
 SET jit TO 'off'
AS $function$
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
$function$
-- not for everybody
CREATE OR REPLACE FUNCTION synap.tag_id(user_id text, name text)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT (substr(h, 1, 12) || '8' || substr(h, 14, 3) || 'a' || substr(h, 18, 15))::uuid
    FROM encode(sha256(convert_to(user_id || E'\x1f' || name, 'UTF8')), 'hex') AS h
  $function$
CREATE OR REPLACE FUNCTION synap.term_frequency(rank real, terms integer)
 RETURNS double precision
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT CASE WHEN rank * terms < float8 '0.996'
           THEN greatest(float8 '1', round(float8 '1' / (float8 '1.6449340668' * (float8 '1' - rank * terms)) - float8 '0.5'))
           ELSE float8 '150' END
  $function$
