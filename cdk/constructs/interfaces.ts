import type { DefaultStackSynthesizer, IStackSynthesizer } from 'aws-cdk-lib';
import type { IVpc, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { EventBus, IEventBus } from 'aws-cdk-lib/aws-events';
import type { Alias, IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket, IBucket } from 'aws-cdk-lib/aws-s3';

// The library's classes declare optional members that may be undefined, which their own interfaces forbid
// under exactOptionalPropertyTypes; each cast only forgets that difference.

export const asFunction = (alias: Alias): IFunction => alias as IFunction;
export const asBucket = (bucket: Bucket): IBucket => bucket as IBucket;
export const asSynthesizer = (synthesizer: DefaultStackSynthesizer): IStackSynthesizer =>
  synthesizer as IStackSynthesizer;
export const asVpc = (vpc: Vpc): IVpc => vpc as IVpc;
export const asEventBus = (bus: EventBus): IEventBus => bus as IEventBus;
