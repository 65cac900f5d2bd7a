import { Command } from 'commander';

/** A noun and what may be said of it. A verb's file is loaded when it is asked for: to load all takes half a second. */
interface Noun {
  description: string;
  verbs: Verbs;
}
type Verbs = Record<string, Noun | (() => Promise<Command>)>;

const alertRule: Noun = {
  description: 'What is watched of migrations, and when it alerts',
  verbs: {
    add: async () => (await import('./alert-rule/add.ts')).alertRuleAdd(),
    change: async () => (await import('./alert-rule/change.ts')).alertRuleChange(),
    list: async () => (await import('./alert-rule/list.ts')).alertRuleList(),
    remove: async () => (await import('./alert-rule/remove.ts')).alertRuleRemove(),
  },
};

const api: Noun = {
  description: 'APIs, their versions and who uses which',
  verbs: {
    list: async () => (await import('./api/read.ts')).apiList(),
    show: async () => (await import('./api/read.ts')).apiShow(),
    set: async () => (await import('./api/set.ts')).apiSet(),
    remove: async () => (await import('./api/remove.ts')).apiRemove(),
    register: async () => (await import('./api/register.ts')).apiRegister(),
    versions: async () => (await import('./api/versions.ts')).apiVersions(),
    description: async () => (await import('./api/versions.ts')).apiDescription(),
    deregister: async () => (await import('./api/versions.ts')).apiDeregister(),
    compare: async () => (await import('./api/compare.ts')).apiCompare(),
    diff: async () => (await import('./api/diff.ts')).apiDiff(),
    docs: async () => (await import('./api/docs.ts')).apiDocs(),
    adoption: async () => (await import('./api/adoption.ts')).apiAdoption(),
    pin: async () => (await import('./api/consumer.ts')).apiPin(),
    unpin: async () => (await import('./api/consumer.ts')).apiUnpin(),
    consumer: {
      description: 'Who uses APIs',
      verbs: {
        set: async () => (await import('./api/consumer.ts')).apiConsumerSet(),
        list: async () => (await import('./api/consumer.ts')).apiConsumerList(),
        show: async () => (await import('./api/consumer.ts')).apiConsumerShow(),
        remove: async () => (await import('./api/consumer.ts')).apiConsumerRemove(),
        'webhook-secret': async () => (await import('./api/feed.ts')).apiConsumerSecret(),
      },
    },
    feed: async () => (await import('./api/feed.ts')).apiFeed(),
    deprecation: {
      description: 'Versions of APIs, or parts of them, that go away',
      verbs: {
        start: async () => (await import('./api/deprecation.ts')).apiDeprecationStart(),
        list: async () => (await import('./api/deprecation.ts')).apiDeprecationList(),
        show: async () => (await import('./api/deprecation.ts')).apiDeprecationShow(),
        events: async () => (await import('./api/deprecation.ts')).apiDeprecationEvents(),
        pause: async () => (await import('./api/deprecation-actions.ts')).deprecationActions.pause(),
        resume: async () => (await import('./api/deprecation-actions.ts')).deprecationActions.resume(),
        extend: async () => (await import('./api/deprecation-actions.ts')).deprecationActions.extend(),
        cancel: async () => (await import('./api/deprecation-actions.ts')).deprecationActions.cancel(),
        restore: async () => (await import('./api/deprecation-actions.ts')).deprecationActions.restore(),
        'skip-brownout': async () =>
          (await import('./api/deprecation-actions.ts')).deprecationActions.skipBrownout(),
        exempt: async () => (await import('./api/deprecation-actions.ts')).deprecationActions.exempt(),
        consent: async () => (await import('./api/deprecation-actions.ts')).deprecationActions.consent(),
      },
    },
    policy: {
      description: 'How versions of an API go away',
      verbs: {
        list: async () => (await import('./api/policy.ts')).apiPolicyList(),
        set: async () => (await import('./api/policy.ts')).apiPolicySet(),
        remove: async () => (await import('./api/policy.ts')).apiPolicyRemove(),
      },
    },
    subgraph: {
      description: 'Parts of a GraphQL API that make up its supergraph',
      verbs: {
        publish: async () => (await import('./api/subgraph.ts')).apiSubgraphPublish(),
        check: async () => (await import('./api/subgraph.ts')).apiSubgraphCheck(),
        list: async () => (await import('./api/subgraph-read.ts')).apiSubgraphList(),
        show: async () => (await import('./api/subgraph-read.ts')).apiSubgraphShow(),
        supergraph: async () => (await import('./api/subgraph-read.ts')).apiSubgraphSupergraph(),
        unused: async () => (await import('./api/subgraph-read.ts')).apiSubgraphUnused(),
        remove: async () => (await import('./api/subgraph.ts')).apiSubgraphRemove(),
      },
    },
    transformation: {
      description: 'What makes documents of one version of an API those of another',
      verbs: {
        derive: async () => (await import('./api/transformation.ts')).transformationDerive(),
        check: async () => (await import('./api/transformation.ts')).transformationCheck(),
        show: async () => (await import('./api/registered-changes.ts')).apiTransformationShow(),
        set: async () => (await import('./api/registered-changes.ts')).apiTransformationSet(),
      },
    },
    operation: {
      description: 'Operations that clients send to a GraphQL API',
      verbs: {
        register: async () => (await import('./api/operation.ts')).apiOperationRegister(),
        list: async () => (await import('./api/operation.ts')).apiOperationList(),
        remove: async () => (await import('./api/operation.ts')).apiOperationRemove(),
      },
    },
  },
};

