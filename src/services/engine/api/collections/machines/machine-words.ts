/* Words of the API for what is stored as a number, each at the place of its number. */

export const machineTypeWords = ['desktop', 'server', 'high_performance'] as const;
export const biosTypeWords = ['cluster_default', 'i440fx_sea_bios', 'q35_sea_bios', 'q35_ovmf', 'q35_secure_boot'] as const;
export const affinityWords = ['migratable', 'user_migratable', 'pinned'] as const;
export const resumeWords = ['auto_resume', 'leave_paused', 'kill'] as const;
export const templateStatusWords = ['ok', 'locked', 'illegal'] as const;

/** What is done when somebody leaves a console; stored as it stands here. */
export const disconnectWords = ['none', 'lock_screen', 'logout', 'reboot', 'shutdown'] as const;
export const bootDeviceWords = ['hd', 'cdrom', 'network'] as const;
export const serialNumberWords = ['host', 'vm', 'custom', 'none'] as const;
/** Displays that a machine can have, with the card that each wants. */
export const displayCards = { vnc: 'vga', spice: 'qxl' } as const;
export type DisplayWord = keyof typeof displayCards;

/** Kinds of network interfaces, by the number that is stored. */
export const interfaceNumbers = {
  rtl8139_virtio: 0,
  rtl8139: 1,
  e1000: 2,
  virtio: 3,
  spapr_vlan: 4,
  pci_passthrough: 5,
  e1000e: 8,
} as const;
/** Those that QEMU has on the processors of our hosts. */
export const interfaceChoices = ['virtio', 'e1000e', 'e1000', 'rtl8139'] as const;
export const interfaceWord = (number: unknown): string | undefined =>
  Object.entries(interfaceNumbers).find(([, known]) => known === Number(number))?.[0];
