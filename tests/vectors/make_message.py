#!/usr/bin/python3
"""Writes message.txt: bodies of messages, acts, orders, right and wrong, without openline's code.

Of what is right, `as` says in one line what it means, so that whoever reads it must agree on every
field. The CBOR is made by make_entry.py, from the specification.
"""
import os

from make_entry import MAX, Raw, cbor

INC = bytes(range(0x10, 0x18))
REF = [1, 0, INC[:2], 7]
LONG = "x" * 200
SORTS = ("traffic", "service", "correction", "readback", "translation")
GRADES = ("none", "sight", "rough", "official")
VERBS = ("seen", "interim", "cancel", "right", "wrong", "present", "here")
ORDERS = ("minimise", "end-minimise", "suspend", "resume")


def say_ref(ref):
    return "%d/%d/%s.%d" % (ref[0], ref[1], ref[2].hex(), ref[3]) if ref else "-"


def say_list(numbers):
    return ",".join(map(str, numbers)) or "-"


def as_message(f):
    f = list(f) + ["", "", [], [], 0, 0, [], [], 0][len(f) - 4:]
    info = say_list(f[11][1:]) + (":%d" % f[11][0] if f[11] else "")
    return " ".join(["%d %d %d" % tuple(f[:3]), f[3][1] if f[3][0] == 0 else f[3][1].hex(),
                     f[4] or "-", f[5] or "-", say_ref(f[6]), say_list(f[7]), SORTS[f[8]],
                     "%d" % f[9], say_list(f[10]), info, GRADES[f[12]]])


def as_act(f):
    return "%s %d %s %d %s" % (VERBS[f[0]], f[1], say_ref(f[2]), f[3], f[4] or "-")


def as_order(f):
    return "%s %d %d %s" % (ORDERS[f[0]], f[1], f[2], f[3] or "-")


FORMS = {"message": (as_message, 13), "act": (as_act, 5), "order": (as_order, 4)}


def right(kind, name, fields, plain=True):
    """plain: it is what we would write; where not, a field is there that need not be."""
    say, count = FORMS[kind]
    return [("name", name), (kind, cbor(fields).hex()), ("as", say(fields[:count])),
            ("plain", int(plain and len(fields) <= count))]


def wrong(kind, name, fields, why):
    body = bytes(fields) if isinstance(fields, Raw) else cbor(fields)
    return [("name", name), (kind, body.hex()), ("why", why)]


def message(*more, text=(0, "x"), first=(2, 0, 0)):
    return list(first) + [list(text)] + list(more)


def messages_right():
    def ok(name, *more, plain=True, **kw):
        return right("message", name, message(*more, **kw), plain)

    none = ("", "", [], [])
    return [
        ok("shortest"),
        ok("empty and last", "", "", [], [], 0, 0, [], [], 0, plain=False),
        ok("service", *none, 1),
        ok("service, empty fields after it", *none, 1, 0, [], [], 0, plain=False),
        ok("to be read back", *none, 0, 1),
        ok("asks for what is not known here", *none, 0, 2**64 - 1),
        ok("to act", *none, 0, 0, [0]),
        ok("two to act", *none, 0, 0, [2, 15]),
        ok("to know", *none, 0, 0, [], [3, 1]),
        ok("to act and to know", *none, 0, 0, [1, 3], [3, 0, 2], first=(0, 1, 2)),
        ok("all 16", *none, 0, 0, [], [0] + list(range(16))),
        ok("correction", "", "", REF, [], 2),
        ok("read-back", "", "", REF, [], 3),
        ok("translation, sight", "en", "", REF, [], 4, 0, [], [], 1),
        ok("translation, rough", "en", "", REF, [], 4, 0, [], [], 2),
        ok("translation, official, part 1", "zh-hant", "s", REF, [1, 2], 4, 1, [1], [2, 0], 3),
        ok("later fields", *none, 0, 0, [], [], 0, "later", [b"4"]),
    ]


def messages_wrong():
    def no(name, why, *more, **kw):
        return wrong("message", name, message(*more, **kw), why)

    none = ("", "", [], [])
    return [
        no("sort 5", "sort", *none, 5),
        no("sort is text", "sort", *none, "0"),
        no("sort is negative", "sort", *none, -1),
        no("asks is a list", "asks", *none, 0, []),
        no("action is a number", "must act", *none, 0, 0, 1),
        no("action descends", "must act", *none, 0, 0, [2, 1]),
        no("action twice", "must act", *none, 0, 0, [1, 1]),
        no("action of party 16", "must act", *none, 0, 0, [16]),
        no("action of 17", "must act", *none, 0, 0, list(range(17))),
        no("action is text", "must act", *none, 0, 0, ["1"]),
        no("info is a number", "only know", *none, 0, 0, [], 1),
        no("info without a party", "only know", *none, 0, 0, [], [1]),
        no("info of precedence 4", "only know", *none, 0, 0, [], [4, 1]),
        no("info descends", "only know", *none, 0, 0, [], [0, 2, 1]),
        no("info twice", "only know", *none, 0, 0, [], [0, 1, 1]),
        no("info of party 16", "only know", *none, 0, 0, [], [0, 16]),
        no("info of 17", "only know", *none, 0, 0, [], [0] + list(range(17))),
        no("both", "must act and need only know", *none, 0, 0, [1, 2], [0, 2]),
        no("correction of nothing", "refers to nothing", *none, 2),
        no("read-back of nothing", "refers to nothing", *none, 3),
        no("translation of nothing", "refers to nothing", *none, 4, 0, [], [], 1),
        no("translation without a grade", "a grade", "", "", REF, [], 4),
        no("traffic with a grade", "a grade", *none, 0, 0, [], [], 1),
        no("correction with a grade", "a grade", "", "", REF, [], 2, 0, [], [], 3),
        no("grade 4", "grade is unknown", "", "", REF, [], 4, 0, [], [], 4),
        no("part of 1", "part", "", "", [], [1], 0),
        no("a later field that is none", "no CBOR", *none, 0, 0, [], [], 0, Raw(b"\xf6")),
    ]


