#!/usr/bin/python3
"""Writes keys.txt: the secrets of a line from its contributions, without openline's code."""
import hashlib
import hmac
import os
import struct


def secret(label):
    return hashlib.sha256(b"openline test " + label.encode()).digest()


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def expand(prk, info, n):
    out, last, i = b"", b"", 1
    while len(out) < n:
        last = mac(prk, last + info + bytes([i]))
        out += last
        i += 1
    return out[:n]


def case(label, parties, generation, i, j):
    line = secret(label + " line")[:16]
    parts = [secret("%s contribution %d" % (label, p)) for p in range(parties)]
    master = mac(line + struct.pack(">I", generation), b"".join(parts))
    number = int.from_bytes(expand(master, b"openline/1 check", 16), "big") % 10**30
    digits = "%030d" % number
    groups = " ".join(digits[k:k + 5] for k in range(0, 30, 5))
    line_secret = expand(master, b"openline/1 line", 32)
    ck = expand(master, b"openline/1 pair" + line + bytes([i, j]), 32)
    out = [("line", line.hex()), ("generation", generation), ("i", i), ("j", j),
           ("parts", b"".join(parts).hex()), ("master", master.hex()), ("digits", groups),
           ("secret", line_secret.hex())]
    for epoch in range(3):
        out += [("ck%d" % epoch, ck.hex()),
                ("psk%d" % epoch, expand(ck, b"openline/1 psk", 32).hex()),
                ("mac%d" % epoch, expand(ck, b"openline/1 mac", 32).hex()),
                ("up%d" % epoch, expand(ck, b"openline/1 hint" + bytes([i, j]), 4).hex()),
                ("down%d" % epoch, expand(ck, b"openline/1 hint" + bytes([j, i]), 4).hex())]
        ck = expand(ck, b"openline/1 next", 32)
    origin = "%s/usa/urgent/0123456789abcdef" % label
    for name, index in (("first", 0), ("later", 2**48 - 2)):
        salt = mac(line_secret, origin.encode() + b"\n" + struct.pack(">Q", index))[:16]
        out.append(("salt-" + name, salt.hex()))
    return out + [("origin", origin)]


def main():
    cases = [case("hotline", 2, 0, 0, 1), case("grid", 5, 7, 1, 4),
             case("all", 16, 2**32 - 1, 14, 15)]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "keys.txt")
    with open(path, "w") as f:
        f.write("# Written by make_keys.py. Hex, but digits and origin, and decimal numbers.\n")
        for c in cases:
            f.write("\n" + "".join("%s = %s\n" % kv for kv in c))


if __name__ == "__main__":
    main()
