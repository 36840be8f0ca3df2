import type { Database } from '../../src/index.ts';
import { asOwner } from './library.ts';

const SCHEMAS = `('synap', 'auth')`;
/** Partitions have the calendar's years in their names; what they are is said by the table they belong to. */
const NO_YEARS = `c.relname !~ '^events_\\d{4}'`;

/** Each gives one column, `line`, in an order of its own. */
const QUERIES = [
  `SELECT format('table %s.%s %s%s%s', n.nspname, c.relname, c.relkind,
            CASE WHEN c.relrowsecurity THEN ' row security' ELSE '' END,
            CASE WHEN c.relforcerowsecurity THEN ' forced' ELSE '' END)
          || coalesce(' with ' || array_to_string(c.reloptions, ', '), '') || ' owner ' || pg_get_userbyid(c.relowner) AS line
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname IN ${SCHEMAS} AND c.relkind IN ('r', 'p', 'v') AND ${NO_YEARS} ORDER BY 1`,
  `SELECT format('column %s.%s.%s %s%s%s', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
            CASE WHEN a.attnotnull THEN ' not null' ELSE '' END,
            coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')) AS line
   FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE n.nspname IN ${SCHEMAS} AND c.relkind IN ('r', 'p', 'v', 'c') AND a.attnum > 0 AND NOT a.attisdropped
     AND ${NO_YEARS}
   ORDER BY n.nspname, c.relname, a.attnum`,
  `SELECT format('constraint %s.%s %s', n.nspname, c.relname, pg_get_constraintdef(k.oid)) AS line
   FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname IN ${SCHEMAS} AND k.contype <> 'n' AND ${NO_YEARS} ORDER BY 1`,
  `SELECT 'index ' || pg_get_indexdef(i.indexrelid) AS line
   FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname IN ${SCHEMAS} AND ${NO_YEARS} ORDER BY 1`,
  `SELECT format('policy %s on %s.%s for %s to %s using %s check %s', policyname, schemaname, tablename, cmd,
            array_to_string(roles, ', '), qual, with_check) AS line
   FROM pg_policies WHERE schemaname IN ${SCHEMAS} ORDER BY 1`,
  `SELECT format('grant %s on %s.%s to %s', string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), n.nspname,
            c.relname, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END) AS line
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
   WHERE n.nspname IN ${SCHEMAS} AND a.grantee <> c.relowner AND ${NO_YEARS}
   GROUP BY n.nspname, c.relname, a.grantee ORDER BY 1`,
  `SELECT format('view %s.%s%s%s', n.nspname, c.relname, E'\\n', pg_get_viewdef(c.oid, true)) AS line
   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname IN ${SCHEMAS} AND c.relkind = 'v' ORDER BY 1`,
  `SELECT pg_get_functiondef(p.oid) || CASE WHEN p.proacl IS NULL THEN '' ELSE '-- not for everybody' END AS line
   FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
   WHERE n.nspname IN ${SCHEMAS} AND p.prokind = 'f' ORDER BY p.oid::regprocedure::text`,
];

/** The whole schema as text, the same on every kind and version of PostgreSQL. */
export async function schemaDump(database: Database): Promise<string> {
  const lines: string[] = [];
  for (const query of QUERIES) {
    const rows = await asOwner(database, query);
    lines.push(...rows.map((row) => String(row.line).trimEnd()), '');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}
