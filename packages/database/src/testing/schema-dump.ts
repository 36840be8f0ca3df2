import type { Database, Row } from '../connection/port.ts';

/**
 * One statement that gives `(kind, name, line)` of everything that migrations make in Synap's schemas. The years for which
 * the log has partitions come from the calendar, so of the partitions only the default one is told.
 */
const DUMP_SQL = `
WITH spaces AS (
  SELECT oid, nspname FROM pg_namespace WHERE nspname IN ('synap', 'auth', 'synap_rebuild')
),
classes AS (
  SELECT c.oid, c.relname, c.relkind, s.nspname || '.' || c.relname AS name, c.relrowsecurity, c.relforcerowsecurity,
         c.reloptions, c.relacl, c.relowner, c.relispartition
  FROM pg_class c JOIN spaces s ON s.oid = c.relnamespace
  WHERE c.relname !~ '^events_\\d{4}(_|$)' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
),
granted AS (
  SELECT oid, 'on ' || name AS what, relacl AS acl, acldefault(CASE WHEN relkind = 'S' THEN 's' ELSE 'r' END::"char", relowner) AS usual
  FROM classes
  UNION ALL
  SELECT n.oid, 'on schema ' || n.nspname, n.nspacl, acldefault('n', n.nspowner) FROM pg_namespace n JOIN spaces USING (oid)
  UNION ALL
  SELECT p.oid, 'on function ' || s.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
         p.proacl, acldefault('f', p.proowner)
  FROM pg_proc p JOIN spaces s ON s.oid = p.pronamespace
)
SELECT '1 schema' AS kind, nspname AS name, 'schema ' || n.nspname || ' owner ' || pg_get_userbyid(n.nspowner) AS line
FROM pg_namespace n JOIN spaces USING (oid)
UNION ALL
SELECT '2 relation', name,
  CASE relkind WHEN 'v' THEN 'view ' WHEN 'p' THEN 'partitioned table ' WHEN 'r' THEN 'table ' ELSE relkind || ' ' END || name
  || ' owner ' || pg_get_userbyid(relowner)
  || CASE WHEN relkind = 'p' THEN ' partition by ' || pg_get_partkeydef(oid) ELSE '' END
  || CASE WHEN relispartition THEN ' partition ' || (SELECT pg_get_expr(relpartbound, oid) FROM pg_class p WHERE p.oid = classes.oid) ELSE '' END
  || CASE WHEN relrowsecurity THEN ' row security' ELSE '' END
  || CASE WHEN relforcerowsecurity THEN ' forced' ELSE '' END
  || coalesce(' with (' || array_to_string(reloptions, ', ') || ')', '')
FROM classes
UNION ALL
SELECT '3 column', c.name || lpad(a.attnum::text, 4),
  'column ' || c.name || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
  || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
  || CASE WHEN d.adbin IS NULL THEN '' WHEN a.attgenerated <> '' THEN ' generated ' ELSE ' default ' END
  || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
FROM classes c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
UNION ALL
-- From version 18 on NOT NULL is a constraint too; it stands with its column.
SELECT '4 constraint', c.name || ' ' || k.conname, 'constraint ' || c.name || '.' || k.conname || ' ' || pg_get_constraintdef(k.oid)
FROM classes c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype <> 'n'
UNION ALL
SELECT '5 index', c.name || ' ' || i.relname, pg_get_indexdef(x.indexrelid)
FROM classes c JOIN pg_index x ON x.indrelid = c.oid JOIN pg_class i ON i.oid = x.indexrelid
UNION ALL
SELECT '6 policy', c.name || ' ' || p.polname,
  'policy ' || c.name || '.' || p.polname || CASE WHEN p.polpermissive THEN '' ELSE ' restrictive' END || ' for ' || p.polcmd::text
  || ' to ' || (SELECT string_agg(CASE WHEN r = 0 THEN 'public' ELSE pg_get_userbyid(r) END, ', ' ORDER BY pg_get_userbyid(r)) FROM unnest(p.polroles) r)
  || coalesce(' using ' || pg_get_expr(p.polqual, p.polrelid), '') || coalesce(' check ' || pg_get_expr(p.polwithcheck, p.polrelid), '')
FROM classes c JOIN pg_policy p ON p.polrelid = c.oid
UNION ALL
SELECT '7 trigger', c.name || ' ' || t.tgname, pg_get_triggerdef(t.oid)
FROM classes c JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
UNION ALL
SELECT '8 grant', what || ' ' || grantee || ' ' || privilege, 'grant ' || privilege || ' ' || what || ' to ' || grantee
FROM (
  SELECT DISTINCT g.what, x.privilege_type AS privilege,
    CASE WHEN x.grantee = 0 THEN 'public' WHEN pg_get_userbyid(x.grantee) = session_user THEN '<login>' ELSE pg_get_userbyid(x.grantee) END AS grantee
  FROM granted g, aclexplode(coalesce(g.acl, g.usual)) x
) a WHERE grantee <> 'synap_owner'
UNION ALL
SELECT '9 view', name, 'view ' || name || ' as' || E'\\n' || pg_get_viewdef(oid) FROM classes WHERE relkind = 'v'
UNION ALL
SELECT '9 function', s.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
  CASE p.prokind WHEN 'a' THEN 'aggregate ' || s.nspname || '.' || p.proname || '(' || pg_get_function_arguments(p.oid) || ')'
       ELSE rtrim(pg_get_functiondef(p.oid), E'\\n') END
FROM pg_proc p JOIN spaces s ON s.oid = p.pronamespace
ORDER BY kind COLLATE "C", name COLLATE "C"`;

const HEADER = `-- What migrations/ make, as read back from the catalogue; the same on PGlite and on PostgreSQL.
-- Written by a test: UPDATE_SCHEMA=1 pnpm exec vitest run packages/database/test/schema.test.ts
`;

/** The schema as text, for people to read and for a test to compare. */
export async function dumpSchema(database: Database): Promise<string> {
  const [, rows = []] = await database.transaction({ role: 'owner', readOnly: true }, [
    // Nothing in the path, so that every name is told in full.
    { sql: `SELECT set_config('search_path', '', true)` },
    { sql: DUMP_SQL },
  ]);
  return `${HEADER}${rows.map(sectionOf).join('')}`;
}

function sectionOf(row: Row, index: number, rows: readonly Row[]): string {
  const before = rows[index - 1]?.kind;
  const apart = row.kind !== before || String(row.kind).startsWith('9');
  return `${apart ? '\n' : ''}${String(row.line)}\n`;
}
