#!/usr/bin/python3
"""Writes entry.txt: entries and openings, right and wrong, without openline's code.

The CBOR is made here, from the specification: an int, bytes, str or list is written with the
shortest head; Raw(bytes) stands for itself, so that what is wrong can be written too.
"""
import os

MAX = 2**48 - 1


class Raw(bytes):
    """CBOR as it shall stand."""


def head(major, n):
    for info, size in ((None, 24), (24, 256), (25, 2**16), (26, 2**32), (27, 2**64)):
        if n < size:
            if info is None:
                return bytes([major * 32 + n])
            return bytes([major * 32 + info]) + n.to_bytes(2 ** (info - 24), "big")
    raise ValueError(n)


def cbor(x):
    if isinstance(x, Raw):
        return bytes(x)
    if isinstance(x, int):
        return head(0, x) if x >= 0 else head(1, -1 - x)
    if isinstance(x, bytes):
        return head(2, len(x)) + x
    if isinstance(x, str):
        return head(3, len(x.encode())) + x.encode()
    return head(4, len(x)) + b"".join(cbor(y) for y in x)


INC = bytes(range(0x10, 0x18))
ITEM = bytes.fromhex("a1b2c3d4e5f6")
SIG = bytes(range(64))
WALL = 1687305600
TEXT = [0, 0, 0, [0, "Request status of your balloon."]]


def show(mentions):
    return " ".join(":".join(v.hex() if isinstance(v, bytes) else str(v) for v in m)
                    for m in mentions)


def right(name, kind, wall, seen, body, item=None, read=(), signs=None, more=()):
    """An entry that is read, and whose fields are these; with `more` it is not what we write."""
    fields = [kind, wall, list(seen), body]
    if item is not None:
        fields += [item, list(read)]
    if signs is not None:
        fields.append(list(signs))
    entry = cbor(fields + list(more))
    out = [("name", name), ("entry", entry.hex()), ("want", "OL_OK"), ("kind", kind),
           ("wall", wall), ("seen", show(seen)), ("body", cbor(body).hex()),
           ("more", len(more))]
    return out + [("item", item.hex() if item else ""), ("read", show(read)),
                  ("signs", show(signs or ()))]


def wrong(name, want, fields):
    entry = fields if isinstance(fields, Raw) else cbor(fields)
    return [("name", name), ("entry", bytes(entry).hex()), ("want", want)]


def filled(total, fields):
    """A byte string as body, such that the entry has this many bytes."""
    for n in range(total, -1, -1):
        whole = fields[:3] + [bytes(n)] + fields[4:]
        if len(cbor(whole)) == total:
            return bytes(n)
    raise ValueError(total)


def mentions(n, size=1):
    return [[i + 1, size] for i in range(n)]


def nest(depth):
    x = []
    for _ in range(depth - 1):
        x = [x]
    return x


def entries_right():
    first = [1, 3, 1, 0, INC]
    long = filled(2048, [2, WALL, [], 0, ITEM, []])
    return [
        right("smallest", 0, 0, [], 0),
        right("opening", 1, WALL, [], [b"", 0, b"", 0]),
        right("message", 2, WALL, [], TEXT, ITEM, []),
        right("message that has seen", 2, WALL, [first, [2, 24]], TEXT, ITEM, [[1, 2]]),
        right("read nothing of it", 2, WALL, [[3, 256]], TEXT, ITEM, [[3, 0]]),
        right("in another language", 2, WALL, [],
              [0, 0, 0, [0, "我们收到你们的来电"], "zh"], ITEM, []),
        right("unknown kind", 63, WALL, [], -25),
        right("largest kind and time", 2**64 - 1, 2**64 - 1, [], ""),
        right("largest number and size", 2, WALL, [[MAX, MAX]], 0, ITEM, [[MAX, MAX]]),
        right("largest party and lane", 2, WALL, [[1, 1, 15, 1, bytes(8)]], 0),
        right("a party of no charter", 2, WALL, [[1, 1, 16, 1, bytes(8)]], 0),
        right("largest party told apart", 2, WALL, [[1, 1, 255, 1, bytes(8)]], 0),
        right("64 mentions", 2, WALL, mentions(64), 0),
        right("64 mentions and 64 read", 2, WALL, mentions(64), 0, ITEM, mentions(64, 0)),
        right("64 first mentions", 2, WALL,
              [[i + 1, 1, i % 16, i % 2, bytes([i]) * 8] for i in range(64)], 0),
        right("largest", 2, WALL, [], long, ITEM, []),
        right("body 6 deep", 2, WALL, [], nest(6)),
        right("body 7 deep", 2, WALL, [], nest(7)),
        right("signed", 2, WALL, [], TEXT, ITEM, [], [[7, WALL, SIG]]),
        right("signed by two", 2, WALL, [], TEXT, ITEM, [],
              [[1, WALL, SIG], [65535, 2**64 - 1, bytes(64)]]),
        right("signed by nobody", 2, WALL, [], TEXT, ITEM, [], [], [0]),
        right("a later field", 2, WALL, [], TEXT, ITEM, [], [], ["later"]),
        right("later fields", 2, WALL, [], TEXT, ITEM, [], [], [1, [2, [3]], b"4"]),
    ]


