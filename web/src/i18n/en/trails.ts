export const trails = {} as const;
