#!/usr/bin/python3
"""Writes call.txt: bodies of calls, rings, replies and closes, right and wrong, without openline's
code. The CBOR is made here, from the specification; with a folder as argument each body is also
written into it as a file, its kind in front, as the fuzz harness takes them.
"""
import os
import re
import sys

from make_entry import cbor

INC = bytes(range(1, 9))
R = [1, 0, INC, 5]
SIG = b"\x55" * 64
S48 = 2**48 - 1
T40 = 2**40 - 1
KIND = {"call": 7, "ring": 8, "reply": 9, "close": 10}
ROWS = []
FORM, LIMIT = "OL_EFORM", "OL_ELIMIT"


def row(kind, name, body, err="OL_OK", why=""):
    ROWS.append((kind, name, body if isinstance(body, bytes) else cbor(body), err, why))


def receipt(party, size=6, time=7, sig=SIG):
    return [party, size, time, sig]


def path(party=1, bearer="udp/0", age=3):
    return [party, bearer, age]


def calls():
    row("call", "least", [0, 0, 0, 0, ""])
    row("call", "all", [3, 2, 4, 1, "r" * 200, "zh-hans", [0, 2, 15], R, "o" * 120, 7, [1]])
    row("call", "ref of two bytes", [1, 1, 1, 0, "x", "", [], [0, 1, b"\1\2", S48]])
    row("call", "four fields", [0, 0, 0, 0], FORM, "too few")
    row("call", "no array", 0, FORM, "too few")
    row("call", "precedence 4", [4, 0, 0, 0, ""], LIMIT, "precedence")
    row("call", "status 3", [0, 3, 0, 0, ""], LIMIT, "status")
    row("call", "rung negative", [0, 0, -1, 0, ""], FORM, "rung")
    row("call", "purpose 2", [0, 0, 0, 2, ""], LIMIT, "purpose")
    row("call", "text 201", [0, 0, 0, 0, "r" * 201], LIMIT, "text")
    row("call", "text newline", [0, 0, 0, 0, "a\nb"], FORM, "text")
    row("call", "text bytes", [0, 0, 0, 0, b"a"], FORM, "text")
    row("call", "language", [0, 0, 0, 0, "", "e--n"], FORM, "language")
    row("call", "called 16", [0, 0, 0, 0, "", "", [16]], LIMIT, "called")
    row("call", "called twice", [0, 0, 0, 0, "", "", [1, 1]], FORM, "called")
    row("call", "called falls", [0, 0, 0, 0, "", "", [2, 1]], FORM, "called")
    row("call", "called 17 times", [0, 0, 0, 0, "", "", list(range(17))], LIMIT, "called")
    row("call", "ref of one byte", [0, 0, 0, 0, "", "", [], [1, 0, b"\1", 5]], FORM, "reference")
    row("call", "ref of nine bytes", [0, 0, 0, 0, "", "", [], [1, 0, INC + b"\1", 5]], FORM,
        "reference")
    row("call", "ref party 16", [0, 0, 0, 0, "", "", [], [16, 0, INC, 5]], LIMIT, "no party")
    row("call", "ref lane 2", [0, 0, 0, 0, "", "", [], [1, 2, INC, 5]], LIMIT, "reference")
    row("call", "ref index 2^48", [0, 0, 0, 0, "", "", [], [1, 0, INC, S48 + 1]], LIMIT,
        "reference")
    row("call", "of 121", [0, 0, 0, 0, "", "", [], [], "o" * 121], LIMIT, "escalates")
    row("call", "a byte after", cbor([0, 0, 0, 0, ""]) + b"\0", FORM, "follow")


def rings():
    row("ring", "rings", [0, R, 1, 604800, 0])
    row("ring", "ended", [1, R, 4, 0, 2**64-1])
    row("ring", "a field more", [1, R, 4, 0, 9, "x"])
    row("ring", "four fields", [0, R, 1, 60], FORM, "too few")
    row("ring", "state 2", [2, R, 1, 60, 0], LIMIT, "ringing")
    row("ring", "no call", [0, [], 1, 60, 0], FORM, "nothing")
    row("ring", "call of seven bytes", [0, [1, 0, INC[:7], 5], 1, 60, 0], FORM, "reference")
    row("ring", "rung 0", [0, R, 0, 60, 0], FORM, "no rung")
    row("ring", "seconds 604801", [0, R, 1, 604801, 0], LIMIT, "week")
    row("ring", "rings for 0", [0, R, 1, 0, 0], FORM, "seconds")
    row("ring", "ended with seconds", [1, R, 1, 1, 0], FORM, "seconds")
    row("ring", "after negative", [0, R, 1, 1, -1], FORM, "since")
    row("ring", "a byte after", cbor([0, R, 1, 60, 0]) + b"\0", FORM, "follow")