const backup: Noun = {
  description: 'Rows that migrations kept before they went away',
  verbs: {
    list: async () => (await import('./backup/list.ts')).backupList(),
    show: async () => (await import('./backup/show.ts')).backupShow(),
    verify: async () => (await import('./backup/verify.ts')).backupVerify(),
    restore: async () => (await import('./backup/restore.ts')).backupRestore(),
    keep: async () => (await import('./backup/retention.ts')).backupKeep(),
    delete: async () => (await import('./backup/retention.ts')).backupDelete(),
  },
};

const config: Noun = {
  description: 'Configuration: what services are told, by tenant, service and environment',
  verbs: {
    define: async () => (await import('./config/define.ts')).configDefine(),
    set: async () => (await import('./config/set.ts')).configSet(),
    compliance: async () => (await import('./config/standing.ts')).configCompliance(),
    drift: async () => (await import('./config/standing.ts')).configDrift(),
    rules: {
      description: 'Rules that configuration has to keep, whoever writes it',
      verbs: {
        list: async () => (await import('./config/rules.ts')).configRulesList(),
        show: async () => (await import('./config/rules.ts')).configRulesShow(),
        set: async () => (await import('./config/rules.ts')).configRulesSet(),
        remove: async () => (await import('./config/rules.ts')).configRulesRemove(),
      },
    },
    subscribe: async () => (await import('./config/subscription.ts')).configSubscribe(),
    unsubscribe: async () => (await import('./config/subscription.ts')).configUnsubscribe(),
    'webhook-secret': async () => (await import('./config/subscription.ts')).configWebhookSecret(),
    update: {
      description: 'Updates: changes of values that are checked, watched and taken back where they do harm',
      verbs: {
        show: async () => (await import('./config/update.ts')).configUpdateShow(),
        watch: async () => (await import('./config/update.ts')).configUpdateWatch(),
        list: async () => (await import('./config/update.ts')).configUpdateList(),
        events: async () => (await import('./config/update.ts')).configUpdateEvents(),
        approve: async () => (await import('./config/update.ts')).configUpdateApprove(),
        cancel: async () => (await import('./config/update.ts')).configUpdateCancel(),
      },
    },
    get: async () => (await import('./config/read.ts')).configGet(),
    explain: async () => (await import('./config/read.ts')).configExplain(),
    list: async () => (await import('./config/read.ts')).configList(),
    history: async () => (await import('./config/history.ts')).configHistory(),
    diff: async () => (await import('./config/history.ts')).configDiff(),
    rollback: async () => (await import('./config/rollback.ts')).configRollback(),
    import: async () => (await import('./config/import.ts')).configImport(),
    export: async () => (await import('./config/import.ts')).configExport(),
    publish: async () => (await import('./config/publish.ts')).configPublish(),
    publications: async () => (await import('./config/publish.ts')).configPublications(),
    types: async () => (await import('./config/types.ts')).configTypes(),
    key: {
      description: 'What is known of keys, whatever their values are',
      verbs: {
        list: async () => (await import('./config/keys.ts')).configKeyList(),
        show: async () => (await import('./config/keys.ts')).configKeyShow(),
        remove: async () => (await import('./config/keys.ts')).configKeyRemove(),
      },
    },
    secret: {
      description: 'Values that are sealed',
      verbs: {
        list: async () => (await import('./config/secrets.ts')).configSecretList(),
        rotate: async () => (await import('./config/secrets.ts')).configSecretRotate(),
        reencrypt: async () => (await import('./config/reencryption.ts')).configSecretReencrypt(),
        reencryption: async () => (await import('./config/reencryption.ts')).configSecretReencryption(),
      },
    },
  },
};

