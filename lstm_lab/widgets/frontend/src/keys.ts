/** Keys of a view: what is not ours goes on to the notebook, what is ours does not. */

export type Keys = Record<string, () => void>;

/** Do what a key stands for; false where it stands for nothing, or is a shortcut of the browser's or the notebook's. */
export function pressed(event: KeyboardEvent, keys: Keys): boolean {
  const act = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
  if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return false;
  event.preventDefault();
  event.stopPropagation();
  act();
  return true;
}
