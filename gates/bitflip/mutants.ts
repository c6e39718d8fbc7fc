import type { Mutant } from '../kit/mutant.ts';

export const mutants: readonly Mutant[] = [
  {
    id: 'no-checksums',
    bug: 'the embedded database is made without checksums',
    file: 'packages/server/src/db/embedded/cluster.ts',
    find: "    '--data-checksums',",
    replace: "    '--no-data-checksums',",
    part: 'pages',
    failure: 'was not found',
  },
  {
    id: 'checksums-ignored',
    bug: 'PostgreSQL reads on where a checksum is wrong',
    file: 'packages/server/src/db/embedded/settings.ts',
    find: "    full_page_writes: 'on',",
    replace: "    full_page_writes: 'on', ignore_checksum_failure: 'on',",
    part: 'pages',
    failure: 'was not found',
  },
  {
    id: 'damaged-pages-emptied',
    bug: 'PostgreSQL takes damaged pages for empty ones',
    file: 'packages/server/src/db/embedded/settings.ts',
    find: "    full_page_writes: 'on',",
    replace: "    full_page_writes: 'on', zero_damaged_pages: 'on',",
    part: 'pages',
    failure: 'was not found',
  },
];
