/** The id of the tag above all others; and what agents take for no object at all. */
export const zeroId = '00000000-0000-0000-0000-000000000000';

/** The id of the template Blank. */
export const blankTemplate = zeroId;
