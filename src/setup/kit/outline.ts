/**
 * The table of contents of a run. Every order in the program is written here, once:
 * the stages on screen, the chapters of work, the sections and questions of the dialog
 * and the lines of the preview. Nothing is ever sorted by anything else.
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
] as const;
export type StageId = (typeof stages)[number]['id'];

/** The chapters of work, by the stage that runs them. A step names its chapter; inside one, the order of `steps()` counts. */
export const chapters = {
  early_misc: ['engine.stop'],
  packages: ['packages'],
  misc: [
    'pki.refresh',
    'database.server',
    'database.engine',
    'pki.authority',
    'pki.certificates',
    'engine.configuration',
    'engine.schema',
    'engine.admin',
    'engine.options',
    'units',
    'record',
  ],
  closeup: ['services.start'],
} as const;
export type WorkStage = keyof typeof chapters;
export type Chapter = (typeof chapters)[WorkStage][number];

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
] as const;
export type Section = (typeof sections)[number]['id'];

/**
 * Settings in the order they are settled, each at the place where its question is (or would be) asked.
 * A setting may only look at settings above it. Settings of third-party plugins say after which one they stand.
 */
export const questions: readonly string[] = [
  'OVESETUP_CONFIG/fqdn',
  'OVESETUP_CONFIG/publicHttpsPort',
  'OVESETUP_DB/host',
  'OVESETUP_DB/port',
  'OVESETUP_DB/database',
  'OVESETUP_DB/user',
  'OVESETUP_DB/password',
  'OVESETUP_PROVISIONING/postgresAdminPassword',
  'OVESETUP_CONFIG/generateAdminPassword',
  'OVESETUP_CONFIG/adminPassword',
  'OVESETUP_CONFIG/ssoClientSecret',
  'OVESETUP_PKI/organization',
  'OVESETUP_PKI/country',
  'OVESETUP_DIALOG/confirmSettings',
];

/** The lines of the configuration preview, in their order on screen (it is not the order of the questions). */
export const previewLines: readonly string[] = [
  'OVESETUP_CONFIG/fqdn',
  'OVESETUP_DB/user',
  'OVESETUP_DB/database',
  'OVESETUP_DB/host',
  'OVESETUP_DB/port',
  'OVESETUP_PKI/organization',
];

/** The blocks of the closing summary, in order; a plugin labels each block it prints. */
export const summaryBlocks = ['login', 'web-access', 'certificates'] as const;
export type SummaryBlock = (typeof summaryBlocks)[number];