const connector: Noun = {
  description: 'Functions beside databases, through which they are reached',
  verbs: {
    add: async () => (await import('./connector/add.ts')).connectorAdd(),
    update: async () => (await import('./connector/update.ts')).connectorUpdate(),
    list: async () => (await import('./connector/list.ts')).connectorList(),
    show: async () => (await import('./connector/show.ts')).connectorShow(),
    remove: async () => (await import('./connector/remove.ts')).connectorRemove(),
  },
};

const database: Noun = {
  description: 'Databases that Theseus may change',
  verbs: {
    add: async () => (await import('./database/add.ts')).databaseAdd(),
    list: async () => (await import('./database/list.ts')).databaseList(),
    label: async () => (await import('./database/label.ts')).databaseLabel(),
    remove: async () => (await import('./database/remove.ts')).databaseRemove(),
    versions: async () => (await import('./database/versions.ts')).databaseVersions(),
    diff: async () => (await import('./database/diff.ts')).databaseDiff(),
    path: async () => (await import('./database/path.ts')).databasePath(),
    drift: async () => (await import('./database/drift.ts')).databaseDrift(),
    baseline: async () => (await import('./database/drift.ts')).databaseBaseline(),
  },
};

const deployment: Noun = {
  description: 'New versions of services, brought into use step by step and judged',
  verbs: {
    analytics: async () => (await import('./deployment/analytics.ts')).deploymentAnalytics(),
    start: async () => (await import('./deployment/start.ts')).deploymentStart(),
    watch: async () => (await import('./deployment/watch.ts')).deploymentWatch(),
    list: async () => (await import('./deployment/read.ts')).deploymentList(),
    show: async () => (await import('./deployment/read.ts')).deploymentShow(),
    events: async () => (await import('./deployment/read.ts')).deploymentEvents(),
    analysis: async () => (await import('./deployment/read.ts')).deploymentAnalysis(),
    approve: async () => (await import('./deployment/actions.ts')).deploymentActions.approve(),
    pause: async () => (await import('./deployment/actions.ts')).deploymentActions.pause(),
    resume: async () => (await import('./deployment/actions.ts')).deploymentActions.resume(),
    promote: async () => (await import('./deployment/actions.ts')).deploymentActions.promote(),
    'skip-to-full': async () => (await import('./deployment/actions.ts')).deploymentActions.skipToFull(),
    abort: async () => (await import('./deployment/actions.ts')).deploymentActions.abort(),
    rollback: async () => (await import('./deployment/actions.ts')).deploymentActions.rollback(),
    finish: async () => (await import('./deployment/actions.ts')).deploymentActions.finish(),
    judge: async () => (await import('./deployment/judge.ts')).deploymentJudge(),
    'gate-secret': async () => (await import('./deployment/read.ts')).deploymentGateSecret(),
  },
};

