export const integrity = {} as const;
