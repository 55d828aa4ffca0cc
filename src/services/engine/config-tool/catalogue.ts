import { arePatterns } from '../registration/approve-patterns.ts';

/** What an option may hold. */
export type Kind =
  | { readonly number: { readonly least: number; readonly most: number } }
  | { readonly words: readonly string[] }
  | { readonly text: RegExp; readonly form: string }
  | { readonly patterns: (value: string) => boolean; readonly form: string };

/** An option of the engine that administrators may change. Only those are here that the engine reads, or shows to clients that do. */
export interface Option {
  readonly name: string;
  readonly about: string;
  readonly kind: Kind;
  /** What is there before anybody changes it; absent where setup decides it. */
  readonly usual?: string;
  /** Setup or the engine itself writes it. */
  readonly readOnly?: true;
}

const number = (least: number, most: number): Kind => ({ number: { least, most } });
const truth: Kind = { words: ['true', 'false'] };
const minutes = number(1, 525_600);

/** In the order of their names. All are read from the database whenever they are needed, so none needs a restart. */
export const options: readonly Option[] = [
  {
    name: 'ApplicationMode',
    about: 'What the engine manages: 1 virtual machines, 2 storage of Gluster, 255 both.',
    kind: { words: ['1', '2', '255'] },
    usual: '255',
  },
  { name: 'AuditLogAgingThreshold', about: 'Days before events are deleted.', kind: number(1, 3650), usual: '30' },
  {
    name: 'AutoApprovePatterns',
    about:
      'Regular expressions with commas between them: machines that register themselves with a name or hardware UUID which begins so become ' +
      'hosts without being approved. Whoever reaches the engine can call itself so.',
    kind: { patterns: arePatterns, form: 'regular expressions without groups, and with two repetitions each at most' },
    usual: '',
  },
  { name: 'DwhHeartBeatInterval', about: 'Seconds between signs of life for the data warehouse.', kind: number(1, 300), usual: '15' },
  { name: 'FailedJobCleanupTimeInMinutes', about: 'Minutes before jobs that failed are forgotten.', kind: minutes, usual: '60' },
  {
    name: 'HostedEngineVmName',
    about: 'Name of the virtual machine that a hosted engine runs in.',
    kind: { text: /^[\w.-]{1,255}$/, form: 'letters, digits, and . _ -' },
    usual: 'HostedEngine',
  },
  { name: 'ImageDaemonPort', about: 'Port of the image daemons of hosts.', kind: number(1, 65_535), usual: '54322' },
  { name: 'InstallationId', about: 'Tells this installation from every other.', kind: { text: /^/, form: '' }, readOnly: true },
  { name: 'JobCleanupRateInMinutes', about: 'Minutes between two cleanings of old jobs.', kind: number(1, 1440), usual: '10' },
  { name: 'MaxNumOfCpuPerSocket', about: 'Cores of a socket that a virtual machine can have.', kind: number(1, 65_535), usual: '254' },
  { name: 'MaxNumOfThreadsPerCpu', about: 'Threads of a core that a virtual machine can have.', kind: number(1, 65_535), usual: '8' },
  { name: 'MaxNumOfVmCpus', about: 'Virtual processors that a virtual machine can have.', kind: number(1, 65_535), usual: '384' },
  { name: 'MaxNumOfVmSockets', about: 'Sockets that a virtual machine can have.', kind: number(1, 65_535), usual: '16' },
  {
    name: 'NonOperationalRetryInSeconds',
    about: 'Seconds between two looks at a host that is not operational.',
    kind: number(10, 86_400),
    usual: '300',
  },
  { name: 'ProductRPMVersion', about: 'The version that is installed.', kind: { text: /^/, form: '' }, readOnly: true },
  { name: 'SANWipeAfterDelete', about: 'Whether new disks on block storage are wiped when they are deleted.', kind: truth, usual: 'false' },
  { name: 'SearchResultsLimit', about: 'Members of one page of a search.', kind: number(1, 10_000), usual: '100' },
  { name: 'SPMFailOverAttempts', about: 'Hosts that are tried as storage pool manager in one look.', kind: number(1, 100), usual: '3' },
  {
    name: 'SSHKeyAlias',
    about: "Comment at the end of the engine's public SSH key.",
    kind: { text: /^[\w.@-]{1,64}$/, form: 'letters, digits, and . _ @ -' },
    usual: 'ovirt-engine',
  },
  {
    name: 'StoragePoolRefreshTimeInSeconds',
    about: 'Seconds between two looks at the storage of a data center.',
    kind: number(1, 3600),
    usual: '10',
  },
  { name: 'SucceededJobCleanupTimeInMinutes', about: 'Minutes before jobs that succeeded are forgotten.', kind: minutes, usual: '10' },
  {
    name: 'TimeoutToResetVdsInSeconds',
    about: 'Seconds that a host which cannot be reached is waited for.',
    kind: number(10, 86_400),
    usual: '60',
  },
  {
    name: 'TransferImageClientInactivityTimeoutInSeconds',
    about: 'Seconds that nobody may use a transfer of an image, unless a client says otherwise.',
    kind: number(1, 86_400),
    usual: '60',
  },
  { name: 'UserSessionTimeOutInterval', about: 'Minutes that a session may be idle.', kind: minutes, usual: '30' },
  { name: 'VdsStatisticsInSeconds', about: 'Seconds between two statistics of a host.', kind: number(5, 3600), usual: '15' },
  { name: 'VmGracefulShutdownTimeout', about: 'Seconds that guests are given to shut down.', kind: number(1, 3600), usual: '30' },
  {
    name: 'VM64BitMaxMemorySizeInMB',
    about: 'MiB of memory that a virtual machine can have.',
    kind: number(256, 2_147_483_647),
    usual: '4194304',
  },
  {
    name: 'VMConsoleTicketTolerance',
    about: 'Milliseconds that the clocks of the engine and of the VM console proxy may differ by.',
    kind: number(1, 600_000),
    usual: '10000',
  },
  {
    name: 'WebSocketProxy',
    about: 'Where browsers find the WebSocket proxy: Off, Engine:PORT, Host:PORT (the host of the virtual machine) or NAME:PORT.',
    kind: { text: /^(Off|[\w.-]{1,253}:\d{1,5}|\[[0-9a-f:]+\]:\d{1,5})$/i, form: 'Off, or a name or an address, a colon and a port' },
  },
  {
    name: 'WebSocketProxyTicketValiditySeconds',
    about: 'Seconds until a ticket for the WebSocket proxy has to be used.',
    kind: number(10, 600),
    usual: '120',
  },
];

/** Why a value cannot be one of the option's; null if it can. */
export function flawOf({ name, kind }: Option, value: string): string | null {
  if ('number' in kind) {
    const { least, most } = kind.number;
    const given = Number(value);
    return /^\d+$/.test(value) && given >= least && given <= most ? null : `${name} must be a whole number from ${least} to ${most}.`;
  }
  if ('words' in kind) return kind.words.includes(value) ? null : `${name} must be one of: ${kind.words.join(', ')}.`;
  const fits = 'patterns' in kind ? kind.patterns(value) : kind.text.test(value);
  return fits ? null : `${name} must be ${kind.form}.`;
}

/** The option of this name, in any case, or undefined. */
export const findOption = (name: string): Option | undefined => options.find((one) => one.name.toLowerCase() === name.toLowerCase());
