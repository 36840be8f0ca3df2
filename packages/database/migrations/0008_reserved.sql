-- Reserved for another change; delete this file when that one is merged.
SELECT 1;
