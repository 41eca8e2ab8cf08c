// Times as operators read them: date-time groups in UTC, and the local time beside them.
const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const two = (n) => String(n).padStart(2, "0");

export function dtg(seconds) {
  const d = new Date(seconds * 1000);
  return `${two(d.getUTCDate())}${two(d.getUTCHours())}${two(d.getUTCMinutes())}Z ` +
    `${MONTHS[d.getUTCMonth()]} ${two(d.getUTCFullYear() % 100)}`;
}

export function clockUTC(date = new Date()) {
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}Z`;
}

export function local(seconds, lang) {
  return new Date(seconds * 1000).toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

// 75 → "1:15", 3700 → "1:01:40"; negative times keep their sign.
export function span(seconds) {
  const sign = seconds < 0 ? "−" : "", s = Math.abs(Math.round(seconds));
  const h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
  return sign + (h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`);
}