def acts():
    def ok(name, *fields):
        return right("act", name, list(fields))

    def no(name, why, *fields):
        return wrong("act", name, list(fields), why)

    out = [ok(verb, n, 0, REF if verb != "present" else [], 60 if verb == "interim" else 0, "")
           for n, verb in enumerate(VERBS)]
    return out + [
        ok("of an exercise, with a remark", 0, 1, REF, 0, "handed to the minister"),
        ok("of a test", 2, 2, REF, 0, ""),
        ok("the longest remark", 0, 0, REF, 0, LONG),
        ok("the longest interim", 1, 0, [15, 1, INC, MAX], 604800, "by noon"),
        ok("the shortest interim", 1, 0, REF, 1, ""),
        ok("later fields", 0, 0, REF, 0, "", 1, "x"),
        no("verb 7", "verb", 7, 0, REF, 0, ""),
        no("verb is text", "verb", "0", 0, REF, 0, ""),
        no("status 3", "status", 0, 3, REF, 0, ""),
        no("seen of nothing", "refers to no entry", 0, 0, [], 0, ""),
        no("here, to nothing", "refers to no entry", 6, 0, [], 0, ""),
        no("present, to an entry", "presence query", 5, 0, REF, 0, ""),
        no("reference of 3", "reference", 0, 0, REF[:3], 0, ""),
        no("an incarnation of 1", "reference", 0, 0, [1, 0, INC[:1], 7], 0, ""),
        no("an incarnation of 9", "reference", 0, 0, [1, 0, INC + b"x", 7], 0, ""),
        no("party 16", "no party", 0, 0, [16, 0, INC, 7], 0, ""),
        no("seconds in seen", "interim", 0, 0, REF, 1, ""),
        no("interim of no time", "interim", 1, 0, REF, 0, ""),
        no("interim of more than a week", "interim", 1, 0, REF, 604801, ""),
        no("seconds are text", "interim", 1, 0, REF, "9", ""),
        no("remark too long", "remark", 0, 0, REF, 0, LONG + "x"),
        no("remark of two lines", "remark", 0, 0, REF, 0, "a\nb"),
        no("remark with an override", "remark", 0, 0, REF, 0, "a\u202eb"),
        no("remark is bytes", "remark", 0, 0, REF, 0, b"x"),
        no("4 fields", "few", 0, 0, REF, 0),
        no("no array", "few", Raw(b"")),
        wrong("act", "nothing", Raw(), "few"),
        wrong("act", "a number", 0, "few"),
        wrong("act", "bytes follow", Raw(cbor([0, 0, REF, 0, ""]) + b"\0"), "bytes follow"),
        no("a later field that is none", "no CBOR", 0, 0, REF, 0, "", Raw(b"\xf6")),
    ]


def orders():
    def ok(name, *fields):
        return right("order", name, list(fields))

    def no(name, why, *fields):
        return wrong("order", name, list(fields), why)

    out = [ok(verb, n, 0, 0, "") for n, verb in enumerate(ORDERS)]
    return out + [
        ok("of an exercise, for an hour", 0, 1, 3600, "storm"),
        ok("for ever", 2, 2, 2**64 - 1, LONG),
        ok("later fields", 3, 0, 0, "", [1]),
        no("verb 4", "verb", 4, 0, 0, ""),
        no("status 3", "status", 0, 3, 0, ""),
        no("time is negative", "time", 0, 0, -1, ""),
        no("reason too long", "reason", 0, 0, 0, LONG + "x"),
        no("reason of two lines", "reason", 0, 0, 0, "a\nb"),
        no("3 fields", "few", 0, 0, 0),
        wrong("order", "nothing", Raw(), "few"),
        wrong("order", "bytes follow", Raw(cbor([0, 0, 0, ""]) + b"\0"), "bytes follow"),
        no("a later field that is none", "no CBOR", 0, 0, 0, "", Raw(b"\xf6")),
    ]


def main():
    cases = messages_right() + messages_wrong() + acts() + orders()
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "message.txt")
    with open(path, "w", encoding="utf-8") as f:
        f.write("# Written by make_message.py. Hex; `as` in words, why: a word of the reason.\n")
        for c in cases:
            f.write("\n" + "".join(("%s = %s" % kv).rstrip() + "\n" for kv in c))


if __name__ == "__main__":
    main()
