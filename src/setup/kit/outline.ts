import type { Text } from './text.ts';

/**
 * The table of contents of a run. Every order in the program is written here, once:
 * the stages on screen, the chapters of work, the sections and questions of the dialog
 * the checks before the work and the lines of the preview. Nothing is ever sorted by anything else.
 */

/** The visible stages, in the order and with the titles that users of the classic wizard know. */
export const stages = [
  { id: 'init', title: 'Initializing' },
  { id: 'setup', title: 'Environment setup' },
  { id: 'internal_packages', title: 'Environment packages setup' },
  { id: 'programs', title: 'Programs detection' },
  { id: 'late_setup', title: 'Environment setup' },
  { id: 'customization', title: 'Environment customization' },
  { id: 'validation', title: 'Setup validation' },
  { id: 'transaction_begin', title: 'Transaction setup' },
  { id: 'early_misc', title: 'Misc configuration' },
  { id: 'packages', title: 'Package installation' },
  { id: 'misc', title: 'Misc configuration' },
  { id: 'transaction_end', title: 'Transaction commit' },
  { id: 'closeup', title: 'Closing up' },
  { id: 'cleanup', title: 'Clean up' },
  { id: 'pre_terminate', title: 'Pre-termination' },
  { id: 'terminate', title: 'Termination' },
] as const satisfies readonly { readonly id: string; readonly title: Text }[];
export type StageId = (typeof stages)[number]['id'];

/** The chapters of work, by the stage that runs them. A step names its chapter; inside one, the order of `steps()` counts. */
export const chapters = {
  early_misc: ['engine.stop'],
  packages: ['packages'],
  misc: [
    'system',
    'pki.refresh',
    'database.server',
    'database.engine',
    'database.dwh',
    'pki.authority',
    'pki.certificates',
    'dwh.schema',
    'engine.configuration',
    'libvirt',
    'agent',
    'imageio',
    'vmconsole',
    'websocket',
    'engine.schema',
    'ovn.engine',
    'engine.admin',
    'engine.options',
    'dwh.configuration',
    'ovn',
    'apache',
    'firewall',
    'units',
    'record',
  ],
  closeup: ['services.start', 'dwh.start', 'vmconsole.start', 'apache.restart', 'firewall.open', 'database.old'],
} as const;
export type WorkStage = keyof typeof chapters;
export type Chapter = (typeof chapters)[WorkStage][number];

/** Units in the order in which they are stopped, where the work needs that. Those of third parties follow. */
export const stopOrder: readonly string[] = [
  'ovirt-engine',
  'ovirt-fence-kdump-listener',
  'ovirt-engine-notifier',
  'ovirt-engine-dwhd',
  'ovirt-imageio',
  'ovirt-vmconsole-proxy-sshd',
  'ovirt-websocket-proxy',
  'ovirt-provider-ovn',
];

/** The sections of the dialog, in the order they are asked, with the titles on screen. */
export const sections = [
  { id: 'product', title: 'PRODUCT OPTIONS' },
  { id: 'packages', title: 'PACKAGES' },
  { id: 'network', title: 'NETWORK CONFIGURATION' },
  { id: 'database', title: 'DATABASE CONFIGURATION' },
  { id: 'engine', title: 'OVIRT ENGINE CONFIGURATION' },
  { id: 'storage', title: 'STORAGE CONFIGURATION' },
  { id: 'pki', title: 'PKI CONFIGURATION' },
  { id: 'apache', title: 'APACHE CONFIGURATION' },
  { id: 'system', title: 'SYSTEM CONFIGURATION' },
  { id: 'misc', title: 'MISC CONFIGURATION' },
] as const satisfies readonly { readonly id: string; readonly title: Text }[];
export type Section = (typeof sections)[number]['id'];

/**
 * Settings in the order they are settled, each at the place where its question is (or would be) asked.
 * A setting may only look at settings above it. Settings of third-party plugins say after which one they stand.
 */
