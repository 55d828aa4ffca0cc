import { X509Certificate } from 'node:crypto';

/** What the subjects of the certificates of all hosts begin with: the country and the organization of the authority. `O=Example,` */
export function subjectOfHosts(authority: string): string {
  const lines = new X509Certificate(authority).subject.split('\n');
  const part = (id: string): string => {
    const value = lines.find((line) => line.startsWith(`${id}=`))?.slice(id.length + 1);
    return value === undefined ? '' : `${id}=${value.replaceAll(/[\\,]/g, '\\$&')},`;
  };
  return part('C') + part('O');
}

/** The organization in what the subjects of all hosts begin with; undefined where there is none. */
export const organizationIn = (hosts: string): string | undefined =>
  /(?:^|,)O=((?:\\.|[^\\,])*)/.exec(hosts)?.[1]?.replaceAll(/\\(.)/g, '$1');

/**
 * The subject of the certificate that the authority gives a host, with its address as the name and commas between, as viewers compare it.
 * @param hosts what the subjects of all hosts begin with
 */
export const hostSubject = (hosts: string, address: string): string => `${hosts}CN=${address}`;
