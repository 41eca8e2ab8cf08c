#!/usr/bin/python3
"""Writes export.txt: the files of an export and of a proof, made without openline's code.

Three parties; each log begins with an opening, then come messages that grow and shrink in length.
Receipts are dated by their size. tests/unit/test_export.c makes the same record in C.
"""
import hashlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "it"))

import libexport  # noqa: E402

START = 1_700_000_000
LOGS = [  # party, lane, size, receipts of the others
    ("usa", 0, 3, {"prc": [3], "swi": [3]}),
    ("usa", 1, 600, {"prc": [256, 600], "swi": [256, 512]}),
    ("prc", 0, 1, {"usa": [1], "swi": [1]}),
    ("prc", 1, 256, {"usa": [256], "swi": [256]}),
    ("swi", 0, 257, {"usa": [200], "prc": [200, 257]}),
    ("swi", 1, 2, {}),
]
PROVEN = (1, 100)  # entry 100 of the second log


def entry(log, index):
    if index == 0:
        fields = [1, START, [], [b"", 0, b"", 0]]
    else:
        text = f"entry {index} " + "x" * (index * 37 % 500)
        item = hashlib.sha256(f"{log.origin} {index}".encode()).digest()[:6]
        body = [1 if log.lane == 0 else 3, 1, 0, [0, text]]
        fields = [2, START + index, [], body, item, []]
    return libexport.cbor(fields)


def build():
    world = libexport.World()
    for party, lane, size, receipts in LOGS:
        log = libexport.Log(world, world.party(party), lane, f"lane {lane}")
        world.logs[log.dir] = log
        for index in range(size):
            log.append_bytes(entry(log, index))
        for name, sizes in receipts.items():
            last = world.party(name).last
            log.receipts[name] = [(s, START + s, last) for s in sizes]
        if (party, lane) == ("usa", 1):  # an earlier card's key signed what all agreed on
            log.receipts["prc"][0] = (256, START + 256, 1)
    return world


def block(**fields):
    return "".join(f"{key} = {value}\n" for key, value in fields.items()) + "\n"


def main():
    world = build()
    files = world.files()
    proof = world.proof(list(world.logs.values())[PROVEN[0]], PROVEN[1])
    out = "# made by make_export.py\n" + block(secret=world.secret.hex())
    for which, tree in (("full", files), ("proof", proof)):
        for path in sorted(tree):
            data = tree[path]
            fields = {"in": which, "path": path, "bytes": len(data),
                      "sha256": hashlib.sha256(data).hexdigest()}
            if which == "full" and path.startswith(("charter", "cards/")):
                fields["text"] = data.hex()
            out += block(**fields)
    with open(os.path.join(HERE, "export.txt"), "w", encoding="ascii") as file:
        file.write(out.rstrip("\n") + "\n")


if __name__ == "__main__":
    main()
