/** Codes of what can be wrong with networks. */
export const codes = {
  lostConnectivity: 10,
  parameters: 21,
  address: 22,
  nic: 23,
  usedNic: 24,
  bonding: 25,
  vlan: 26,
  bridge: 27,
  usedBridge: 28,
  notUp: 29,
  openVSwitch: 32,
  unavailable: 40,
  notImplemented: 44,
} as const;
