import { circumstances } from './stories/circumstances.ts';
import { databases } from './stories/databases.ts';
import { firstInstallations } from './stories/first-installations.ts';
import { laterRuns } from './stories/later-runs.ts';
import { otherHosts } from './stories/other-hosts.ts';
import type { Story } from './stories/story.ts';
import { unattended } from './stories/unattended.ts';

/** Each story is a host, answers, and the whole screen they give. */
export const stories: readonly Story[] = [
  ...firstInstallations,
  ...otherHosts,
  ...circumstances,
  ...databases,
  ...unattended,
  ...laterRuns,
];
