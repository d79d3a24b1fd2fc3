/**
 * Refused rows before a step fails: a number of rows, a share of the rows that came in (0 to 1), or both. For a bronze table all files count
 * that it holds, for a model the rows its SQL makes.
 */
export type MaxRejected = number | { readonly rows?: number; readonly share?: number };
