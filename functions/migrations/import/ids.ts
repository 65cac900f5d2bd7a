// What a migration is known by, in a tool's table and among its files.

/** `1.02` and `1_2` are one version to Flyway. */
export const flywayVersion = (version: string): string =>
  version
    .split(/[._]/)
    .map((part) => part.replace(/^0+(?=\d)/, ''))
    .join('.')
    .replace(/(\.0)+$/, '');

/** The id of a changeset wherever its changelog lies: paths are kept as the tool was started. */
export const changesetId = (path: string, id: string, author: string): string =>
  `${path.split('/').at(-1) ?? path}::${id}::${author}`;
