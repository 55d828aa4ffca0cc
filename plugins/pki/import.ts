import {
  type Entry,
  type Heading,
  type HostReader,
  type Problem,
  type Step,
  type Summary,
  type View,
  fact,
  file,
  message,
  nothing,
  readText,
  sameEntry,
} from '#kit';
import { absent, writeFile } from '#steps';
import { certificatesIn, issuers, pathFrom, served } from '../../src/setup/pki/chain.ts';
import { judgeWebCertificate, watchWebCertificate } from '../../src/setup/pki/judge-web.ts';
import { belongsTo, fingerprints, parseCertificate, sameKey } from '../../src/setup/pki/inspect.ts';
import { apacheHere, webServer } from '../apache/settings.ts';
import { engineHere } from '../engine/settings.ts';
import { ownedBy } from '../environment/settings.ts';
import { fqdn } from '../network/settings.ts';
import { type Certificate, browserNames, certificates } from './certificates.ts';
import { importedAuthority, paths, webAuthority, webCertificate, webKey } from './settings.ts';

/** A certificate with those that are sent along, and its key, as PEM. */
interface Pair {
  readonly certificate: string;
  readonly key: string;
}

/** Whether a certificate is the imported one, in this run and from now on. */
export const isImported = (view: View, { browsers }: Certificate): boolean => browsers === true && view.find(webAuthority) === 'imported';

const readPair = async (host: HostReader, name: string): Promise<Pair | undefined> => {
  const [certificate, key] = [await readText(host, paths.certificate(name)), await readText(host, paths.key(name))];
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
};

/** The way from the certificate that is handed in up to its root. */
function handedIn(view: View): ReturnType<typeof pathFrom> {
  const [own, ...others] = certificatesIn(view.find(webCertificate) ?? '');
  return own === undefined ? [] : pathFrom(own, others);
}

/**
 * The files of a service that browsers reach: what was handed in, or else what the web server of this host shows already. What lies there
 * for the web server itself is then left as it is: its mode is the business of whoever put it there.
 */
async function wantedFiles(
  view: View,
  host: HostReader,
  { name, account }: Certificate,
): Promise<readonly (readonly [path: string, entry: Entry])[]> {
  const key = view.find(webKey);
  if (key === undefined && name === 'apache') return [];
  const pair = key === undefined ? await readPair(host, 'apache') : { certificate: served(handedIn(view)), key };
  if (pair === undefined) return [];
  const { owner, group } = account === undefined ? {} : ownedBy(view, account);
  return [
    [paths.key(name), file(pair.key, 0o600, owner, group)],
    [paths.certificate(name), file(pair.certificate, 0o644)],
  ];
}

/** The imported certificate for one service, with its key. */
export function installed(heading: Heading, leaf: Certificate, view: View): Step {
  const different = async (host: HostReader): ReturnType<typeof wantedFiles> => {
    const files = await wantedFiles(view, host, leaf);
    const found = await Promise.all(files.map(([path]) => host.files.read(path)));
    return files.filter(([, entry], index) => !sameEntry(found[index], entry));
  };
  return {
    ...heading,
    undo: 'restore-files',
    async check(host) {
      const touches = (await different(host)).map(([path]) => path);
      return touches.length === 0 ? nothing : { kind: 'update', note: touches.join(' '), touches };
    },
    async apply(host) {
      for (const [path, entry] of await different(host)) await host.files.write(path, entry);
    },
  };
}

/** Who vouches for the imported certificate, for all that verify it. By this file later runs know of the import: it is written last. */
export const vouched = (view: View): readonly Step[] =>
  view.find(webKey) === undefined
    ? []
    : [
        writeFile(
          {
            id: 'pki/apache-ca',
            chapter: 'pki.certificates',
            title: 'Installing the authorities of the imported certificate',
            quiet: true,
            needs: ['pki/apache'],
            notify: apacheHere(view) ? [view.fact(webServer).unit] : [],
          },
          { path: paths.webAuthority, content: issuers(handedIn(view)) },
        ),
      ];

