import type { Database } from '../../frame/database.ts';
import { readCertificate } from '../pki/pem.ts';
import { subjectOfHosts } from './host-subject.ts';

/** SQL of what viewers know hosts by: the beginning of the subjects of their certificates, and the authority that issued them, in PEM. */
export const authoritySql = {
  subject: `(select option_value from vdc_options where option_name = 'HostCertificateSubject' and version = 'general')`,
  certificate: `(select option_value from vdc_options where option_name = 'HostCertificateAuthority' and version = 'general')`,
} as const;

/** Keeps in the database what virtual machines are shown with, so that it is read along with them. Nothing of it is secret. */
export async function keepAuthority(database: Database, caCertificate: string): Promise<void> {
  const certificate = await readCertificate(caCertificate);
  if (certificate === null) return;
  const pem = certificate.toString();
  await database.query(
    `insert into vdc_options (option_name, option_value, default_value)
     values ('HostCertificateSubject', $1, null), ('HostCertificateAuthority', $2, null)
     on conflict (option_name, version) do update set option_value = excluded.option_value where vdc_options.option_value <> excluded.option_value`,
    [subjectOfHosts(pem), pem],
  );
}
