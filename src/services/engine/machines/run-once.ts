/** What clients give with `start` for one run alone; kept with the machine until it is down (`vm_dynamic.run_configuration`). */
export interface RunOnce {
  readonly paused?: boolean;
  /** Ids of the hosts that it may run on. */
  readonly hosts?: readonly string[];
  /** `hd`, `cdrom` and `network`, in their order. */
  readonly bootDevices?: readonly string[];
  readonly bootMenu?: boolean;
  /** What is in the first drive, as `vm_device.content`; empty for nothing. */
  readonly cd?: string;
  /** The only display: `vnc` or `spice`. */
  readonly display?: string;
}
