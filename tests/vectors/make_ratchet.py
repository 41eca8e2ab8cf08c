#!/usr/bin/python3
"""Writes ratchet.txt: a pair's epochs through years of use, without openline's code.

A plain model: every kept epoch is a row with its key; nothing is derived from what was erased."""
import hashlib
import hmac
import os

DAY = 86400
CRYPTO, COURIER = 7 * DAY, 30 * DAY
AHEAD, KEPT, SPAN, MARKS = 64, 8, 72, 10


def expand(prk, info, n):
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()[:n]


class Pair:
    def __init__(self, ck):
        self.keys = {0: ck}  # epoch -> ck of what is kept
        self.send, self.since = 0, 0
        self.confirmed = []  # (epoch, time), ascending
        self.heard = None

    def key(self, epoch):
        ck = self.keys[min(self.keys)]
        for _ in range(min(self.keys), epoch):
            ck = expand(ck, b"openline/1 next", 32)
        return ck

    def hear(self, epoch, now):
        assert min(self.keys) <= epoch <= self.send + AHEAD
        if self.heard is not None and epoch <= self.heard:
            return
        self.heard = epoch
        for e in range(self.send + 1, epoch + 1):
            self.keys[e] = self.key(e)
            self.send, self.since = e, now
        if epoch > min(self.keys):
            if len(self.confirmed) == MARKS:
                self.confirmed.pop()
            self.confirmed.append((epoch, now))
        floor = self.send - SPAN
        self.keys = {e: k for e, k in self.keys.items() if e >= floor}
        self.confirmed = [c for c in self.confirmed if c[0] > min(self.keys)]

    def wait(self, now):
        while self.confirmed and now - self.confirmed[0][1] >= COURIER:
            upto = self.confirmed.pop(0)[0]
            self.keys = {e: k for e, k in self.keys.items() if e >= upto}
        if self.heard == self.send and now - self.since >= CRYPTO \
                and self.send - min(self.keys) < KEPT:
            self.keys[self.send + 1] = self.key(self.send + 1)
            self.send, self.since = self.send + 1, now


def rows():
    pair, now = Pair(hashlib.sha256(b"openline test ratchet").digest()), 0
    plan = [("wait", 0, 40 * DAY), ("hear", 0, 0), ("wait", 0, 0), ("wait", 0, 9 * DAY),
            ("hear", 1, 0), ("wait", 0, CRYPTO - 1), ("wait", 0, 1), ("hear", 1, 5), ("hear", 2, 1),
            ("wait", 0, CRYPTO), ("hear", 3, DAY), ("wait", 0, 30 * DAY), ("wait", 0, DAY),
            ("hear", 5, 0), ("hear", 5 + AHEAD, 100), ("wait", 0, CRYPTO), ("wait", 0, COURIER)]
    plan += [("step", 0, CRYPTO)] * 60 + [("wait", 0, 365 * DAY), ("next", 1, 3), ("next", 1, 3)]
    plan += [("next", 2, 50)] * 14 + [("wait", 0, COURIER - 1), ("wait", 0, COURIER)]
    plan += [("next", 40, 5)] * 3 + [("next", AHEAD, 1), ("wait", 0, COURIER)]
    for what, epoch, after in plan:
        now += after
        if what == "step":  # the peer follows at once
            pair.wait(now)
            yield "wait", 0, now, pair
            what, epoch = "hear", pair.send
        if what == "next":
            what, epoch = "hear", pair.send + epoch
        if what == "hear":
            pair.hear(epoch, now)
        else:
            pair.wait(now)
        yield what, epoch, now, pair


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ratchet.txt")
    with open(path, "w") as f:
        f.write("# Written by make_ratchet.py. What happens, when (seconds of running), and what "
                "is kept after it;\n# key: of the oldest epoch, psk: of the one sent at, "
                "up: the hint 2 -> 5 of the last one accepted.\n")
        for what, epoch, now, p in rows():
            last = p.key(p.send + AHEAD)
            for k, v in (("what", what), ("epoch", epoch), ("at", now), ("oldest", min(p.keys)),
                         ("send", p.send), ("since", p.since),
                         ("key", p.keys[min(p.keys)].hex()),
                         ("psk", expand(p.key(p.send), b"openline/1 psk", 32).hex()),
                         ("up", expand(last, b"openline/1 hint\x02\x05", 4).hex())):
                f.write("%s%s = %s\n" % ("\n" if k == "what" else "", k, v))


if __name__ == "__main__":
    main()
