import { checks } from '../kit/outline.ts';
import { type Text, message, term } from '../kit/text.ts';

/*
 * Names that answer files of earlier products hold, from release 3.3 to 4.5, and that have no effect here. A setting of the
 * same key always wins over this table. The name spaces and keys are those of the original engine-setup and its companions.
 */

/** Keys with one reason. `*` at the end of a key stands for any rest. */
export interface Inert {
  readonly keys: readonly string[];
  readonly reason: Text;
}

const noMore = (what: Text, release: string): Text => message`${term(what)} was removed in ${release}.`;

export const inertKeys: readonly Inert[] = [
  // Components and tools that are not here
  { keys: ['OVEHOSTED_*'], reason: 'Belongs to the deployment of a hosted engine, which is another tool.' },
  { keys: ['OVESETUP_AIO/*'], reason: noMore('The all-in-one installation', '4.0') },
  { keys: ['OVESETUP_REPORTS_*'], reason: noMore('The reports component', '4.0') },
  { keys: ['OVESETUP_GRAFANA_*'], reason: 'Grafana is not a component of this setup.' },
  { keys: ['OVESETUP_KEYCLOAK_*', 'OVESETUP_CONFIG/keycloak*'], reason: 'Keycloak is not a component of this setup.' },
  { keys: ['OVESETUP_CL_*', 'OVESETUP_MB_*'], reason: 'Managed block storage is not a component of this setup.' },
  { keys: ['OVESETUP_FAPOLICYD/*'], reason: 'Rules for fapolicyd are not written by this setup.' },
  {
    keys: ['OVESETUP_PROVISION_DB/*', 'OVESETUP_PROVISIONDB_CONFIG/*'],
    reason: 'Belongs to the provisioning of databases for a restore, which is another tool.',
  },
  { keys: ['OVESETUP_RHEVM_*'], reason: 'Belongs to a branded product.' },
  { keys: ['OVESETUP_REMOVE/*', 'OVESETUP_DWH_REMOVE/*', 'OVESETUP_CORE/remove'], reason: 'Only the cleanup reads it; setup does not.' },
  { keys: ['OSETUP_RENAME/*'], reason: 'Belongs to the change of the host name, which is another tool.' },
  {
    keys: ['OVESETUP_CONFIG/isoDomain*', 'OVESETUP_SYSTEM/nfsConfigEnabled*'],
    reason: noMore('The ISO domain that setup shares with NFS', '4.5'),
  },
  {
    keys: ['OVESETUP_CONFIG/storageType', 'OVESETUP_CONFIG/storageIsLocal'],
    reason: 'Every data center chooses its storage by itself since 3.6.',
  },

  // The framework of the original
  { keys: ['DIALOG/autoAcceptDefault'], reason: 'Say --accept-defaults on the command line.' },
  { keys: ['DIALOG/dialect'], reason: 'Say --dialog=machine on the command line.' },
  { keys: ['DIALOG/*'], reason: 'Belongs to the dialog of the original; see --dialog on the command line.' },
  { keys: ['CORE/logFileName', 'CORE/logDir', 'CORE/logFileNamePrefix'], reason: 'Say --log=FILE on the command line.' },
  { keys: ['CORE/configFileName'], reason: 'Say --config=FILE on the command line.' },
  { keys: ['CORE/configFileAppend'], reason: 'Say --config-append=FILE on the command line.' },
  { keys: ['CORE/randomizeEvents'], reason: 'The order of the work is fixed here.' },
  { keys: ['CORE/*', 'BASE/*', 'INFO/*'], reason: 'Belongs to the framework of the original.' },
  { keys: ['PACKAGER/*'], reason: 'Say --offline on the command line to leave packages alone.' },
  { keys: ['SYSTEM/*'], reason: 'The clock, restarts and search paths of the host are not changed by setup.' },
  {
    keys: ['NETWORK/*', 'NETWORK_FIREWALLD_SERVICE/*', 'OVESETUP_NETWORK/*'],
    reason: 'Rules of the firewall are made from the components; see OVESETUP_CONFIG/updateFirewall.',
  },
  { keys: ['COMMAND/*'], reason: 'Programs are looked up where the system has them.' },
  { keys: ['OVESETUP_DOCS/*'], reason: 'The settings are described in docs/answers.md.' },

  // Options that are said on the command line here
  { keys: ['OVESETUP_CORE/answerFile'], reason: 'Say --generate-answer=FILE on the command line.' },
  { keys: ['OVESETUP_CORE/reconfigureOptionalComponents'], reason: 'Say --reconfigure-optional-components on the command line.' },

  // What setup decides by itself
  { keys: ['OVESETUP_CORE/generatedByVersion'], reason: 'Says which version wrote the file; nothing depends on it.' },
  { keys: ['OVESETUP_CORE/setupAttributesModules'], reason: 'Is part of the program here.' },
  {
    keys: ['OVESETUP_APACHE/configured', 'OVESETUP_APACHE/enable'],
    reason: 'Whether the web server is configured is read from its files.',
  },
  { keys: ['OVESETUP_CONFIG/adminUser*'], reason: 'The administrator is always admin@internal.' },
  {
    keys: ['OVESETUP_CONFIG/engineHeapMin', 'OVESETUP_CONFIG/engineHeapMax', 'OVESETUP_CONFIG/jbossHome'],
    reason: 'The engine needs no Java here.',
  },
  { keys: ['OVESETUP_RPMDISTRO/*'], reason: 'Which packages belong to the product is part of the program here.' },
  {
    keys: ['OVESETUP_CONFIG/engineServiceStopNeeded', 'OVESETUP_CONFIG/fenceKdumpListenerStopNeeded', 'OVESETUP_SYSTEM/hostileServices'],
    reason: 'Services are stopped only if a step of the plan needs it.',
  },
  { keys: ['OVESETUP_DWH_CONFIG/remoteEngineConfigured'], reason: 'Whether the engine is configured is looked up each time.' },
  {
    keys: ['OVESETUP_OVN/ovirtProviderOvnId'],
    reason: 'Whether the provider is set up is looked up each time.',
  },
  {
    keys: [
      'OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyConfigdPath',
      'OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyHost',
      'OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyPort',
    ],
    reason: 'The console proxy runs on the host of the engine, on its usual port.',
  },
  { keys: ['OVESETUP_CONFIG/httpsPort'], reason: 'The port is OVESETUP_CONFIG/publicHttpsPort here.' },
  {
    keys: ['OVESETUP_APACHE/httpdService', 'OVESETUP_APACHE/configFile*', 'OVESETUP_APACHE/needRestart'],
    reason: 'The service and the files of the web server have fixed names here.',
  },
  { keys: ['OVESETUP_CONFIG/forceInvalidPGConf'], reason: 'A PostgreSQL server whose configuration does not fit ends the run.' },
  {
    keys: ['AuthMethod', 'LCMessages', 'ListenAddress', 'MaxConn', 'ScramRotationEnabled'].map(
      (name) => `OVESETUP_PROVISIONING/postgres${name}`,
    ),
    reason: 'Setup configures its PostgreSQL as the engine needs it.',
  },
  { keys: ['OVESETUP_SYSTEM/userPostgres'], reason: 'The account of PostgreSQL is that of the system.' },
  {
    keys: [
      'OVESETUP_PROVISIONING/postgresService',
      'OVESETUP_PROVISIONING/postgresConf',
      'OVESETUP_PROVISIONING/postgresPgHba',
      'OVESETUP_PROVISIONING/postgresPgVersion',
    ],
    reason: 'PostgreSQL is looked up where the system has it.',
  },

  // Questions about upgrades that do not arise
  { keys: ['OVESETUP_DIALOG/confirmUpgrade'], reason: 'Upgrades are confirmed with the preview, like everything else.' },
  { keys: ['OVESETUP_DB/upgradeWithHeEl6Hosts'], reason: 'Hosts of Enterprise Linux 6 are no longer supported.' },
  { keys: ['OVESETUP_SKIP_RENEW_PKI_CONFIRM/*'], reason: 'Whoever leaves the certificate of the CA as it is, is not asked again.' },
  {
    keys: ['dumper', 'filter', 'restoreJobs'].flatMap((name) => [`OVESETUP_DB/${name}`, `OVESETUP_DWH_DB/${name}`]),
    reason: 'Setup makes safety copies inside of PostgreSQL, without a dump.',
  },
  {
    keys: ['OVESETUP_CONFIG/engineDbBackupDir', 'OVESETUP_DWH_CONFIG/dwhDbBackupDir', 'OVESETUP_DWH_DB/restoreBackupLate'],
    reason: 'Setup makes safety copies inside of PostgreSQL, without a dump.',
  },

  // Others
  { keys: ['OVESETUP_CONFIG/macRangePool'], reason: 'Pools of MAC addresses are settings of the running engine.' },
  { keys: ['OVESETUP_SYSTEM/redhatSupportProxyEnabled'], reason: 'Belongs to a branded product.' },
];

