import { Duration, Validations } from 'aws-cdk-lib';
import { type EventPattern, type IEventBus, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Alias } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Environment } from '../environments.ts';
import { asFunction } from './interfaces.ts';

/** Events that no function took after all attempts wait here for two weeks; an alarm watches it. */
export function undeliveredEvents(scope: Construct, environment: Environment): Queue {
  const queue = new Queue(scope, 'UndeliveredEvents', {
    queueName: `${environment.prefix}-undelivered-events`,
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  Validations.of(queue).acknowledge({
    id: 'AwsSolutions-SQS3',
    reason: 'It is itself the dead-letter queue of the rules.',
  });
  return queue;
}

export interface Trigger {
  /** Names the rule, for example `workflow-ended-badly`. */
  name: string;
  meaning: string;
  /** Events of the account's default bus unless another is named. */
  when: { pattern: EventPattern; bus?: IEventBus } | { everyMinutes: number };
  handlers: Alias[];
}

/** A rule that invokes functions: at events of a bus or at a fixed rate. */
export function trigger(
  scope: Construct,
  environment: Environment,
  undelivered: Queue,
  props: Trigger,
): Rule {
  const rule = new Rule(scope, `Rule-${props.name}`, {
    ruleName: `${environment.prefix}-${props.name}`,
    description: props.meaning,
    ...('pattern' in props.when
      ? {
          eventPattern: props.when.pattern,
          ...(props.when.bus === undefined ? {} : { eventBus: props.when.bus }),
        }
      : { schedule: Schedule.rate(Duration.minutes(props.when.everyMinutes)) }),
  });
  for (const handler of props.handlers) {
    rule.addTarget(
      new LambdaFunction(asFunction(handler), {
        deadLetterQueue: undelivered,
        maxEventAge: Duration.hours(1),
        retryAttempts: 10,
      }),
    );
  }
  return rule;
}
