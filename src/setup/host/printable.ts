/** A text of a process that is not ours: it must not be able to write control sequences to our screen. */
export const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');
