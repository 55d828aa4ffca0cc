import { type Step, type View, message } from '#kit';
import { directories, running, unitFile, writeFile } from '#steps';
import { render } from '../../src/setup/render/render.ts';
import { accounts, readBy, realPath, sandbox, serviceUnit } from '../environment/settings.ts';
import { fqdn, httpsPort } from '../network/settings.ts';
import { paths as pki, trusted } from '../pki/settings.ts';
import { ovnSecret, paths, permittedUser, portsOf, unit } from './settings.ts';

/** The files of the provider. They come last: by them later runs know that OVN and the engine have been told of it. */
export function configuration(view: View): readonly Step[] {
  const name = view.get(fqdn);
  const real = (path: string): string => realPath(view, path);
  const trial = view.fact(sandbox);
  const { keystone, neutron, northbound } = portsOf(view);
  return [
    directories({ id: 'ovn/directories', chapter: 'ovn', title: 'Creating directories of ovirt-provider-ovn', quiet: true }, [
      { path: '/etc/ovirt-provider-ovn', mode: 0o755 },
      { path: paths.folder, mode: 0o755 },
    ]),
    writeFile(
      {
        id: 'ovn/10-setup-ovirt-provider-ovn.conf',
        chapter: 'ovn',
        title: 'Configuring ovirt-provider-ovn',
        quiet: true,
        needs: ['ovn/directories', 'ovn/northbound', 'ovn/provider', 'ovn/sso-client', 'pki/ovirt-provider-ovn'],
        notify: [unit],
      },
      {
        path: paths.configuration,
        content: render('ovn/10-setup-ovirt-provider-ovn.conf', {
          host: name,
          // On a host it has the ports that clients look for, on every address.
          trial,
          keystone,
          neutron,
          healthSocket: real(paths.healthSocket),
          certificate: real(pki.certificate('ovirt-provider-ovn')),
          key: real(pki.key('ovirt-provider-ovn')),
          authority: real(pki.authority),
          northbound,
          engine: `https://${name}:${view.get(httpsPort)}`,
          engineAuthority: real(trusted(view)),
          user: permittedUser(view),
          secret: view.get(ovnSecret),
        }),
        secret: true,
        mode: 0o640,
        ...readBy(view, accounts.ovnProvider),
      },
    ),
  ];
}

/** The provider as a service. */
export const service = (view: View): readonly Step[] => [
  unitFile(
    { id: 'ovn/unit', chapter: 'units', title: 'Installing the unit of ovirt-provider-ovn', quiet: true, notify: [unit] },
    serviceUnit(view, {
      unit,
      account: accounts.ovnProvider,
      main: 'src/services/ovn-provider/main.ts',
      options: ['--max-semi-space-size=4'],
      configuration: { OVN_PROVIDER_CONF: paths.main },
      log: paths.log,
    }),
  ),
  running(
    {
      id: 'ovn/start',
      chapter: 'services.start',
      title: 'Starting ovirt-provider-ovn service',
      quiet: true,
      needs: ['ovn/10-setup-ovirt-provider-ovn.conf', 'ovn/unit'],
    },
    { unit, remedy: message`Look into ${realPath(view, paths.log)}` },
  ),
];
