import { ValidateBy } from 'class-validator';

/** Classes and the names of their members that are kept as text. */
const rawMembers = new WeakMap<object, Set<string>>();

/** The member takes any JSON value and is handed over as `RawJson`. It must be there, unless it is made optional as any other. */
export function RawJson(): PropertyDecorator {
  const check = ValidateBy({
    name: 'rawJson',
    validator: {
      validate: (value) => value !== undefined,
      defaultMessage: () => 'must be given; any JSON value, null included',
    },
  });
  return (target, member) => {
    const names = rawMembers.get(target) ?? new Set();
    rawMembers.set(target, names.add(String(member)));
    check(target, member);
  };
}

/** The members of a class, inherited ones included, that are kept as text. */
export function rawMembersOf(type: new () => object): string[] {
  const names: string[] = [];
  for (
    let target = type.prototype as object | null;
    target !== null;
    target = Object.getPrototypeOf(target) as object
  ) {
    names.push(...(rawMembers.get(target) ?? []));
  }
  return names;
}
