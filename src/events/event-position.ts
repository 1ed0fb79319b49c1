/** Where a reader of all sessions is: the last transaction it has seen of, and the last event in it. */
export interface EventPosition {
  tx: number;
  id: number;
}

/** The position as readers hand it back. */
export const cursorOf = ({ tx, id }: EventPosition): string => `${tx}-${id}`;

/** Null: it is no cursor of ours. */
export function positionOf(cursor: string): EventPosition | null {
  const [, tx, id] = /^(\d{1,15})-(\d{1,15})$/.exec(cursor) ?? [];
  return tx === undefined ? null : { tx: Number(tx), id: Number(id) };
}