def replies():
    row("reply", "answer", [0, 0, R, 0, 0, 0, ""])
    row("reply", "decline", [1, 1, R, 2, 0, 9, "r" * 200])
    row("reply", "defer", [2, 2, R, 1, 604800, 9, "later", "more"])
    row("reply", "six fields", [0, 0, R, 0, 0, 0], FORM, "too few")
    row("reply", "verb 3", [3, 0, R, 0, 0, 0, ""], LIMIT, "reply")
    row("reply", "status 3", [0, 3, R, 0, 0, 0, ""], LIMIT, "status")
    row("reply", "no call", [0, 0, [], 0, 0, 0, ""], FORM, "nothing")
    row("reply", "rung text", [0, 0, R, "", 0, 0, ""], FORM, "rung")
    row("reply", "defer 0", [2, 0, R, 0, 0, 0, ""], FORM, "seconds")
    row("reply", "answer for 1", [0, 0, R, 0, 1, 0, ""], FORM, "seconds")
    row("reply", "defer 604801", [2, 0, R, 0, 604801, 0, ""], LIMIT, "week")
    row("reply", "after text", [0, 0, R, 0, 0, "", ""], FORM, "since")
    row("reply", "text 201", [0, 0, R, 0, 0, 0, "r" * 201], LIMIT, "text")
    row("reply", "a byte after", cbor([0, 0, R, 0, 0, 0, ""]) + b"\0", FORM, "follow")


def closes():
    row("close", "least", [3, R, 0, [], []])
    row("close", "all", [0, R, 2**64-1, [receipt(0, S48, T40), receipt(15)],
                         [path(15, "b" * 14 + "/9", 2**32-1), path()], "x"])
    row("close", "32 paths", [5, R, 1, [], [path()] * 32])
    row("close", "four fields", [3, R, 0, []], FORM, "too few")
    row("close", "why 6", [6, R, 0, [], []], LIMIT, "why")
    row("close", "no call", [3, [], 0, [], []], FORM, "nothing")
    row("close", "after bytes", [3, R, b"", [], []], FORM, "since")
    row("close", "16 receipts", [3, R, 0, [receipt(i % 16) for i in range(16)], []], LIMIT,
        "receipts")
    row("close", "receipt of three", [3, R, 0, [[1, 2, 3]], []], FORM, "receipt")
    row("close", "receipt of five", [3, R, 0, [receipt(1)+[0]], []], LIMIT, "receipt")
    row("close", "receipt party 16", [3, R, 0, [receipt(16)], []], LIMIT, "receipt")
    row("close", "receipts twice", [3, R, 0, [receipt(1), receipt(1)], []], FORM, "order")
    row("close", "receipt size 2^48", [3, R, 0, [receipt(1, S48 + 1)], []], LIMIT, "receipt")
    row("close", "receipt time 2^40", [3, R, 0, [receipt(1, 6, T40 + 1)], []], LIMIT, "receipt")
    row("close", "signature 63", [3, R, 0, [receipt(1, 6, 7, SIG[:63])], []], FORM, "receipt")
    row("close", "33 paths", [3, R, 0, [], [path()] * 33], LIMIT, "paths")
    row("close", "path of two", [3, R, 0, [], [[1, "udp/0"]]], FORM, "paths")
    row("close", "path of four", [3, R, 0, [], [[1, "udp/0", 3, 4]]], FORM, "paths")
    row("close", "path party 16", [3, R, 0, [], [path(16)]], LIMIT, "paths")
    row("close", "bearer empty", [3, R, 0, [], [path(1, "")]], FORM, "paths")
    row("close", "bearer 17", [3, R, 0, [], [path(1, "b" * 17)]], FORM, "paths")
    row("close", "bearer space", [3, R, 0, [], [path(1, "udp 0")]], FORM, "paths")
    row("close", "age 2^32", [3, R, 0, [], [path(1, "udp/0", 2**32)]], LIMIT, "paths")
    row("close", "a byte after", cbor([3, R, 0, [], []]) + b"\0", FORM, "follow")


def main():
    calls(), rings(), replies(), closes()
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "call.txt"), "w", encoding="utf-8") as f:
        f.write("# Written by make_call.py. why: a part of the sentence that tells the fault.\n")
        for kind, name, body, err, why in ROWS:
            f.write(f"\nname = {kind}: {name}\nkind = {KIND[kind]}\nbody = {body.hex()}\n"
                    f"want = {err}\n" + f"why = {why}".rstrip() + "\n")
            if len(sys.argv) > 1:
                file = re.sub(r"[^a-z0-9]+", "-", f"{kind} {name}".lower())
                with open(os.path.join(sys.argv[1], file), "wb") as g:
                    g.write(bytes([KIND[kind]]) + body)


if __name__ == "__main__":
    main()
