/** Replaces every secret in a text by `***`. Connection addresses lose only their password. */
export function redact(text: string, secrets: readonly string[]): string {
  // Up to the last @ of a word: a password may hold one.
  const withoutPasswords = text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s"]*@/gi, "$1:***@");
  // Longest first: a secret may be part of another.
  const known = secrets.filter((secret) => secret.length > 2).sort((a, b) => b.length - a.length);
  return known.reduce((all, secret) => all.replaceAll(secret, "***"), withoutPasswords);
}
