import { z } from 'zod';
import { clock } from '#platform/clock.ts';
import { task } from '#platform/task.ts';
import { compareVersions } from '../compatibility.ts';
import { VersionIncompatible } from '../errors.ts';
import { changeWanted } from '../executions/acting.ts';
import { findRelease } from '../releases/release-store.ts';
import { assertForward } from '../releases/workflow.ts';
import { TaskOfDeployment } from '../schemas.ts';
import { servingVersion } from '../targets/route.ts';

/** Begins; refuses a version that breaks what depends on the one in use, unless that was accepted with a reason. */
export const handler = task({
  name: 'check-compatibility',
  input: TaskOfDeployment,
  output: z.strictObject({ compatible: z.boolean() }),
  async handler(acting) {
    const record = await changeWanted(acting, ({ startedAt }) =>
      startedAt !== null
        ? undefined
        : {
            set: { status: 'running', phase: 'compatibility', startedAt: clock.iso() },
            events: [{ type: 'deployment.started', actor: 'theseus' }],
          },
    );
    // Started late, for a release that goes back by now.
    const release = record.release === null ? undefined : await findRelease(record.release.id);
    if (release !== undefined) assertForward(release);
    const { service, request } = record;
    const from = await servingVersion(service, request.target);
    const { compatible, broken, changes } = await compareVersions(service, from, request.version);
    const accepted = request.acceptIncompatible;
    if (!compatible && accepted === undefined) {
      throw new VersionIncompatible(
        `Version ${request.version} of ${service} breaks ${broken.length === 0 ? 'its contract' : broken.map((one) => `${one.service} ${one.version}`).join(', ')}`,
        {
          evidence: { from, to: request.version, broken: broken.slice(0, 10), changes: changes.slice(0, 5) },
          action: 'Make it compatible, move its dependants first, or accept it with a reason.',
        },
      );
    }
    if (!compatible && accepted !== undefined) {
      const note = `It breaks ${broken.length} dependants; accepted: ${accepted.reason}`;
      await changeWanted(acting, ({ notes, createdBy }) =>
        notes.includes(note)
          ? undefined
          : {
              set: { notes: [...notes, note] },
              events: [
                { type: 'incompatibility.accepted', actor: createdBy, data: { reason: accepted.reason } },
              ],
            },
      );
    }
    return { compatible };
  },
});
