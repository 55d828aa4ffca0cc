import type { Heading, Step } from '#kit';
import { render } from '../render/render.ts';
import { writeFile } from './write-file.ts';

/** Where units of our own lie. */
export const unitPath = (unit: string): string => `/etc/systemd/system/${unit}.service`;

export interface WantedUnit {
  /** Name of the unit; its template is `templates/systemd/NAME.service.hbs`. */
  readonly unit: string;
  readonly command: readonly string[];
  /** A file of our program that is called by another one, which the unit starts. */
  readonly program?: string;
  /** `NAME=value` */
  readonly environment: readonly string[];
  /** Where its output goes. */
  readonly logFile: string;
  /**
   * The account that it runs as. systemd makes its folders then: `/run/ovirt-engine/UNIT`, `/var/cache/ovirt-engine/UNIT`. Without one it
   * runs as whoever starts it.
   */
  readonly account?: string;
  /** Groups that the account is in while it runs the unit. */
  readonly groups?: readonly string[];
  /** What it may write to besides. */
  readonly writable?: readonly string[];
  /** What root may that its account may, too (capabilities(7)); nothing if not said. */
  readonly capabilities?: readonly string[];
}

/** The unit of one of our services, with everything taken away from it that it does not need (systemd.exec(5)). */
export const unitFile = (heading: Heading, { unit, capabilities = [], groups = [], ...wanted }: WantedUnit): Step =>
  writeFile(heading, { path: unitPath(unit), content: render(`systemd/${unit}.service`, { unit, capabilities, groups, ...wanted }) });
