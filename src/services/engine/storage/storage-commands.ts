import type { CommandTypes } from '../commands/command.ts';
import { attachDomain } from './attach-domain.ts';
import type { StorageCommandParts } from './command-parts.ts';
import { detachDomain } from './detach-domain.ts';
import { domainCommands } from './domain-commands.ts';
import { selectSpm } from './select-spm.ts';

/** Commands that work on storage domains. */
export const storageCommands = (parts: StorageCommandParts) =>
  ({
    ...domainCommands(parts),
    ...attachDomain(parts),
    ...detachDomain(parts),
    ForceSelectSpm: selectSpm(parts),
  }) satisfies CommandTypes;
