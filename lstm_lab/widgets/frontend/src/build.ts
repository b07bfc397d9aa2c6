/** What the build fills in (build.mjs). */
declare const BUILD: string | undefined;

/** The digest of the sources, which tells two builds apart. */
export const build = typeof BUILD === "undefined" ? "" : BUILD;
