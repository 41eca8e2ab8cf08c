// The word of this browser's seat, without which there is no talk. A cookie goes to every port of
// this host, so that whoever serves on another may read it; what is kept here only this page can.
let here = "";

export function seatWord() {
  try { return localStorage.getItem("seat") ?? here; } catch { return here; }
}

export function keepSeat(word) {
  here = word;
  try { localStorage.setItem("seat", word); } catch { /* until the page is read again */ }
}

const given = /^#seat=([0-9a-f]{64})$/.exec(location.hash);
if (given) {
  keepSeat(given[1]);
  history.replaceState(null, "", "/");
}
