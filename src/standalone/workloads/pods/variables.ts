/**
 * Replaces `$(NAME)` by the variable's value. A name that nobody has set stays as it is written, and `$$` is a plain `$`
 * (k8s.io/kubernetes, third_party/forked/golang/expansion).
 */
export function expandVariables(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^()]*)\)/g, (whole, name: string | undefined) => {
    if (name === undefined) return '$';
    return Object.hasOwn(variables, name) ? (variables[name] ?? '') : whole;
  });
}
