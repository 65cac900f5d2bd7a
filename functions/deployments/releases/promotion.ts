import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonical } from '#compatibility/json-schema/document.ts';
import { clock } from '#platform/clock.ts';
import { currentEnvironment, environmentName } from '#platform/environment.ts';
import { Conflict } from '#platform/errors.ts';
import { assertRegistered } from '../compatibility.ts';
import { readDeployment } from '../deployment-store.ts';
import { PromotionRefused } from '../errors.ts';
import { askCapability } from '../targets/capability-ask.ts';
import type { NewPromotion, Promotion } from './promotion-schemas.ts';
import { assertSigned, signatureOf } from './promotion-secret.ts';
import type { ReleaseRecord } from './records.ts';
import { NewRelease, ReleaseMember } from './schemas.ts';

const Described = z.object({ contract: z.json().nullable().default(null) });

/** SHA-256 of the contract that a version is registered with; null: without one. */
async function contractHash(service: string, version: string): Promise<string | null> {
  const { contract } = await askCapability({
    variable: 'SERVICES_DESCRIBE_VERSION_FUNCTION',
    payload: { service, version },
    answer: Described,
    waitMs: 25_000,
  });
  return contract === null ? null : createHash('sha256').update(canonical(contract)).digest('hex');
}

/** What a completed release brought, signed, for the next environment. Throws Conflict, PromotionRefused. */
export async function promotionOf({
  id,
  status,
  endedAt,
  members,
  request,
}: ReleaseRecord): Promise<Promotion> {
  if (status !== 'completed' || endedAt === null) {
    throw new Conflict(`Release ${id} is ${status}: only a completed one is promoted`, {
      evidence: { expected: 'completed', found: status },
      action: `Wait for its end, or end the time in which old versions are kept: theseus release finish ${id}`,
    });
  }
  const document = {
    kind: 'theseus.promotion/1' as const,
    environment: currentEnvironment(),
    release: id,
    name: request.name ?? null,
    completedAt: endedAt,
    members: await Promise.all(
      members.map(async ({ service, version, deployment }) => ({
        service,
        version,
        contract: await contractHash(service, version),
        verdict: (await readDeployment(deployment)).judgement?.verdict ?? null,
      })),
    ),
  };
  return { ...document, signature: await signatureOf(document) };
}

/** The environment whose releases come here; on a laptop, those of a laptop. */
function environmentBefore(): string {
  const here = currentEnvironment();
  const order = environmentName.options;
  return order[Math.max(0, order.indexOf(here) - 1)] ?? here;
}

async function problemsOf({ document, bakedSeconds, skipEnvironments }: NewPromotion): Promise<string[]> {
  const problems: string[] = [];
  const expected = environmentBefore();
  if (document.environment !== expected && skipEnvironments === undefined) {
    problems.push(`it comes from ${document.environment}, expected ${expected}`);
  }
  const baked = (clock.now() - Date.parse(document.completedAt)) / 1_000;
  if (baked < bakedSeconds) {
    problems.push(`it completed ${Math.floor(baked)} s ago, expected ${bakedSeconds} s or more`);
  }
  for (const { service, version, contract } of document.members) {
    await assertRegistered(service, version);
    if ((await contractHash(service, version)) !== contract)
      problems.push(`${service} ${version} is registered here with another contract`);
  }
  return problems;
}

/**
 * The release by which a promotion comes into use here. Throws PromotionRefused with every reason, VersionNotRegistered,
 * TargetUnavailable. Changes nothing.
 */
export async function releaseFor(promotion: NewPromotion): Promise<NewRelease> {
  const { document, settings, skipEnvironments, atOnce, keepSeconds, flags, approval } = promotion;
  const { signature, ...signed } = document;
  await assertSigned(signed, signature);
  const problems = await problemsOf(promotion);
  if (problems.length > 0) {
    throw new PromotionRefused(`The release ${document.release} may not come here: ${problems.join('; ')}`, {
      evidence: { problems },
    });
  }
  const skipped = skipEnvironments === undefined ? '' : `; environments skipped: ${skipEnvironments.reason}`;
  return NewRelease.parse({
    ...(document.name === null ? {} : { name: document.name }),
    services: document.members.map(({ service, version }) =>
      ReleaseMember.parse({ ...settings[service], service, version }),
    ),
    atOnce,
    keepSeconds,
    ...(flags === undefined ? {} : { flags }),
    approval,
    comment: `Promoted: ${document.release} of ${document.environment}${skipped}`.slice(0, 500),
  });
}
