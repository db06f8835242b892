/** Whether two types say the same, members written down in different ways aside. */
export type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? SameKeys<A, B> : false) : false;

type SameKeys<A, B> = [Keys<A>] extends [Keys<B>]
  ? [Keys<B>] extends [Keys<A>]
    ? true
    : false
  : false;

type Keys<T> = T extends object ? keyof T : T;

/** Compiles where two types say the same, or do not. */
export function same<A, B>(_: Same<A, B>): void {}
