import { z } from 'zod';
import { Version } from '#compatibility/ranges.ts';
import { Labels, Url, Weight, Zone } from '../schemas.ts';
import { HealthStatus } from './records.ts';

export const InstanceId = z.string().regex(/^ins_[A-Za-z0-9]{1,40}$/, 'Expected an id such as ins_0f6e12ab');
const Time = z.iso.datetime();

export const NewInstance = z
  .strictObject({
    url: Url,
    zone: Zone.nullable().default(null),
    weight: Weight.default(100),
    labels: Labels.default({}),
    leaseSeconds: z
      .int()
      .min(10)
      .max(3_600)
      .describe('Unless a heartbeat comes within this time, nobody finds the instance any more'),
  })
  .meta({ id: 'NewServiceInstance' });
export type NewInstance = z.infer<typeof NewInstance>;

export const Heartbeat = z
  .strictObject({
    load: z.number().min(0).max(1).optional().describe('How much of what it can do it does now'),
    inFlight: z.int().min(0).max(1_000_000).optional().describe('Requests that it works on now'),
    draining: z.boolean().default(false).describe('It finishes what it has and takes nothing new'),
  })
  .refine(({ load, inFlight }) => load === undefined || inFlight === undefined, {
    error: 'Expected one of load and inFlight',
    path: ['inFlight'],
  })
  .meta({ id: 'ServiceHeartbeat' });
export type Heartbeat = z.infer<typeof Heartbeat>;

export const Instance = z
  .strictObject({
    id: InstanceId,
    service: z.string(),
    version: Version,
    kind: z
      .enum(['static', 'registered', 'imported'])
      .describe(
        'static: an endpoint of its version; registered: by itself, with a lease; imported: of AWS Cloud Map',
      ),
    url: z.string(),
    zone: z.string().nullable(),
    weight: z.int(),
    labels: Labels,
    health: z.strictObject({
      status: HealthStatus.describe('unknown: nothing was asked yet, or its version has no health check'),
      checkedAt: Time.nullable(),
      changedAt: Time.nullable(),
      detail: z.string().nullable().describe('What the last probe found'),
    }),
    load: z.number().nullable(),
    inFlight: z.int().nullable(),
    draining: z.boolean(),
    leaseUntil: Time.nullable().describe('Null: it has no lease'),
    expired: z.boolean().describe('Its lease is over: nobody finds it, and it goes within some minutes'),
    heartbeatAt: Time.nullable(),
    createdAt: Time,
    createdBy: z.string(),
  })
  .meta({ id: 'ServiceInstance' });
export type Instance = z.infer<typeof Instance>;
export const InstanceList = z.strictObject({ items: z.array(Instance) }).meta({ id: 'ServiceInstanceList' });

export const Lease = z.strictObject({ leaseUntil: Time.nullable() }).meta({ id: 'ServiceLease' });
