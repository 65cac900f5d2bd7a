import { CfnOutput, Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { Environment } from '../environments.ts';

/** One thing that wakes somebody up. */
export interface Watched {
  /** Names the alarm, for example `workflow-failed`. */
  name: string;
  /** What it means and where to look, for whoever is woken. */
  meaning: string;
  metric: IMetric;
  /** Alarm at this value or above. */
  threshold: number;
}

/** The topic that alarms go to, with the address from the environment subscribed. */
export function alarmTopic(scope: Construct, environment: Environment, masterKey: IKey): Topic {
  const topic = new Topic(scope, 'AlarmTopic', {
    topicName: `${environment.prefix}-alarms`,
    masterKey,
    enforceSSL: true,
  });
  if (environment.alarmEmail !== undefined) {
    topic.addSubscription(new EmailSubscription(environment.alarmEmail));
  }
  new CfnOutput(scope, 'AlarmTopicArn', { value: topic.topicArn, description: 'Subscribe here to alarms' });
  return topic;
}

/** One alarm for each thing watched, silent while there are no data. */
export function alarms(scope: Construct, environment: Environment, topic: Topic, watched: Watched[]): void {
  for (const { name, meaning, metric, threshold } of watched) {
    const alarm = new Alarm(scope, `Alarm-${name}`, {
      alarmName: `${environment.prefix}-${name}`,
      alarmDescription: meaning,
      metric,
      threshold,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
  }
}

const period = Duration.minutes(5);

/** A counter of AWS, summed over five minutes. */
export function counter(namespace: string, metricName: string, dimensions: Record<string, string>): Metric {
  return new Metric({ namespace, metricName, dimensionsMap: dimensions, statistic: Stats.SUM, period });
}

/** Several counters in one alarm. At most ten, as CloudWatch allows. */
export function sumOf(label: string, metrics: IMetric[]): MathExpression {
  const usingMetrics = Object.fromEntries(metrics.map((metric, index) => [`m${index}`, metric]));
  return new MathExpression({ expression: Object.keys(usingMetrics).join('+'), usingMetrics, label, period });
}
