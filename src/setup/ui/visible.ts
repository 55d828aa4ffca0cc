/** Control characters as visible text, so that no name or answer can steer a terminal or write lines of its own. Line ends stay. */
export const visible = (text: string): string =>
  text.replace(/(?!\n)\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
