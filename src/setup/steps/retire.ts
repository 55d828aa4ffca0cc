import { type Heading, type Step, message, nothing } from '#kit';

/** A unit that must not run any more, nor start with the machine. Undo brings it back as it was. */
export function retired(heading: Heading, unit: string): Step {
  return {
    ...heading,
    undo: {
      async run(host, kept) {
        const { active, enabled } = kept as { active: boolean; enabled: boolean };
        if (enabled) await host.services.enable(unit, true);
        if (active) await host.services.start(unit);
      },
    },
    async check(host) {
      if (!(await host.services.isActive(unit)) && !(await host.services.isEnabled(unit))) return nothing;
      return { kind: 'run', note: message`${unit} is not wanted any more` };
    },
    prepare: async (host) => ({ active: await host.services.isActive(unit), enabled: await host.services.isEnabled(unit) }),
    async apply(host) {
      await host.services.stop(unit);
      await host.services.enable(unit, false);
    },
  };
}

/** Files that must not be there any more. */
export function absent(heading: Heading, paths: readonly string[]): Step {
  return {
    ...heading,
    undo: 'restore-files',
    async check(host) {
      const found: string[] = [];
      for (const path of paths) if ((await host.files.read(path)) !== undefined) found.push(path);
      return found.length === 0 ? nothing : { kind: 'remove', note: found.join(' '), touches: found };
    },
    async apply(host) {
      for (const path of paths) if ((await host.files.read(path)) !== undefined) await host.files.remove(path);
    },
  };
}
