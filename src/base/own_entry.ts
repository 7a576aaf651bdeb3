/**
 * `record[key]`, made when it is not there. For keys that people choose: `constructor` and `__proto__` are in every
 * object before anybody wrote them, and what is written to the latter is in all other objects too.
 */
export function ownEntry<Value>(record: Record<string, Value>, key: string, make: () => Value): Value {
  if (Object.hasOwn(record, key)) return record[key]!;
  const value = make();
  Object.defineProperty(record, key, { value, enumerable: true, writable: true, configurable: true });
  return value;
}
