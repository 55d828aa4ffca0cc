import { setting, yesNo } from '#kit';

export const websocketProxy = setting({
  key: 'OVESETUP_CONFIG/websocketProxyConfig',
  section: 'product',
  kind: yesNo,
  about: 'Installs the WebSocket proxy, through which browsers show the consoles of virtual machines.',
  ask: { name: 'OVESETUP_CONFIG_WEBSOCKET_PROXY', text: 'Configure WebSocket Proxy on this host' },
  preview: 'Configure WebSocket Proxy',
  keep: true,
  initial: true,
});
