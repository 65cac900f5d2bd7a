import { z } from 'zod';
import { ApiVersion } from '#compatibility/api-version.ts';
import { task } from '#platform/task.ts';
import { readApi } from '../registry/apis.ts';
import { latestOf, versionOf } from '../registry/versions.ts';
import { ApiKind, DescribeApiInput, Stability, VersionStatus } from '../schemas.ts';

const Described = z.strictObject({ version: ApiVersion, status: VersionStatus, stability: Stability });

/** What other capabilities ask of an API, or of one version of it. */
export const handler = task({
  name: 'describe-api',
  input: DescribeApiInput,
  output: z.strictObject({
    api: z.string(),
    kind: ApiKind,
    service: z.string().nullable(),
    latest: ApiVersion.nullable(),
    versions: z.array(Described),
  }),
  async handler({ api, version }) {
    const record = await readApi(api);
    const shown = version === undefined ? record.versions : [versionOf(record, version)];
    return {
      api,
      kind: record.settings.kind,
      service: record.settings.service,
      latest: latestOf(record),
      versions: shown.map(({ version: one, status, stability }) => ({ version: one, status, stability })),
    };
  },
});
