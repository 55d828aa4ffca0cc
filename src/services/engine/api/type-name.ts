/** `data_center` as the schema and faults call its type: `DataCenter`. */
export const typeName = (type: string): string => type.replace(/(^|_)([a-z])/g, (_, _before, letter: string) => letter.toUpperCase());
