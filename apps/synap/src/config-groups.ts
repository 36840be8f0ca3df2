/** Variables that only make sense together. */
interface Group {
  readonly what: string;
  readonly members: readonly string[];
  /** Of each row at least one must be set as soon as any member is. */
  readonly needs: readonly (readonly string[])[];
}

const GROUPS: readonly Group[] = [
  {
    what: 'object storage on R2 or S3',
    members: [
      'R2_ACCOUNT_ID',
      'S3_ENDPOINT',
      'R2_ACCESS_KEY_ID',
      'R2_SECRET_ACCESS_KEY',
      'R2_BUCKET_NAME',
      'R2_PUBLIC_URL',
      'S3_REGION',
      'S3_FORCE_PATH_STYLE',
    ],
    needs: [['R2_ACCOUNT_ID', 'S3_ENDPOINT'], ['R2_ACCESS_KEY_ID'], ['R2_SECRET_ACCESS_KEY'], ['R2_BUCKET_NAME']],
  },
  {
    what: 'Inngest',
    members: ['INNGEST_EVENT_KEY', 'INNGEST_SIGNING_KEY', 'INNGEST_BASE_URL'],
    needs: [['INNGEST_EVENT_KEY'], ['INNGEST_SIGNING_KEY']],
  },
  {
    what: 'AI',
    // A server of one's own often wants no key, so AI_API_KEY is not needed.
    members: ['AI_BASE_URL', 'AI_API_KEY', 'AI_MODEL', 'EMBEDDING_MODEL', 'EMBEDDING_DIMENSIONS'],
    needs: [['AI_BASE_URL'], ['AI_MODEL', 'EMBEDDING_MODEL']],
  },
  { what: 'a size of embeddings', members: ['EMBEDDING_DIMENSIONS'], needs: [['EMBEDDING_MODEL']] },
  {
    what: 'sign-in with Google',
    members: ['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET'],
    needs: [['GOOGLE_CLIENT_ID'], ['GOOGLE_CLIENT_SECRET']],
  },
  {
    what: 'sign-in with GitHub',
    members: ['GITHUB_CLIENT_ID', 'GITHUB_CLIENT_SECRET'],
    needs: [['GITHUB_CLIENT_ID'], ['GITHUB_CLIENT_SECRET']],
  },
];

/** For each group that is half set, what is missing and because of which variable. */
export function groupProblems(set: Readonly<Record<string, string>>): string[] {
  return GROUPS.flatMap(({ what, members, needs }) => {
    const present = members.find((name) => set[name] !== undefined);
    if (present === undefined) return [];
    return needs
      .filter((choice) => choice.every((name) => set[name] === undefined))
      .map((choice) => `${choice.join(' or ')} is missing (${present} is set, and ${what} needs both)`);
  });
}