def entries_wrong_as_a_whole():
    short, form, limit = "OL_ESHORT", "OL_EFORM", "OL_ELIMIT"
    return [
        wrong("nothing", short, Raw()),
        wrong("no array", form, 2),
        wrong("a byte string around it", form, cbor([2, WALL, [], 0])),
        wrong("no fields", form, []),
        wrong("3 fields", form, [2, WALL, []]),
        wrong("5 fields: item without read", form, [2, WALL, [], 0, ITEM]),
        wrong("a byte too many", form, Raw(cbor([2, WALL, [], 0]) + b"\0")),
        wrong("a byte too few", short, Raw(cbor([2, WALL, [], 300])[:-1])),
        wrong("a count in two bytes", form, Raw(b"\x98\x04" + cbor([2, WALL, [], 0])[1:])),
        wrong("without an end", form, Raw(b"\x9f" + cbor([2, WALL, [], 0])[1:] + b"\xff")),
        wrong("a byte too large", limit,
              [2, WALL, [], filled(2049, [2, WALL, [], 0, ITEM, []]), ITEM, []]),
        wrong("body 8 deep", limit, [2, WALL, [], nest(8)]),
        wrong("later field too deep", limit, [2, WALL, [], 0, ITEM, [], [], nest(8)]),
        wrong("body is a map", form, [2, WALL, [], Raw(b"\xa0")]),
        wrong("body is a float", form, [2, WALL, [], Raw(b"\xf9\x3c\x00")]),
        wrong("body is null", form, [2, WALL, [], Raw(b"\xf6")]),
        wrong("body is not the shortest", form, [2, WALL, [], Raw(b"\x18\x17")]),
        wrong("body is not UTF-8", form, [2, WALL, [], Raw(b"\x61\xff")]),
        wrong("later field is a tag", form, [2, WALL, [], 0, ITEM, [], [], Raw(b"\xc1\x00")]),
    ]


def entries_wrong_in_a_field():
    form, limit = "OL_EFORM", "OL_ELIMIT"

    def seen(*m):
        return [2, WALL, list(m), 0]

    def read(*m):
        return [2, WALL, [], 0, ITEM, list(m)]

    def signed(*m):
        return [2, WALL, [], 0, ITEM, [], m[0] if isinstance(m[0], Raw) else list(m)]

    return [
        wrong("kind is negative", form, [-1, WALL, [], 0]),
        wrong("kind is text", form, ["2", WALL, [], 0]),
        wrong("wall is bytes", form, [2, b"", [], 0]),
        wrong("seen is a number", form, [2, WALL, 0, 0]),
        wrong("65 mentions", limit, seen(*mentions(65))),
        wrong("a mention is a number", form, seen(1)),
        wrong("a mention of 1", form, seen([1])),
        wrong("a mention of 3", form, seen([1, 1, 1])),
        wrong("a mention of 4", form, seen([1, 1, 1, 0])),
        wrong("a mention of 6", form, seen([1, 1, 1, 0, INC, 0])),
        wrong("mentions itself", form, seen([0, 1])),
        wrong("the same twice", form, seen([1, 1], [1, 2])),
        wrong("descending", form, seen([2, 1], [1, 1])),
        wrong("number too large", limit, seen([MAX + 1, 1])),
        wrong("size too large", limit, seen([1, MAX + 1])),
        wrong("party is negative", form, seen([1, 1, -1, 0, INC])),
        wrong("lane too large", limit, seen([1, 1, 0, 2, INC])),
        wrong("incarnation of 7", form, seen([1, 1, 0, 0, INC[:7]])),
        wrong("incarnation of 9", form, seen([1, 1, 0, 0, INC + b"x"])),
        wrong("incarnation is text", form, seen([1, 1, 0, 0, "12345678"])),
        wrong("item of 5", form, [2, WALL, [], 0, ITEM[:5], []]),
        wrong("item of 7", form, [2, WALL, [], 0, ITEM + b"x", []]),
        wrong("item is text", form, [2, WALL, [], 0, "123456", []]),
        wrong("read is a number", form, [2, WALL, [], 0, ITEM, 0]),
        wrong("read of 65", limit, read(*mentions(65))),
        wrong("read mentions for the first time", form, read([1, 1, 1, 0, INC])),
        wrong("read of itself", form, read([0, 1])),
        wrong("read twice", form, read([1, 1], [1, 1])),
        wrong("read descending", form, read([2, 1], [1, 1])),
        wrong("read size too large", limit, read([1, MAX + 1])),
        wrong("signs are a number", form, signed(Raw(b"\0"))),
        wrong("three signs", limit, signed(*[[1, 0, SIG]] * 3)),
        wrong("a sign of 2", form, signed([1, SIG])),
        wrong("a sign of 4", form, signed([1, 0, SIG, 0])),
        wrong("signed by officer 0", form, signed([0, 0, SIG])),
        wrong("signed by officer 65536", limit, signed([65536, 0, SIG])),
        wrong("written is text", form, signed([1, "0", SIG])),
        wrong("signature of 63", form, signed([1, 0, SIG[:63]])),
        wrong("signature of 65", form, signed([1, 0, SIG + b"x"])),
    ]