const forBrowsers = certificates.filter(({ browsers }) => browsers === true).map(({ name }) => name);

/** Services whose certificate is none of our authority, or does not fit its key: an import or its end was cut off there. */
export const foreignPairs = fact('foreign-pairs', async (host): Promise<readonly string[]> => {
  const ca = parseCertificate(await readText(host, paths.authority));
  const pairs = await Promise.all(forBrowsers.map(async (name) => ({ name, pair: await readPair(host, name) })));
  return pairs.flatMap(({ name, pair }) => {
    const certificate = parseCertificate(pair?.certificate);
    if (ca === undefined || certificate === undefined) return [];
    return certificate.checkIssued(ca) && certificate.verify(ca.publicKey) && belongsTo(certificate, pair?.key) ? [] : [name];
  });
});

/** The key of another authority's certificate is not used for one of ours: it is taken away, and made anew. */
export function left(view: View): readonly Step[] {
  const imported = view.fact(importedAuthority) !== undefined;
  const names = imported ? forBrowsers : view.fact(foreignPairs);
  if (view.find(webAuthority) !== 'internal' || names.length === 0) return [];
  return [
    absent({ id: 'pki/leave-imported', chapter: 'pki.refresh', title: 'Removing the imported certificate', needs: ['pki/directories'] }, [
      // The first one is what says that there is an import: without it, whoever takes up this work knows what is left to do.
      ...(imported ? [paths.webAuthority] : []),
      ...names.flatMap((name) => [paths.key(name), paths.certificate(name)]),
    ]),
  ];
}

const notForeign: Problem = {
  id: 'https-chain',
  level: 'error',
  message: 'The certificate is of the internal CA, which no browser trusts by itself',
  remedy: 'The internal CA issues what is needed by itself: engine-setup pki import --ours goes back to that.',
};

/** What is wrong with the certificate that is handed in, or is to be told of the one that is there. */
export async function importFindings(view: View, host: HostReader): Promise<readonly Problem[]> {
  if (!engineHere(view)) {
    if (!view.stated(webCertificate)) return [];
    return [
      {
        id: 'https-key',
        level: 'error',
        message: message`${webCertificate.key}: there is no engine on this host, and so nothing for browsers`,
      },
    ];
  }
  if (view.find(webAuthority) !== 'imported') return [];
  const name = view.get(fqdn);
  const purpose = { name, others: browserNames(view, name).filter((other) => other !== name), now: host.now() };
  const certificate = view.find(webCertificate);
  if (certificate === undefined) {
    const pair = await readPair(host, 'apache');
    return watchWebCertificate({ certificates: readable(pair?.certificate), key: pair?.key }, purpose);
  }
  const found = await judgeWebCertificate({ certificates: certificatesIn(certificate), key: view.find(webKey) }, purpose);
  const ours = parseCertificate(await readText(host, paths.authority));
  const isOurs = ours !== undefined && handedIn(view).some((one) => sameKey(one, ours));
  return isOurs ? [...found, notForeign] : found;
}

const readable = (pem: string | undefined): ReturnType<typeof certificatesIn> => {
  try {
    return certificatesIn(pem ?? '');
  } catch {
    return [];
  }
};

/** What browsers see, where that is an imported certificate, and what they remember of one that is gone. */
export async function importSummary(view: View, host: HostReader): Promise<readonly Summary[]> {
  if (view.find(webAuthority) === 'imported') {
    const [own] = readable(await readText(host, paths.certificate('apache')));
    if (own === undefined) return [];
    return [{ block: 'certificates', lines: [message`Imported certificate: SHA256: ${fingerprints(own).sha256}, ends ${own.validTo}`] }];
  }
  if (view.fact(importedAuthority) === undefined) return [];
  const warnings = [
    message`Browsers that have seen the imported certificate come with one that they trust alone, for a year: let them trust ${host.files.real(paths.authority)}.`,
  ];
  return [{ block: 'certificates', lines: [], warnings }];
}
