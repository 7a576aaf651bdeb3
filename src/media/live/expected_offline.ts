const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

export const WEEKDAYS: readonly (typeof DAYS)[number][] = DAYS;

/** Times of the week, by this machine's clock and time zone. `to` before `from` goes on over midnight. */
export interface OfflineHours {
  readonly from: string;
  readonly to: string;
  /** Days on which it begins; all when left out. */
  readonly days?: readonly (typeof DAYS)[number][] | undefined;
}

const minutes = (text: string) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));

/** Whether a camera may be away at `nowMs`: always, never, or in these hours. */
export function isExpectedOffline(when: boolean | readonly OfflineHours[], nowMs: number): boolean {
  if (typeof when === "boolean") return when;
  const now = new Date(nowMs);
  const minute = now.getHours() * 60 + now.getMinutes();
  const [today, yesterday] = [DAYS[now.getDay()]!, DAYS[(now.getDay() + 6) % 7]!];
  return when.some(({ from, to, days = DAYS }) => {
    const [begin, end] = [minutes(from), minutes(to)];
    if (begin < end) return days.includes(today) && minute >= begin && minute < end;
    return (days.includes(today) && minute >= begin) || (days.includes(yesterday) && minute < end);
  });
}
