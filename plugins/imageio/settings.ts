import { setting, yesNo } from '#kit';

export const imageioProxy = setting({
  key: 'OVESETUP_CONFIG/imageioProxyConfig',
  section: 'product',
  kind: yesNo,
  about: 'Installs the Image I/O proxy, through which browsers upload and download disk images.',
  ask: { name: 'OVESETUP_CONFIG_IMAGEIO_PROXY', text: 'Configure Image I/O Proxy on this host' },
  preview: 'Configure Image I/O Proxy',
  keep: true,
  optional: true,
  initial: true,
});
