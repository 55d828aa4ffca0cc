import { hostName } from './host-image.ts';

/* What is given to setup on a host of its own, and what it is called there. */

/** Nothing of these may be seen anywhere but in files that only their owner reads. */
export const canaries = {
  admin: 'canary-Geheim%4711',
  engine: 'canary-Daten%4712',
  history: 'canary-Verlauf%4713',
  stores: 'canary-Truhe%4714',
} as const;

/** What setup is told on a host of its own. */
export const installationAnswers = `[environment:default]
OVESETUP_CONFIG/fqdn=str:${hostName}
OVESETUP_CONFIG/adminPassword=str:${canaries.admin}
OVESETUP_CONFIG/updateFirewall=bool:True
OVESETUP_CONFIG/firewallManager=str:firewalld
OVESETUP_DB/password=str:${canaries.engine}
OVESETUP_DWH_DB/password=str:${canaries.history}
OVESETUP_PKI/organization=str:Example & Söhne
OVESETUP_PKI/storePassword=str:${canaries.stores}
OVESETUP_DIALOG/confirmSettings=bool:True
`;

/** The program in its place. */
export const ofHost = 'engine-setup';

export const services = [
  'ovirt-engine',
  'ovirt-engine-dwhd',
  'ovirt-fence-kdump-listener',
  'ovirt-imageio',
  'ovirt-websocket-proxy',
  'ovirt-provider-ovn',
] as const;
