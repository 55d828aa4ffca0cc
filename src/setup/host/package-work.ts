/* What is the same for every package manager. */

/** The packages that this product comes in. */
export const products: readonly string[] = ['engine-setup'];

/** How to get to the sources may be said in the environment, with a password even: so never in arguments. */
export const pass: readonly string[] = ['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy', 'all_proxy'];

/** What a download may take. */
export const networkMs = 600_000;
/** What an installation may take, the wait for another package manager included. */
export const workMs = 1_800_000;
