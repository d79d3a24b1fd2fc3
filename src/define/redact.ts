/** Replaces every secret in a text by `***`. Connection addresses lose only their password. */
export function redact(text: string, secrets: readonly string[]): string {
  const withoutPasswords = text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@]*@/gi, "$1:***@");
  return secrets.filter((secret) => secret.length > 2).reduce((all, secret) => all.replaceAll(secret, "***"), withoutPasswords);
}
