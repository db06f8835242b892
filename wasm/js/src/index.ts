/**
 * Freehold in the browser.
 *
 * @packageDocumentation
 */

/** The version of this package. */
export const version = "0.1.0";
