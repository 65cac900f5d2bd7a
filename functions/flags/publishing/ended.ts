import { findEnvironment } from '../environments/environments.ts';

/** Names the deployments of an environment's flags that ended last: another text when one more is complete or was taken back. */
export async function endedDeployments(environment: string): Promise<string> {
  const publication = (await findEnvironment(environment))?.publication;
  return `${publication?.deployed?.revision ?? 0} ${publication?.refused?.revision ?? 0}`;
}
