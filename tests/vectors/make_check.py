#!/usr/bin/python3
"""Writes check.txt: bodies of line checks that are read, without openline's code."""
import os

from make_entry import cbor

MAX = 2**48 - 1
NEVER = 2**32 - 1


def right(name, number, interval, watch, proven, missed, more=()):
    body = [number, interval, watch, [list(p) for p in proven], [list(m) for m in missed]]
    return [("name", name), ("body", cbor(body + list(more)).hex()), ("number", number),
            ("interval", interval), ("watch", watch),
            ("proven", " ".join(f"{p}:{b}:{a}" for p, b, a in proven)),
            ("missed", " ".join(f"{p}:{n}" for p, n in missed)), ("more", len(more))]


ROWS = [
    right("the first of a party", 1, 1200, 0, [(1, "udp/0", NEVER)], []),
    right("two bearers, the watch is kept", 73, 1200, 7,
          [(1, "udp/0", 3), (1, "serial/1", 1204)], []),
    right("three parties, one missed, one never heard", 74, 3600, 65535,
          [(0, "tcp/0", 12), (2, "udp/0", 5400)], [(0, 0), (2, 70)]),
    right("the largest", MAX, 86400, 0, [(15, "abcdefghijklmn/3", NEVER - 1)] * 32,
          [(p, MAX) for p in range(15)]),
    right("of a later revision", 2, 60, 0, [], [], [[1, b"x"], "later"]),
]

if __name__ == "__main__":
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "check.txt"), "w",
              encoding="utf-8") as out:
        out.write("# Written by make_check.py. Hex, decimal numbers, party:bearer:age,\n"
                  "# party:number.\n")
        for row in ROWS:
            out.write("\n" + "".join(f"{k} = {v}".rstrip() + "\n" for k, v in row))
