/**
 * Escapes what stands in a URL's user and password and would end them there. People write passwords as they are,
 * and a `/`, `#`, `@` or `%` of theirs would otherwise make another host of the rest. What is escaped already stays so.
 */
export function escapeUserInfo(url: string): string {
  const [, scheme, user, rest] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)@(.*)$/is.exec(url) ?? [];
  if (scheme === undefined || user === undefined || rest === undefined) return url;
  const colon = user.indexOf(':');
  const parts = colon < 0 ? [user] : [user.slice(0, colon), user.slice(colon + 1)];
  return `${scheme}${parts.map(escapePart).join(':')}@${rest}`;
}

function escapePart(text: string): string {
  return text.replace(/%[0-9a-f]{2}|[^a-z0-9._~-]/giu, (found) =>
    found.length === 3 && found.startsWith('%') ? found : encodeURIComponent(found),
  );
}
