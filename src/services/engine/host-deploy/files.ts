import { dirname, join } from 'node:path';
import type { Settings } from '../settings.ts';
import type { DeploymentFiles } from './host-deployment.ts';

/**
 * Where the engine finds what it sets hosts up with. Only root may read the key of the authority on a whole host: systemd hands it to the
 * engine alone, and makes the folder of logs (systemd.exec(5)). In a trial the files belong to whoever runs it.
 * @param settings.engineKey the key that the engine logs in with as well
 */
export function deploymentFiles(
  { caCertificate, engineCertificate, engineKey }: Pick<Settings, 'caCertificate' | 'engineCertificate' | 'engineKey'>,
  { CREDENTIALS_DIRECTORY: credentials, LOGS_DIRECTORY: logs }: Readonly<Record<string, string | undefined>>,
): DeploymentFiles {
  const pki = dirname(caCertificate);
  return {
    authority: caCertificate,
    authorityKey: credentials === undefined ? join(pki, 'private/ca.pem') : join(credentials, 'authority-key'),
    engineCertificate,
    engineKey: engineKey ?? join(pki, 'keys/engine_id_rsa'),
    logs: logs ?? join(pki, '../../../var/log/ovirt-engine/host-deploy'),
  };
}
