import { authoritySql } from '../../../consoles/authority-option.ts';
import { addressOfDisplay } from '../../../consoles/display.ts';
import { hostSubject } from '../../../consoles/host-subject.ts';
import type { Entity } from '../../types.ts';
import { optional, type Row } from '../collection.ts';

/* Where viewers find the displays of a machine that runs, and what they know its host by. */

/** SQL of the address of the host that a machine runs on, and of the one for its displays. */
export const displayHostSql = (host: string): string =>
  `(select json_build_object('address', h.host_name, 'displayAddress', h.console_address) from vds_static h where h.vds_id = ${host})`;

export const displayColumns = `${displayHostSql('t.run_on_vds')} as display_host, ${authoritySql.subject} as hosts_subject`;
/** What is read only where all content is asked for. */
export const authorityColumn = `${authoritySql.certificate} as authority`;

interface DisplayHost {
  readonly address: string;
  readonly displayAddress: string | null;
}

/** The address of a display that listens somewhere; undefined where the machine runs on no host. */
export function shownAddress(listens: unknown, row: Row): string | undefined {
  const host = row['display_host'] as DisplayHost | null | undefined;
  return host === null || host === undefined ? undefined : addressOfDisplay(listens, host);
}

/** A display with the certificate of its host, where it is open, and with the authority where that was read. */
export function withCertificate(display: Entity, row: Row): Entity {
  const host = row['display_host'] as DisplayHost | null | undefined;
  const subject = optional(row['hosts_subject']);
  if (display['address'] === undefined || host === null || host === undefined || subject === undefined) return display;
  return { ...display, certificate: { content: optional(row['authority']), subject: hostSubject(subject, host.address) } };
}
