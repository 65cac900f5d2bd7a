/** What is too large for the table. Every key of the bucket is built here; what stands under a hash never changes. */
export const artifactKeys = {
  description: (api: string, hash: string) => `apis/${api}/descriptions/${hash}`,
  served: (api: string, hash: string, validated: boolean) =>
    `apis/${api}/served/${hash}${validated ? '-validated' : ''}.json`,
  subgraph: (api: string, hash: string) => `apis/${api}/subgraphs/${hash}`,
  supergraph: (api: string, hash: string) => `apis/${api}/supergraphs/${hash}`,
  changes: (api: string, hash: string) => `apis/${api}/changes/${hash}.json`,
  /** Everything below `uploads/` is forgotten after a day. */
  upload: (api: string, id: string) => `uploads/apis/${api}/${id}`,
};