export const questions: readonly string[] = [
  'OVESETUP_CORE/developerMode',
  // product
  'OVESETUP_ENGINE_CORE/enable',
  'OVESETUP_OVN/ovirtProviderOvn',
  'OVESETUP_CONFIG/imageioProxyConfig',
  'OVESETUP_CONFIG/websocketProxyConfig',
  'OVESETUP_DWH_CORE/enable',
  'OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyConfig',
  // packages
  'OVESETUP_CORE/offlinePackager',
  'OSETUP_RPMDISTRO/enableUpgrade',
  'OSETUP_RPMDISTRO/requireRollback',
  // network
  'OVESETUP_CONFIG/fqdnReverseValidation',
  'OVESETUP_CONFIG/fqdnNonLoopback',
  'OVESETUP_CONFIG/fqdn',
  'OVESETUP_NODE/address',
  'OVESETUP_NODE/engineKey',
  'OVESETUP_CONFIG/publicHttpsPort',
  'OVESETUP_CONFIG/httpPort',
  'OVESETUP_CONFIG/imageioProxyPort',
  'OVESETUP_CONFIG/websocketProxyPort',
  'OVESETUP_CONFIG/fenceKdumpListenerPort',
  'OVESETUP_CONFIG/validFirewallManagers',
  'OVESETUP_CONFIG/updateFirewall',
  'OVESETUP_CONFIG/firewallManager',
  'OVESETUP_ENGINE_CONFIG/fqdn',
  'OVESETUP_CONFIG/remoteEngineSetupStyle',
  'OVESETUP_CONFIG/remoteEngineHostSshPort',
  'OVESETUP_CONFIG/remoteEngineHostKey',
  'OVESETUP_CONFIG/remoteEngineHostRootPassword',
  'OVESETUP_CONFIG/remoteEngineAuthorityFile',
  // database
  'OVESETUP_DWH_PROVISIONING/postgresLocation',
  'OVESETUP_DWH_PROVISIONING/postgresProvisioningEnabled',
  'OVESETUP_PROVISIONING/postgresLocation',
  'OVESETUP_PROVISIONING/postgresProvisioningEnabled',
  'OVESETUP_DWH_DB/host',
  'OVESETUP_DWH_DB/port',
  'OVESETUP_DWH_DB/secured',
  'OVESETUP_DWH_DB/securedHostValidation',
  'OVESETUP_DWH_DB/database',
  'OVESETUP_DWH_DB/user',
  'OVESETUP_DWH_DB/password',
  'OVESETUP_DB/authority',
  'OVESETUP_DB/host',
  'OVESETUP_DB/port',
  'OVESETUP_DB/secured',
  'OVESETUP_DB/securedHostValidation',
  'OVESETUP_DB/database',
  'OVESETUP_DB/user',
  'OVESETUP_DB/password',
  'OVESETUP_DWH_DB/existingDwhHost',
  'OVESETUP_DB/clients',
  'OVESETUP_PROVISIONING/postgresAdminPassword',
  'OVESETUP_DB/fixDbConfiguration',
  'OVESETUP_PROVISIONING/postgresUpgrade',
  'OVESETUP_PROVISIONING/postgresUpgradeCleanold',
  'OVESETUP_DWH_DB/performBackup',
  'OVESETUP_DB/dwhVacuumFull',
  // engine
  'OVESETUP_CONFIG/generateAdminPassword',
  'OVESETUP_CONFIG/adminPassword',
  'OVESETUP_DB/engineVacuumFull',
  'OVESETUP_CONFIG/applicationMode',
  'OVESETUP_OVN/defaultCredentials',
  'OVESETUP_OVN/ovirtProviderOvnUser',
  'OVESETUP_OVN/ovirtProviderOvnPassword',
  'OVESETUP_OVN/ovirtProviderOvnSecret',
  'OVESETUP_OVN/ovirtProviderOvnKeystonePort',
  'OVESETUP_OVN/ovirtProviderOvnNeutronPort',
  'OVESETUP_OVN/northboundPort',
  'OVESETUP_OVN/southboundPort',
  'OVESETUP_CONFIG/ssoClientSecret',
  // storage
  'OVESETUP_CONFIG/sanWipeAfterDelete',
  // pki
  'OVESETUP_PKI/organization',
  'OVESETUP_PKI/country',
  'OVESETUP_PKI/keySize',
  'OVESETUP_PKI/storePassword',
  'OVESETUP_PKI/renew',
  'OVESETUP_PKI/httpsAuthority',
  'OVESETUP_PKI/httpsCertificate',
  'OVESETUP_PKI/httpsKey',
  'OVESETUP_CONFIG/websocketProxySignedCertificate',
  'OVESETUP_NODE/authority',
  'OVESETUP_NODE/certificate',
  'OVESETUP_NODE/consoleAuthority',
  'OVESETUP_NODE/consoleCertificate',
  // apache
  'OVESETUP_APACHE/configureRootRedirectionDefault',
  'OVESETUP_APACHE/configureRootRedirection',
  'OVESETUP_APACHE/configureSsl',
  'OVESETUP_APACHE/reconfigureSsl',
  // misc
  'OVESETUP_DWH_CONFIG/scale',
  'OVESETUP_DWH_CONFIG/uuid',
  'OVESETUP_CONFIG/notifier',
  // validation: asked when everything else is known
  'OVESETUP_CONFIG/continueSetupOnHEVM',
  'OVESETUP_CONFIG/ignoreVdsgroupInNotifier',
  'OVESETUP_DWH_DB/disconnectExistingDwh',
  'OVESETUP_CORE/engineStop',
  'OVESETUP_SYSTEM/memCheckEnabled',
  'OVESETUP_CONFIG/firewallChangesReview',
  'OVESETUP_CONFIG/firewallChangesAccept',
  'OVESETUP_CORE/upgradeSupportedVersions',
  'OVESETUP_ASYNC/clearTasks',
  'OVESETUP_ASYNC/clearTasksWait',
  'OVESETUP_ASYNC/waitRunningTasks',
  'OVESETUP_DB/fixDbViolations',
  'OVESETUP_DIALOG/confirmSettings',
];

