const MOST_VARIABLES = 5;
const VARIABLE = /\{([^{}=]*)(?:=([^{}]*))?\}/g;

/** Why Envoy does not take a URI template, by the rules of its matcher; undefined where it does. */
export function templateRefusal(template: string): string | undefined {
  const refuse = (reason: string) => `"${template}" is no URI template: ${reason}`;
  const names: string[] = [];
  const plain = template.replace(VARIABLE, (_text, name: string, pattern = '*') => {
    names.push(name);
    return pattern;
  });
  const wrong = names.find((name) => !/^[A-Za-z][A-Za-z0-9_]{0,15}$/.test(name));
  if (wrong !== undefined)
    return refuse(`"${wrong}" is no name of at most 16 letters, digits and "_" that begins with a letter`);
  if (new Set(names).size < names.length) return refuse('a name stands in it twice');
  if (names.length > MOST_VARIABLES) return refuse(`it has more than ${MOST_VARIABLES} variables`);
  if (!/^(\/([A-Za-z0-9\-._~%!$&'()+,;:@=]|\*)+)+\/?$/.test(plain) && plain !== '/')
    return refuse('it is no path of segments');
  const rest = plain.includes('**') ? plain.slice(plain.indexOf('**') + 2) : '';
  return rest.includes('*') ? refuse('nothing may stand for segments after "**"') : undefined;
}