def opening(name, want, fields):
    body = bytes(fields) if isinstance(fields, Raw) else cbor(fields)
    out = [("name", "opening: " + name), ("opening", body.hex()), ("want", want)]
    if want == "OL_OK":
        out += [("predecessor", fields[0].hex()), ("size", fields[1]),
                ("root", fields[2].hex()), ("why", fields[3]),
                ("generation", fields[4] if len(fields) > 4 else 0),
                ("more", max(len(fields) - 5, 0))]
    return out


def openings():
    root = bytes(range(32))
    short, form, limit = "OL_ESHORT", "OL_EFORM", "OL_ELIMIT"
    return [
        opening("first", "OL_OK", [b"", 0, b"", 0]),
        opening("after another", "OL_OK", [INC, 17, root, 1]),
        opening("after one of no known size", "OL_OK", [INC, 0, root, 2]),
        opening("largest size, unknown reason", "OL_OK", [INC, MAX, root, 2**64 - 1]),
        opening("of generation 1", "OL_OK", [INC, 17, root, 5, 1]),
        opening("of the largest generation", "OL_OK", [b"", 0, b"", 5, 2**32 - 1]),
        opening("later fields", "OL_OK", [b"", 0, b"", 5, 3, "x", [1]]),
        opening("nothing", short, Raw()),
        opening("not an array", form, 0),
        opening("3 fields", short, [b"", 0, b""]),
        opening("3 fields and a number", form, Raw(cbor([b"", 0, b""]) + b"\0")),
        opening("incarnation of 7", form, [INC[:7], 1, root, 1]),
        opening("incarnation of 9", form, [INC + b"x", 1, root, 1]),
        opening("root of 31", form, [INC, 1, root[:31], 1]),
        opening("root of 33", form, [INC, 1, root + b"x", 1]),
        opening("a root of nothing", form, [b"", 0, root, 1]),
        opening("no root", form, [INC, 1, b"", 1]),
        opening("a size of nothing", form, [b"", 1, b"", 1]),
        opening("size too large", limit, [INC, MAX + 1, root, 1]),
        opening("reason is text", form, [b"", 0, b"", "0"]),
        opening("generation too large", limit, [b"", 0, b"", 5, 2**32]),
        opening("generation is text", form, [b"", 0, b"", 5, "1"]),
        opening("a byte too many", form, Raw(cbor([b"", 0, b"", 0]) + b"\0")),
        opening("a byte too few", short, Raw(cbor([b"", 0, b"", 300])[:-1])),
        opening("a later field that is none", form, [b"", 0, b"", 0, 1, Raw(b"\xf6")]),
    ]


def main():
    cases = entries_right() + entries_wrong_as_a_whole() + entries_wrong_in_a_field() + openings()
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "entry.txt")
    with open(path, "w", encoding="utf-8") as f:
        f.write("# Written by make_entry.py. Hex, decimal numbers, mentions number:size or\n"
                "# number:size:party:lane:incarnation.\n")
        for c in cases:
            f.write("\n" + "".join(("%s = %s" % kv).rstrip() + "\n" for kv in c))


if __name__ == "__main__":
    main()