const flag: Noun = {
  description: 'Flags: who gets which variant, switched while everything runs',
  verbs: {
    set: async () => (await import('./flag/set.ts')).flagSet(),
    list: async () => (await import('./flag/read.ts')).flagList(),
    show: async () => (await import('./flag/read.ts')).flagShow(),
    history: async () => (await import('./flag/read.ts')).flagHistory(),
    diff: async () => (await import('./flag/read.ts')).flagDiff(),
    rollback: async () => (await import('./flag/change.ts')).flagRollback(),
    delete: async () => (await import('./flag/change.ts')).flagDelete(),
    kill: async () => (await import('./flag/change.ts')).flagKill(),
    revive: async () => (await import('./flag/change.ts')).flagRevive(),
    evaluate: async () => (await import('./flag/document.ts')).flagEvaluate(),
    import: async () => (await import('./flag/document.ts')).flagImport(),
    export: async () => (await import('./flag/document.ts')).flagExport(),
    analytics: async () => (await import('./flag/analytics.ts')).flagAnalytics(),
    lifecycle: async () => (await import('./flag/lifecycle.ts')).flagLifecycle(),
    refs: async () => (await import('./flag/refs.ts')).flagRefs(),
    experiment: {
      description: 'Runs of experiments',
      verbs: {
        restart: async () => (await import('./flag/experiment.ts')).flagExperimentRestart(),
      },
    },
    rollout: {
      description: 'Variants that ever more people get, judged by what they do',
      verbs: {
        start: async () => (await import('./flag/rollout.ts')).flagRolloutStart(),
        list: async () => (await import('./flag/rollout.ts')).flagRolloutList(),
        show: async () => (await import('./flag/rollout.ts')).flagRolloutShow(),
        watch: async () => (await import('./flag/rollout.ts')).flagRolloutWatch(),
        events: async () => (await import('./flag/rollout.ts')).flagRolloutEvents(),
        pause: async () => (await import('./flag/rollout.ts')).flagRolloutActions.pause(),
        resume: async () => (await import('./flag/rollout.ts')).flagRolloutActions.resume(),
        promote: async () => (await import('./flag/rollout.ts')).flagRolloutActions.promote(),
        rollback: async () => (await import('./flag/rollout.ts')).flagRolloutActions.rollback(),
      },
    },
    drift: async () => (await import('./flag/drift.ts')).flagDrift(),
    environment: {
      description: 'Environments of flags',
      verbs: {
        set: async () => (await import('./flag/environment.ts')).flagEnvironmentSet(),
        list: async () => (await import('./flag/environment.ts')).flagEnvironmentList(),
        show: async () => (await import('./flag/environment.ts')).flagEnvironmentShow(),
        redeploy: async () => (await import('./flag/change.ts')).flagEnvironmentRedeploy(),
      },
    },
  },
};

const fleet: Noun = {
  description: 'One migration over many databases and schemas',
  verbs: {
    plan: async () => (await import('./fleet/plan.ts')).fleetPlan(),
    list: async () => (await import('./fleet/read.ts')).fleetList(),
    show: async () => (await import('./fleet/read.ts')).fleetShow(),
    targets: async () => (await import('./fleet/read.ts')).fleetTargets(),
    events: async () => (await import('./migration/events.ts')).fleetEvents(),
    start: async () => (await import('./fleet/actions.ts')).fleetActions.start(),
    approve: async () => (await import('./fleet/actions.ts')).fleetActions.approve(),
    pause: async () => (await import('./fleet/actions.ts')).fleetActions.pause(),
    resume: async () => (await import('./fleet/actions.ts')).fleetActions.resume(),
    redrive: async () => (await import('./fleet/actions.ts')).fleetActions.redrive(),
    exclude: async () => (await import('./fleet/actions.ts')).fleetActions.exclude(),
    cancel: async () => (await import('./fleet/actions.ts')).fleetActions.cancel(),
    undo: async () => (await import('./fleet/actions.ts')).fleetActions.undo(),
    report: async () => (await import('./fleet/report.ts')).fleetReport(),
  },
};

const gateway: Noun = {
  description: 'Where requests to services go',
  verbs: {
    routes: async () => (await import('./gateway/routes.ts')).gatewayRoutes(),
    show: async () => (await import('./gateway/routes.ts')).gatewayShow(),
    set: async () => (await import('./gateway/set.ts')).gatewaySet(),
    remove: async () => (await import('./gateway/remove.ts')).gatewayRemove(),
    traffic: async () => (await import('./gateway/traffic.ts')).gatewayTraffic(),
    api: async () => (await import('./gateway/api.ts')).gatewayApi(),
    usage: async () => (await import('./gateway/api.ts')).gatewayUsage(),
    url: async () => (await import('./gateway/url.ts')).gatewayUrl(),
    breakers: async () => (await import('./gateway/breakers.ts')).gatewayBreakers(),
    isolate: async () => (await import('./gateway/breaker-change.ts')).gatewayIsolate(),
    reset: async () => (await import('./gateway/breaker-change.ts')).gatewayReset(),
  },
};

