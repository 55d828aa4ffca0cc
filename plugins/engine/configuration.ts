import type { Step, Text, View } from '#kit';
import { writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { apacheHere, backendPort } from '../apache/settings.ts';
import { fields as database, engineDatabase, isOurs } from '../database/settings.ts';
import { accounts, readBy, realRoot } from '../environment/settings.ts';
import { unit as fenceKdumpListener } from '../fence-kdump/settings.ts';
import { imageioHere, paths as imageio } from '../imageio/settings.ts';
import { fqdn, httpsPort } from '../network/settings.ts';
import { runsHere, unit as notifier } from '../notifier/settings.ts';
import { paths as pki, storePassword, webAuthority } from '../pki/settings.ts';
import { adminPassword, generateAdminPassword, paths, ssoClientSecret, unit } from './settings.ts';

/** As the services read it. */
const yesOrNo = (value: boolean): string => (value ? 'True' : 'False');

/** The files below engine.conf.d. What an administrator adds as 99-*.conf wins, and is never touched. */
export function configuration(view: View): readonly Step[] {
  const root = view.fact(realRoot);
  const real = (path: string): string => `${root}${path}`;
  const fragment = (name: string, title: Text, content: string, secret = false, readers = [unit]): Step =>
    writeFile(
      { id: `engine/${name}`, chapter: 'engine.configuration', title, quiet: true, needs: ['environment/directories'], notify: readers },
      { path: paths.fragment(name), content, secret, ...(secret ? { mode: 0o640, ...readBy(view, accounts.engine) } : { mode: 0o644 }) },
    );
  return [
    fragment(
      '10-setup-database.conf',
      'Configuring the way to the database',
      render('engine/10-setup-database.conf', {
        ...engineDatabase(view),
        secured: yesOrNo(view.get(database.secured)),
        validated: yesOrNo(view.get(database.validated)),
        server: isOurs(view) ? 'setup' : 'somebody else',
      }),
      true,
      [unit, fenceKdumpListener, ...(runsHere(view) ? [notifier] : [])],
    ),
    fragment(
      '10-setup-pki.conf',
      'Configuring certificates',
      render('engine/10-setup-pki.conf', {
        home: real(pki.home),
        authority: real(pki.authority),
        engine: real(pki.certificate('engine')),
        engineKey: real(pki.key('engine')),
        web: { certificate: real(pki.certificate('apache')), key: real(pki.key('apache')) },
        truststore: real(pki.truststore),
        engineStore: real(pki.store('engine')),
        storePassword: view.get(storePassword),
        imported: view.find(webAuthority) === 'imported',
      }),
      true,
    ),
    fragment(
      '10-setup-protocols.conf',
      'Configuring ports',
      render('engine/10-setup-protocols.conf', {
        fqdn: view.get(fqdn),
        httpsPort: view.get(httpsPort),
        backendPort: apacheHere(view) ? backendPort : false,
        imageProxySocket: imageioHere(view) ? real(imageio.controlSocket) : false,
        healthSocket: real(paths.healthSocket),
      }),
    ),
    fragment(
      '11-setup-sso.conf',
      'Configuring single sign-on',
      render('engine/11-setup-sso.conf', { httpsPort: view.get(httpsPort), secret: view.get(ssoClientSecret) }),
      true,
    ),
  ];
}

/** Keeps a made-up administrator password where its owner can look it up. */
export const keptPassword = (view: View): readonly Step[] => {
  const password = view.find(adminPassword);
  if (password === undefined || view.find(generateAdminPassword) !== true || view.given(adminPassword)) return [];
  const heading = {
    id: 'engine/admin-password-file',
    chapter: 'engine.configuration',
    title: 'Keeping the administrator password',
    quiet: true,
    needs: ['environment/directories'],
  } as const;
  return [writeFile(heading, { path: paths.adminPassword, content: `${password}\n`, mode: 0o600, secret: true })];
};
