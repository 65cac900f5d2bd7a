import type { WorkflowEvent } from '#platform/workflow-record.ts';
import type { Publication } from '../records.ts';

/** Whether readers do not have the newest document, and may still get it. */
export const isUnsettled = ({ revision, deployed, deploying, refused }: Publication): boolean =>
  deploying !== null || (deployed?.revision !== revision && refused?.revision !== revision && revision > 0);

/** Whether there is something left to do for a record. */
export const isDue = ({
  outbox,
  publication,
}: {
  outbox: WorkflowEvent[];
  publication: Publication;
}): boolean => outbox.length > 0 || isUnsettled(publication);

/** The same document under a new revision where the newest one was taken back, so that it is tried again. */
export const retried = (publication: Publication): Publication =>
  publication.refused?.revision === publication.revision
    ? { ...publication, revision: publication.revision + 1 }
    : publication;
