/** Shorter passwords are refused outright; they could not be masked in the log without garbling it either. */
export const minimumLength = 6;
