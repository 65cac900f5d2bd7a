import type { z } from 'zod';
import { ApiRoute, type ServedVersion } from '../schemas.ts';

/** What tests may say of an API. */
export type ApiSketch = Partial<Omit<z.input<typeof ApiRoute>, 'versions'>> & {
  versions?: (Partial<z.input<typeof ServedVersion>> & { version: string })[];
};

/** An API for tests: `orders` in the versions 1.0.0 and 2.0.0, chosen by the header `api-version`. */
export function apiRoute(sketch: ApiSketch = {}): ApiRoute {
  const { versions = [{ version: '1.0.0', status: 'deprecated' }, { version: '2.0.0' }], ...more } = sketch;
  return ApiRoute.parse({
    api: 'orders',
    service: 'shop',
    revision: 1,
    kind: 'openapi',
    choice: { by: 'header', name: 'api-version' },
    latest: versions.at(-1)?.version,
    default: versions.at(-1)?.version,
    versions: versions.map((one) => ({ status: 'active', ...one })),
    ...more,
  });
}