const migration: Noun = {
  description: 'Changes of a database schema under live traffic',
  verbs: {
    lint: async () => (await import('./migration/lint.ts')).migrationLint(),
    rewrite: async () => (await import('./migration/rewrite.ts')).migrationRewrite(),
    plan: async () => (await import('./migration/plan.ts')).migrationPlan(),
    rehearse: async () => (await import('./migration/rehearse.ts')).migrationRehearse(),
    start: async () => (await import('./migration/start.ts')).migrationStart(),
    watch: async () => (await import('./migration/watch.ts')).migrationWatch(),
    show: async () => (await import('./migration/show.ts')).migrationShow(),
    list: async () => (await import('./migration/list.ts')).migrationList(),
    events: async () => (await import('./migration/events.ts')).migrationEvents(),
    errors: async () => (await import('./migration/errors.ts')).migrationErrors(),
    redrive: async () => (await import('./migration/errors.ts')).migrationRedrive(),
    pause: async () => (await import('./migration/actions.ts')).migrationActions.pause(),
    resume: async () => (await import('./migration/actions.ts')).migrationActions.resume(),
    complete: async () => (await import('./migration/actions.ts')).migrationActions.complete(),
    rollback: async () => (await import('./migration/actions.ts')).migrationActions.rollback(),
    retry: async () => (await import('./migration/actions.ts')).migrationActions.retry(),
    approve: async () => (await import('./migration/actions.ts')).migrationActions.approve(),
    reject: async () => (await import('./migration/actions.ts')).migrationActions.reject(),
    undo: async () => (await import('./migration/undo.ts')).migrationUndo(),
    eject: async () => (await import('./migration/eject.ts')).migrationEject(),
    import: async () => (await import('./migration/import.ts')).migrationImport(),
    fleet,
  },
};

const permission: Noun = {
  description: 'Who may do what, besides what roles give',
  verbs: {
    grant: async () => (await import('./permission/grant.ts')).permissionGrant(),
    list: async () => (await import('./permission/list.ts')).permissionList(),
    show: async () => (await import('./permission/list.ts')).permissionShow(),
    mine: async () => (await import('./permission/list.ts')).permissionMine(),
    revoke: async () => (await import('./permission/change.ts')).permissionRevoke(),
    restrict: async () => (await import('./permission/change.ts')).permissionRestrict(),
    open: async () => (await import('./permission/change.ts')).permissionOpen(),
  },
};

const release: Noun = {
  description: 'Several services at once, in the order of their dependencies',
  verbs: {
    start: async () => (await import('./release/start.ts')).releaseStart(),
    list: async () => (await import('./release/read.ts')).releaseList(),
    show: async () => (await import('./release/read.ts')).releaseShow(),
    watch: async () => (await import('./release/watch.ts')).releaseWatch(),
    events: async () => (await import('./release/read.ts')).releaseEvents(),
    approve: async () => (await import('./release/actions.ts')).releaseAction('approve'),
    abort: async () => (await import('./release/actions.ts')).releaseAction('abort'),
    rollback: async () => (await import('./release/actions.ts')).releaseAction('rollback'),
    finish: async () => (await import('./release/actions.ts')).releaseAction('finish'),
    promote: async () => (await import('./release/promote.ts')).releasePromote(),
  },
};

const service: Noun = {
  description: 'Services, their versions and who depends on them',
  verbs: {
    register: async () => (await import('./service/register.ts')).serviceRegister(),
    list: async () => (await import('./service/read.ts')).serviceList(),
    show: async () => (await import('./service/read.ts')).serviceShow(),
    versions: async () => (await import('./service/read.ts')).serviceVersions(),
    compatibility: async () => (await import('./service/compatibility.ts')).serviceCompatibility(),
    matrix: async () => (await import('./service/read.ts')).serviceMatrix(),
    discover: async () => (await import('./service/discover.ts')).serviceDiscover(),
    deregister: async () => (await import('./service/deregister.ts')).serviceDeregister(),
    instance: {
      description: 'Where a version runs',
      verbs: {
        add: async () => (await import('./service/instance.ts')).instanceAdd(),
        heartbeat: async () => (await import('./service/instance.ts')).instanceHeartbeat(),
        remove: async () => (await import('./service/instance.ts')).instanceRemove(),
        list: async () => (await import('./service/instance.ts')).instanceList(),
      },
    },
    consumer: {
      description: 'What others use of a service',
      verbs: {
        set: async () => (await import('./service/consumer.ts')).consumerSet(),
        list: async () => (await import('./service/consumer.ts')).consumerList(),
        remove: async () => (await import('./service/consumer.ts')).consumerRemove(),
      },
    },
    'cloud-map': {
      description: 'The same services in AWS Cloud Map',
      verbs: {
        export: async () => (await import('./service/cloud-map.ts')).cloudMapExport(),
        import: async () => (await import('./service/cloud-map.ts')).cloudMapImport(),
      },
    },
  },
};