/** The checks of the host whose findings can be accepted. */
export const waivable: readonly string[] = ['authority-lost', 'disk-space', 'shared-memory', 'low-memory'];

export const inertQuestions: readonly Inert[] = [
  { keys: checks.filter((id) => !waivable.includes(id)), reason: 'What this check finds cannot be accepted, so nothing is asked.' },
  { keys: ['OVESETUP_SYSTEM_UNPRIVILEGED'], reason: 'Setup sees who runs it; whoever is not root says --root=DIRECTORY.' },
  { keys: ['ovirt-cinderlib-*'], reason: 'Managed block storage is not a component of this setup.' },
  { keys: ['OVESETUP_GRAFANA_*', 'GRAFANA_*'], reason: 'Grafana is not a component of this setup.' },
  { keys: ['OVESETUP_KEYCLOAK_*'], reason: 'Keycloak is not a component of this setup.' },
  { keys: ['NFS_MOUNT_POINT', 'ISO_DOMAIN_*'], reason: noMore('The ISO domain that setup shares with NFS', '4.5') },
  {
    keys: ['OVESETUP_PKI_VERIFY_MISSING_CA_PEM'],
    reason: 'Give QUESTION/1/authority-lost, or say --allow=authority-lost: nothing is overwritten without that.',
  },
  { keys: ['OVESETUP_SKIP_RENEW_PKI_CONFIRM'], reason: 'Whoever leaves the certificate of the CA as it is, is not asked again.' },
  { keys: ['OVESETUP_IGNORE_SNAPSHOTS_WITH_OLD_COMPAT_LEVEL'], reason: 'Snapshots are not looked at.' },
  { keys: ['CUSTOMIZATION_COMMAND', 'TERMINATION_COMMAND'], reason: 'There is no command prompt inside of setup; see engine-setup plan.' },
];

/** Looks a name up: one that is written out before the beginnings, a longer beginning before a shorter one. */
function lookUp(table: readonly Inert[]): (name: string) => Text | undefined {
  const rows = table.flatMap(({ keys, reason }) => keys.map((key) => ({ key, reason })));
  const whole = new Map(rows.map(({ key, reason }) => [key, reason]));
  const beginnings = rows
    .filter(({ key }) => key.endsWith('*'))
    .map(({ key, reason }) => ({ beginning: key.slice(0, -1), reason }))
    .sort((a, b) => b.beginning.length - a.beginning.length);
  return (name) => whole.get(name) ?? beginnings.find(({ beginning }) => name.startsWith(beginning))?.reason;
}

/** Why a key has no effect here, in one sentence; undefined for keys that nobody knows, and for settings of ours. */
export const whyNoEffect = lookUp(inertKeys);

/** Why a question of this name is not asked here, in one sentence; undefined for names that nobody knows, and for questions of ours. */
export const whyNotAsked = lookUp(inertQuestions);