/** The lines of the configuration preview, in their order on screen (it is not the order of the questions). */
export const previewLines: readonly string[] = [
  'OVESETUP_CONFIG/applicationMode',
  'OVESETUP_CONFIG/sanWipeAfterDelete',
  'OVESETUP_CONFIG/firewallManager',
  'OVESETUP_CONFIG/updateFirewall',
  'OVESETUP_CONFIG/fqdn',
  'OSETUP_RPMDISTRO/requireRollback',
  'OSETUP_RPMDISTRO/enableUpgrade',
  'OVESETUP_PROVISIONING/postgresProvisioningEnabled',
  'OVESETUP_APACHE/configureRootRedirection',
  'OVESETUP_APACHE/configureSsl',
  'OVESETUP_DB/secured',
  'OVESETUP_DB/user',
  'OVESETUP_DB/database',
  'OVESETUP_DB/host',
  'OVESETUP_DB/port',
  'OVESETUP_DB/securedHostValidation',
  'OVESETUP_ENGINE_CORE/enable',
  'OVESETUP_PKI/organization',
  'OVESETUP_PKI/renew',
  'OVESETUP_ENGINE_CONFIG/fqdn',
  'OVESETUP_OVN/ovirtProviderOvn',
  'OVESETUP_CONFIG/websocketProxyConfig',
  'OVESETUP_DWH_CORE/enable',
  'OVESETUP_DWH_DB/secured',
  'OVESETUP_DWH_DB/host',
  'OVESETUP_DWH_DB/user',
  'OVESETUP_DWH_DB/database',
  'OVESETUP_DWH_DB/performBackup',
  'OVESETUP_DWH_DB/port',
  'OVESETUP_DWH_DB/securedHostValidation',
  'OVESETUP_DWH_PROVISIONING/postgresProvisioningEnabled',
  'OVESETUP_CONFIG/imageioProxyConfig',
  'OVESETUP_VMCONSOLE_PROXY_CONFIG/vmconsoleProxyConfig',
];

/** The named checks of the host, in the order their findings are shown. Those of third-party plugins follow. */
export const checks: readonly string[] = [
  'not-root',
  'unsupported-host',
  'original-installed',
  'packages-missing',
  'postgres-programs',
  'host-name',
  'hosted-engine',
  'compatibility-levels',
  'database-lost',
  'database-in-the-way',
  'database-version',
  'database-room',
  'database-settings',
  'database-network',
  'trust-access',
  'authority-lost',
  'authority-early',
  'pki-without-key',
  'https-key',
  'https-chain',
  'https-names',
  'https-dates',
  'https-usage',
  'https-strength',
  'https-port',
  'http-port',
  'backend-port',
  'imageio-port',
  'websocket-port',
  'fence-kdump-port',
  'vmconsole-port',
  'ovn-keystone-port',
  'ovn-neutron-port',
  'ovn-northbound-port',
  'ovn-southbound-port',
  'ovn-provider-name',
  'database-port',
  'apache-broken',
  'apache-site',
  'firewall-rules',
  'disk-space',
  'shared-memory',
  'clock',
  'clock-unkept',
  'low-memory',
];

/** The chapters whose lines stand below the heading of the summary on the classic screen. */
export const summaryHeads: readonly Chapter[] = ['apache.restart', 'firewall.open', 'database.old'];

/** The blocks of the closing summary, in order; a plugin labels each block it prints. `more` is for third parties. */
export const summaryBlocks = ['firewall', 'databases', 'login', 'web-access', 'web-server', 'certificates', 'memory', 'more'] as const;
export type SummaryBlock = (typeof summaryBlocks)[number];
