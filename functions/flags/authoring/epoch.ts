/** Days from 1970-01-01 to a day of the Gregorian calendar. */
function daysTo(year: number, month: number, day: number): number {
  // The year begins in March here, so that the day that a leap year adds is its last.
  const shifted = month > 2 ? year : year - 1;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

const form = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Whole seconds since 1970 of a time of ISO 8601 with its offset; what is no such time gives NaN. */
export function epochSeconds(time: string): number {
  const found = form.exec(time);
  if (found === null) return Number.NaN;
  const [, year, month, day, hours, minutes, seconds = '0', sign, offsetHours = '0', offsetMinutes = '0'] =
    found;
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -60 : 60);
  const days = daysTo(Number(year), Number(month), Number(day));
  return days * 86_400 + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds) - offset;
}
