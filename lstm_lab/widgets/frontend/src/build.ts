/** What the build fills in (build.mjs). */
declare const BUILD: string | undefined;
declare const VIEWS: string[] | undefined;

/** The digest of the sources, which tells two builds apart. */
export const build = typeof BUILD === "undefined" ? "" : BUILD;

/** Names of the views, each of which is a module of its own. */
export const views = typeof VIEWS === "undefined" ? [] : VIEWS;
