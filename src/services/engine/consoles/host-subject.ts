import { X509Certificate } from 'node:crypto';

/**
 * The subject of the certificate that the authority gives a host: its own country and organization, and the address of the host as the name.
 * With commas between, as viewers compare it.
 */
export function hostSubject(authority: string, address: string): string {
  const part = (id: string): readonly string[] => {
    const value = new X509Certificate(authority).subject
      .split('\n')
      .find((line) => line.startsWith(`${id}=`))
      ?.slice(id.length + 1);
    return value === undefined ? [] : [`${id}=${value.replaceAll(/[\\,]/g, '\\$&')}`];
  };
  return [...part('C'), ...part('O'), `CN=${address}`].join(',');
}
