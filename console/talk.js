// A talk with the station: requests and their replies, events to whoever listens. It comes back by
// itself; what was asked when it broke is refused, so that nobody believes that it was done.
import { seatWord } from "/seat.js";

export function talk({ onEvent, onState }) {
  let socket = null, next = 1, wait = 250;
  const asked = new Map();

  function refuse(why) {
    for (const { no } of asked.values()) no(why);
    asked.clear();
  }

  function open() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}/talk?seat=${seatWord()}`);
    socket.onopen = () => { wait = 250; onState("open"); };
    socket.onmessage = ({ data }) => {
      const said = JSON.parse(data);
      if (said.event) { onEvent(said); return; }
      const one = asked.get(said.id);
      asked.delete(said.id);
      if (one) said.ok ? one.yes(said) : one.no(said.error);
    };
    socket.onclose = () => {
      onState("closed");
      refuse({ what: "the console lost its server", do: "look whether it was done, and do it again if not" });
      setTimeout(open, wait);
      wait = Math.min(wait * 2, 4000);
    };
  }
  open();

  return {
    ask(what, keys = {}) {
      return new Promise((yes, no) => {
        if (socket.readyState !== WebSocket.OPEN) {
          no({ what: "the console has no connection to its server", do: "wait until it is back" });
          return;
        }
        const id = next++;
        asked.set(id, { yes, no });
        socket.send(JSON.stringify({ id, do: what, ...keys }));
      });
    },
  };
}
