/** The number in the label that a version has at AppConfig: it counts changes of the flags. Null where there is none. */
export function orderOf(label: string): number | null {
  const number = /^revision-(\d+)-/.exec(label)?.[1];
  return number === undefined ? null : Number(number);
}
