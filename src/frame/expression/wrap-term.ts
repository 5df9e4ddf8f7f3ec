import type { Term } from './term.ts';

let make: (term: Term) => unknown;

/** Says how expressions are shown: the class that shows them is built on those that make them. */
export function showTermsAs(show: (term: Term) => unknown): void {
  make = show;
}

/** The public series that shows an expression. */
export function wrapTerm(term: Term): unknown {
  return make(term);
}