const webhook: Noun = {
  description: 'Where events are sent',
  verbs: {
    add: async () => (await import('./webhook/add.ts')).webhookAdd(),
    list: async () => (await import('./webhook/read.ts')).webhookList(),
    show: async () => (await import('./webhook/read.ts')).webhookShow(),
    change: async () => (await import('./webhook/change.ts')).webhookChange(),
    test: async () => (await import('./webhook/send.ts')).webhookTest(),
    deliveries: async () => (await import('./webhook/read.ts')).webhookDeliveries(),
    resend: async () => (await import('./webhook/send.ts')).webhookResend(),
    rotate: async () => (await import('./webhook/change.ts')).webhookRotate(),
    remove: async () => (await import('./webhook/change.ts')).webhookRemove(),
  },
};

const slack: Noun = {
  description: 'Buttons in Slack, and who presses them',
  verbs: {
    connect: async () => (await import('./slack/app.ts')).slackConnect(),
    disconnect: async () => (await import('./slack/app.ts')).slackDisconnect(),
    user: async () => (await import('./slack/user.ts')).slackUser(),
  },
};

const all: Verbs = {
  dev: async () => (await import('./dev.ts')).dev(),
  demo: async () => (await import('./demo.ts')).demo(),
  api,
  config,
  connector,
  database,
  deployment,
  flag,
  migration,
  backup,
  service,
  alert: {
    description: 'What alert rules found on running migrations',
    verbs: { list: async () => (await import('./alert/list.ts')).alertList() },
  },
  'alert-rule': alertRule,
  permission,
  audit: {
    description: 'Who changed what',
    verbs: { list: async () => (await import('./audit/list.ts')).auditList() },
  },
  webhook,
  slack,
  gateway,
  release,
};

const empty = () =>
  new Command('theseus')
    .description('Changes every part of a running platform without stopping it.')
    .option(
      '--directory <path>',
      'data of the platform on this machine (default: .theseus, or THESEUS_DIRECTORY)',
    )
    .showHelpAfterError('Run it with --help to see what it takes.')
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 1 a defect of ours, 2 wrong usage, 3 refused, 4 the migration failed or was rolled back,
            5 the platform or database cannot be reached, 6 not allowed`,
    );

const commandOf = async (
  name: string,
  entry: Noun | (() => Promise<Command>),
  inside: (command: Command, verbs: Verbs) => Promise<Command>,
): Promise<Command> =>
  typeof entry === 'function'
    ? entry()
    : inside(new Command(name).description(entry.description), entry.verbs);

/** Adds every verb, in the verbs of every noun too. */
async function addAll(command: Command, verbs: Verbs): Promise<Command> {
  for (const [name, entry] of Object.entries(verbs)) command.addCommand(await commandOf(name, entry, addAll));
  return command;
}

/** Adds the one verb that the first word names; where it names none, all of them, and of nouns no more than the name. */
async function addNamed(
  command: Command,
  verbs: Verbs,
  [word, ...rest]: readonly string[],
): Promise<Command> {
  // `help <verb>` shows what `<verb> --help` does.
  if (word === 'help') return addNamed(command, verbs, rest.slice(0, 1));
  const chosen = Object.entries(verbs).filter(([name]) => name === word);
  for (const [name, entry] of chosen.length > 0 ? chosen : Object.entries(verbs))
    command.addCommand(
      await commandOf(name, entry, async (noun, inner) =>
        chosen.length > 0 ? addNamed(noun, inner, rest) : noun,
      ),
    );
  return command;
}

/** The words before the first option of a verb: `['migration', 'lint']`. What an option may take is no verb. */
function wordsOf(args: readonly string[]): string[] {
  const words: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    if (arg === '--directory') at++;
    else if (arg.startsWith('--directory=')) continue;
    else if (arg.startsWith('-')) break;
    else words.push(arg);
  }
  return words;
}

/** The command line as far as these arguments need it: the verb they name, or what there is to choose from. */
export const programFor = (args: readonly string[]): Promise<Command> =>
  addNamed(empty(), all, wordsOf(args));

/** The command line as a whole: every noun, verb and option. */
export const wholeProgram = (): Promise<Command> => addAll(empty(), all);
