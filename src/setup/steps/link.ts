import { type Heading, type Step, nothing } from '#kit';

/** Symbolic links of ours. Whatever else lies at a path is kept for undo and replaced. */
export function link(heading: Heading, wanted: readonly { readonly path: string; readonly target: string }[]): Step {
  return {
    ...heading,
    undo: 'restore-files',
    async check(host) {
      const touches: string[] = [];
      for (const { path, target } of wanted) {
        const found = await host.files.read(path);
        if (found?.kind !== 'link' || found.target !== target) touches.push(path);
      }
      return touches.length === 0 ? nothing : { kind: 'create', note: touches.join(' '), touches };
    },
    async apply(host) {
      for (const { path, target } of wanted) await host.files.write(path, { kind: 'link', target });
    },
  };
}
