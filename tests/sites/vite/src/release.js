// What differs between the releases: this module's chunk, and all that imports it, get new names with each.
export const RELEASE = import.meta.env.VITE_RELEASE ?? '1';
