# SPDX-License-Identifier: ISC
"""What is odd and breaks nothing: entries that cannot be read, and things to look at.

The record verifies in every row here; the reason, or the sentence, must be given.
"""
import libexport as x
import libofficers
from libhands import (ABSENT, OTHER_ROOT, amendment, change, entries, evidence, only_receipt,
                      says)

START = x.START
ITEM = b"item 1"


def people(body, item=ITEM, read=(), kind=2, seen=(), wall=START, more=()):
    """An entry as its author's station would write it, but for its body."""
    return x.cbor([kind, wall, list(seen), body, item, list(read), *more])


def said(text=(0, "A text."), precedence=1, status=0, to=0, lang="", subject="", ref=(), more=()):
    return people([precedence, status, to, list(text), lang, subject, list(ref), *more])


def act(verb, status=0, ref=(1, 0, ABSENT, 0), seconds=0, text="", more=5):
    return people([verb, status, list(ref), seconds, text][:more or 4], kind=6)


def call(lang):
    return people([0, 0, 0, 0, "", lang, [1]], kind=7)


def check(body):
    return x.cbor([11, START, [], body])


def nested(depth):
    """An entry of unknown kind whose body makes arrays nest to this depth."""
    body = []
    for _ in range(depth - 2):
        body = [body]
    return x.cbor([64, START, [], body])


def bare(hexadecimal):
    return bytes.fromhex(hexadecimal.replace(" ", ""))


# (reason, entry): stored under a valid head in usa's urgent log, shown as unreadable.
UNREADABLE = [
    # deterministic CBOR
    ("the CBOR is cut short", b"\x18"),
    ("a CBOR array is cut short", bare("84 02")),
    ("the CBOR is cut short", bare("84 02 00 80 18")),
    ("the CBOR is cut short", bare("84 02 00 80 1a0001")),
    ("bytes follow the CBOR item", said() + b"\0"),
    ("a CBOR head is not in its shortest form", bare("84 1802 00 80 80")),
    ("a CBOR head is not in its shortest form", bare("84 190002 00 80 80")),
    ("a CBOR head is not in its shortest form", bare("84 1a00000002 00 80 80")),
    ("a CBOR head is not in its shortest form", bare("84 1b0000000000000002 00 80 80")),
    ("a CBOR head is not in its shortest form", bare("84 02 00 9800 80")),
    ("CBOR of indefinite length or unknown form", bare("9f 02 00 80 80 ff")),
    ("CBOR of indefinite length or unknown form", bare("84 02 00 80 5f4161ff")),
    ("CBOR of indefinite length or unknown form", bare("1c")),
    ("CBOR maps, tags, floats and simple values are not used", bare("84 02 00 80 a0")),
    ("CBOR maps, tags, floats and simple values are not used", bare("84 02 00 80 c000")),
    ("CBOR maps, tags, floats and simple values are not used", bare("84 02 00 80 f97c00")),
    ("CBOR maps, tags, floats and simple values are not used", bare("84 02 00 80 f5")),
    ("CBOR maps, tags, floats and simple values are not used", bare("84 02 00 80 f6")),
    ("a CBOR string is cut short", bare("84 02 00 80 42 61")),
    ("a CBOR string is cut short", bare("84 02 00 80 5bffffffffffffffff")),
    ("a CBOR array is cut short", bare("84 02 00 80 9bffffffffffffffff")),
    ("a CBOR text string is not UTF-8", bare("84 02 00 80 61ff")),
    ("a CBOR text string is not UTF-8", bare("84 02 00 80 63eda080")),
    ("a CBOR text string is not UTF-8", bare("84 02 00 80 62c080")),
    ("CBOR arrays are nested more than 8 deep", nested(9)),
    # envelope
    ("it is not an array of 4 or more", x.cbor(7)),
    ("it is not an array of 4 or more", x.cbor([2, START, []])),
    ("kind or wall is not a number", x.cbor([-2, START, [], []])),
    ("kind or wall is not a number", x.cbor([2, b"now", [], []])),
    ("seen is not an array", x.cbor([2, START, 0, []])),
    ("seen has a mention of another form", people([], seen=[[1]])),
    ("seen has a mention of another form", people([], seen=[[3, 1, 2, 0]])),
    ("seen has a mention of another form", people([], seen=[[3, 1, 2, 2, ABSENT]])),
    ("seen has a mention of another form", people([], seen=[[3, 1, 2, 0, b"short"]])),
    ("seen has more than 64 mentions", people([], seen=[[i, 1] for i in range(1, 66)])),
    ("it has an item id and no read", x.cbor([2, START, [], [], ITEM])),
    ("the item id is not 6 bytes", people([], item=b"seven b")),
    ("read has a mention of another form", people([], read=[[1]])),
    ("read has a mention of another form", people([], read=[[1, 0, 2, 0, ABSENT]])),
    ("read is not an array", people([], read=()).replace(b"item 1\x80", b"item 1\x00")),
    ("seen has a mention of another form", people([], seen=[[1, 2**48]])),
    ("seen is not in ascending order from 1", people([], seen=[[0, 1]])),
    ("seen is not in ascending order from 1", people([], seen=[[2, 9], [1, 9]])),
    ("seen is not in ascending order from 1", people([], seen=[[1, 9], [1, 10]])),
    ("read is not in ascending order from 1", people([], read=[[0, 0]])),
    ("read is not in ascending order from 1", people([], read=[[1, 0], [1, 0]])),
    ("read has more than 64 mentions", people([], read=[[i, 0] for i in range(1, 66)])),
    # kinds
    ("unknown kind 0", people([], kind=0)),
    ("the handback has another form", x.cbor([3, START, [], []])),
    ("only stations write it", people([], kind=3)),
    ("the mentions have another form", x.cbor([13, START, [], "all"])),
    ("only stations write it", people([], kind=13)),
    ("unknown kind 18446744073709551615", people([], kind=2**64 - 1)),
    *[(reason, people(body, kind=kind)) for reason, kind, body in libofficers.UNREADABLE],
    # line checks
    ("only stations write it", people([1, 60, 0, [], []], kind=11)),
    ("the check has too few fields", check([1, 60, 0, []])),
    ("the check has no number", check([0, 60, 0, [], []])),
    ("the interval is not 1 to 86400 seconds", check([1, 0, 0, [], []])),
    ("the interval is not 1 to 86400 seconds", check([1, 86401, 0, [], []])),
    ("the watch is no officer's number", check([1, 60, 65536, [], []])),
    ("the paths have another form, or are more than 32", check([1, 60, 0, 0, []])),
    ("the paths have another form, or are more than 32",
     check([1, 60, 0, [[1, "udp/0", 1]] * 33, []])),
    ("the paths have another form, or are more than 32", check([1, 60, 0, [[1, "udp 0", 1]], []])),
    ("the paths have another form, or are more than 32", check([1, 60, 0, [[1, "", 1]], []])),
    ("the paths have another form, or are more than 32",
     check([1, 60, 0, [[1, "udp/0", 2**32]], []])),
    ("a path leads to no party of the charter", check([1, 60, 0, [[3, "udp/0", 1]], []])),
    ("the missed checks have another form", check([1, 60, 0, [], [[1]]])),
    ("the missed checks have another form", check([1, 60, 0, [], [[1, 0], [1, 0]]])),
    ("a missed check is that of no party of the charter", check([1, 60, 0, [], [[3, 0]]])),
    # messages
    ("the message has no item id or no read", x.cbor([2, START, [], [1, 0, 0, [0, "A text."]]])),
    ("the message has too few fields", people([1, 0, 0])),
    ("the message has too few fields", people("A text.")),
    ("the precedence is unknown", said(precedence=4)),
    ("the status is unknown", said(status=3)),
    ("the addressee has another form", said(to=b"all")),
    ("it is addressed to rung 5, the charter has 4", said(to=5)),
    ("the language has another form", said(lang="en_GB")),
    *[("the language has another form", hand(lang)) for hand in (lambda s: said(lang=s), call)
      for lang in ("en-", "-en", "x--y", "abcdefghi", "\u212a", "x" + "-abcdefg" * 4 + "-de")],
    ("the language has another form", people([1, 0, 0, [0, "A text."], b"en"])),
    ("the subject has another form or more than 200 bytes", said(subject="s" * 201)),
    ("the subject has more than one line", said(subject="a\nb")),
    ("the text holds U+0007", said(subject="\x07")),
    ("the reference has another form", said(ref=[1, 0, ABSENT])),
    ("the reference has another form", said(ref=[1, 0, b"1", 0])),
    ("the reference has another form", said(ref=[1, 2, ABSENT, 0])),
    ("the reference has another form", said(ref=[1, 0, ABSENT, 2**48])),
    ("the reference names no party of the charter", said(ref=[3, 0, ABSENT, 0])),
    ("it stands in the wrong lane, urgent", said(precedence=2)),
    ("it stands in the wrong lane, urgent", said(precedence=3, ref=[1, 1, ABSENT, 0])),
    ("the part has another form", said(more=[[1]])),
    ("part 3 of 2 cannot be", said(more=[[3, 2]])),
    ("part 0 of 2 cannot be", said(more=[[0, 2]])),
    ("part 1 of 100 cannot be", said(more=[[1, 100]])),
    # sorts, addressees and grades
    ("the sort is unknown", said(more=[[], 5])),
    ("what it asks for has another form", said(more=[[], 0, []])),
    ("the parties that must act have another form", said(more=[[], 0, 0, [2, 1]])),
    ("the parties that must act have another form", said(more=[[], 0, 0, [1, 1]])),
    ("the parties that must act have another form", said(more=[[], 0, 0, [16]])),
    ("the parties that need only know have another form", said(more=[[], 0, 0, [], [3]])),
    ("the parties that need only know have another form", said(more=[[], 0, 0, [], [4, 1]])),
    ("a party must act and need only know", said(more=[[], 0, 0, [1], [3, 1]])),
    ("a correction, read-back or translation refers to nothing", said(more=[[], 2])),
    ("a correction, read-back or translation refers to nothing", said(more=[[], 4, 0, [], [], 1])),
    ("a translation has a grade, and nothing else has one", said(ref=[1, 0, ABSENT, 0],
                                                                 more=[[], 4])),
    ("a translation has a grade, and nothing else has one", said(more=[[], 0, 0, [], [], 1])),
    ("the grade is unknown", said(ref=[1, 0, ABSENT, 0], more=[[], 4, 0, [], [], 4])),
    ("it is addressed to a party that the charter does not have", said(more=[[], 0, 0, [3]])),
    ("it is addressed to a party that the charter does not have",
     said(more=[[], 0, 0, [], [0, 3]])),
    ("it is addressed to its own author", said(more=[[], 0, 0, [0]])),
    ("it is addressed to its own author", said(more=[[], 0, 0, [], [0, 0]])),
    ("it corrects what another wrote", said(ref=[1, 0, ABSENT, 0], more=[[], 2])),
    ("it reads back what its author wrote", said(ref=[0, 0, ABSENT, 0], more=[[], 3])),
    # acts and orders
    ("the act has no item id or no read", x.cbor([6, START, [], [0, 0, [1, 0, ABSENT, 0], 0, ""]])),
    ("the act has too few fields", act(0, more=0)),
    ("the act's verb is unknown", act(7)),
    ("the status is unknown", act(0, status=3)),
    ("a presence query refers to no entry, every other act to one", act(5)),
    ("a presence query refers to no entry, every other act to one", act(6, ref=[])),
    ("the reference has another form", act(0, ref=[1, 0, ABSENT])),
    ("the reference has another form", act(0, ref=[1, 2, ABSENT, 0])),
    ("the reference names no party of the charter", act(0, ref=[3, 0, ABSENT, 0])),
    ("it speaks of an entry of the wrong party's", act(0, ref=[0, 0, ABSENT, 0])),
    ("it speaks of an entry of the wrong party's", act(2)),
    ("the time has another form", act(0, seconds=1)),
    ("the time has another form", act(1)),
    ("the time has another form", act(1, seconds=604801)),
    ("the remark has another form or is too long", act(0, text="r" * 201)),
    ("the remark has more than one line", act(0, text="a\nb")),
    ("the text holds U+202E", act(0, text="\u202e")),
    ("it stands in the wrong lane, urgent", act(0, ref=[1, 1, ABSENT, 0])),
    ("the order has no item id or no read", x.cbor([12, START, [], [0, 0, 0, ""]])),
    ("the order has too few fields", people([0, 0, 0], kind=12)),
    ("the order's verb is unknown", people([4, 0, 0, ""], kind=12)),
    ("the status is unknown", people([0, 3, 0, ""], kind=12)),
    ("the order's time has another form", people([0, 0, -1, ""], kind=12)),
    ("the remark has another form or is too long", people([0, 0, 0, b""], kind=12)),
    # texts
    ("the text has another form", said((2, "A text."))),
    ("the text has another form", said((0, b"A text."))),
    ("the text has another form", said((1, "A text."))),
    ("the text is empty", said((0, ""))),
    ("the text holds U+001B", said((0, "\x1b[2J"))),
    ("the text holds U+0000", said((0, "\0"))),
    ("the text holds U+0085", said((0, "\x85"))),
    ("the text holds U+007F", said((0, "\x7f"))),
    ("the text holds U+2028", said((0, "\u2028"))),
    ("the text holds U+FEFF", said((0, "\ufeff"))),
    ("the text holds U+202E", said((0, "\u202e"))),
    ("the text holds U+2069", said((0, "\u2069"))),
    ("FLASH of 201 words, not 200 or less", said((0, "word " * 201), precedence=0)),
    ("IMMEDIATE of 201 words, not 200 or less", said((0, "汉" * 401))),
    ("IMMEDIATE of 201 words, not 200 or less", said((0, "word\n" * 199 + "汉字汉"))),
    # compressed texts
    ("the text decompresses to more than 16,384 bytes", said((1, x.BROTLI_BOMB))),
    ("the text decompresses to more than 16,384 bytes", said((1, x.BROTLI_MORE))),
    ("the compressed text has a window above 16 bits or is broken", said((1, x.BROTLI_WIDE))),
    ("the compressed text has a window above 16 bits or is broken", said((1, b""))),
    ("the compressed text is unfinished", said((1, x.BROTLI_TEXT[:-3]))),
    ("bytes follow the compressed text", said((1, x.BROTLI_TEXT + b"\0"))),
    ("the text does not decompress", said((1, b"\x20" + b"\xff" * 20))),
    ("the text is not UTF-8", said((1, x.BROTLI_BYTES))),
    ("the text holds U+202E", said((1, x.BROTLI_BIDI))),
    ("the text is empty", said((1, b"\x06"))),
]

# Entries at the edge of what can be read, in the same place.
READABLE = [
    said(),
    said(more=[[99, 99]]),
    people([1, 0, 0, [0, "A text."]], more=[[], "later"]),
    people([1, 0, 0, [0, "A text."]], more=[[[1, 2, bytes(64)]]]),
    said(more=[[1, 2], 1, 2**64 - 1, [], [], 0, "later", [], -1]),
    said(more=[[]]),
    said(more=[[], 0, 1, [1], [3, 2]]),
    said(ref=[0, 0, ABSENT, 0], more=[[], 2]),
    said(ref=[1, 0, ABSENT, 0], more=[[], 3, 0, [1, 2]]),
    said(lang="fr", ref=[0, 0, ABSENT, 0], more=[[1, 2], 4, 0, [], [0, 1, 2], 3]),
    said(status=2, to=4, lang="zh-Hans", subject="s" * 200, precedence=0),
    *[hand(lang) for hand in (lambda s: said(lang=s), call)
      for lang in ("abcd", "e", "x-klingon", "12", "ZH-hans", "x" + "-abcdefg" * 4 + "-d")],
    said(ref=[1, 0, ABSENT[:2], 0]),
    said(precedence=3, ref=[1, 0, ABSENT, 0]),
    said((0, "word " * 200)),
    said((0, "汉" * 400)),
    said((0, "word\n" * 199 + "汉字")),
    said((0, "\n\u2027\ufefe")),
    said((0, "谁的飞行物？请立即答复。" * 36)),    # 11 characters each, and no word for "？"
    said((0, "F-16战斗机 " * 133)),
    said((1, x.BROTLI_MOST)),
    people([1, 0, 0, [0, "A text."]], wall=2**64 - 1),
    *[act(verb, seconds=60 if verb == 1 else 0) for verb in (0, 1, 3, 4, 6)],
    act(2, status=2, ref=[0, 0, ABSENT[:2], 0], text="r" * 200),
    act(5, ref=[]),
    people([0, 0, [1, 0, ABSENT, 0], 0, "", "later"], kind=6),
    *[people([verb, verb % 3, verb * 2**62, "reason"], kind=12) for verb in range(4)],
    people([0, 0, 2**64 - 1, "", "later"], kind=12),
    *[people(body, kind=kind) for kind, body in libofficers.READABLE],
    check([1, 60, 0, [], []]),
    check([2**48 - 1, 86400, 65535, [[2, "abcdefghijklmn/3", 2**32 - 1]] * 32,
           [[0, 0], [1, 2**48 - 1], [2, 1]], "later"]),
]


def two_repeat(w):
    """Two stations of one party, neither of which held the other's log, use one item id."""
    for name in ("t", "v"):
        w.logs[name] = x.Log(w, w.party("swi"), 0, name)
        w.logs[name].append(1, x.opening(), [])
        w.logs[name].say("Here.", item=b"twice!", precedence=1, seen=[])


def two_parties_repeat(w):
    """swi's entry has the item id of usa's, which it may have seen."""
    w.logs["r"].say("Here.", item=b"twice!")
    w.logs["s"].say("Here.", item=b"twice!", precedence=1)


def two_begin_alike(w):
    """A reference by two bytes, which are the first of two incarnations."""
    w.logs["t"] = x.Log(w, w.party("prc"), 0, "t")
    log, other = w.logs["t"], w.logs["p"]
    log.incarnation = other.incarnation[:2] + log.incarnation[2:]
    log.key = ("prc", 0, log.incarnation)
    log.dir = f"prc/urgent/{log.incarnation.hex()}"
    log.origin = f"{x.LINE}/{log.dir}"
    log.append(1, x.opening())
    log.say("Hm.", precedence=1)
    w.held["usa"][log.key] = 2
    w.logs["u"].say("Here.", precedence=1)
    w.logs["u"].say("Which?", precedence=1, ref=[1, 0, other.incarnation[:2], 1])


def see_each_other(w):
    """Two logs, each with an entry that claims to have seen the other's."""
    for name, party in (("t", "swi"), ("v", "prc")):
        w.logs[name] = x.Log(w, w.party(party), 0, name)
        w.logs[name].append(1, x.opening(), [])
    for name, other in (("t", "v"), ("v", "t")):
        log, seen = w.logs[name], w.logs[other]
        log.numbers[seen.key] = (1, 2)
        number = w.number(seen.party.name)
        log.say("I saw.", precedence=1, seen=[[1, 2, number, 0, seen.incarnation]])


def restored(w):
    """prc's station comes back with an old disk, which lacks an entry that others hold."""
    before = w.logs["p"]
    w.logs["t"] = x.Log(w, w.party("prc"), 0, "t")
    w.logs["t"].append(1, x.opening(before.incarnation, 2, before.root(2), 2))


def victim(size, root=None):
    """prc's log p was forked; its next one continues the history that is not here."""
    def hand(w):
        p = w.logs["p"]
        w.logs["t"] = x.Log(w, w.party("prc"), 0, "t")
        w.logs["t"].append(1, x.opening(p.incarnation, size, root or p.root(size), 4))
        w.logs["t"].receive("usa", "swi")
        w.logs["u"].say("Seen both.", precedence=1, seen=[[1, 7]])
        w.logs["u"].receive("prc", "swi")
        return evidence(lambda log: log.head(2, root=OTHER_ROOT), "p", 3)(w)
    return hand


def again(reason, known=True):
    """prc opens another log beside q, after the same one or none."""
    def act(w):
        p = w.logs["p"]
        w.logs["t"] = x.Log(w, w.party("prc"), 0, "t")
        w.logs["t"].append(1, x.opening(p.incarnation, 3, p.root(3), reason) if known
                           else x.opening(reason=reason))
    return entries(act, "t")


def blank(w):
    """swi opens a log as if it had never held anything."""
    w.logs["t"] = x.Log(w, w.party("swi"), 0, "t")
    w.logs["t"].append(1, x.opening(), [])


def denies(size, later=1):
    """swi receipts all of u and then says, in an entry of this size, that it has seen no more."""
    def act(w):
        w.logs["u"].say("Do.", precedence=1)
        w.logs["u"].receive("prc", "swi")
        w.clock += later - 7        # an entry is 7 s later than what was before it
        text = "o" * (1000 + size - len(people(x.message("o" * 1000, precedence=1))))
        w.logs["s"].say(text, seen=[], precedence=1, item=ITEM)
        assert len(w.logs["s"].entries[-1]) == size
        w.logs["s"].say("Now I do.", precedence=1)
    return entries(act, "s")


def goes_back(name, seconds, mentions=None):
    """The next entry of this log is dated so much before the last word of the line."""
    def act(w):
        w.clock -= seconds
        w.logs[name].say("Earlier.", precedence=1 if name != "r" else 3, seen=mentions)
        w.clock += seconds
    return entries(act, name)


def opens_early(w):
    """prc's next log is dated before the last entry of the one that it continues."""
    q = w.logs["q"]
    w.clock -= 100000
    w.logs["t"] = x.Log(w, w.party("prc"), 0, "t")
    w.logs["t"].append(1, x.opening(q.incarnation, 2, q.root(2), 5), [])
    w.clock += 100000


def receipt_before(w):
    """The receipt of a larger size is dated before the one of a smaller."""
    u = w.logs["u"]
    size, _, serial = u.receipts["prc"][-1]
    u.receipts["prc"][-1] = (size, START, serial)
    return w.files()


def signed_by_stranger(path):
    def hand(w):
        line = x.line_of("somebody", b"abcd" + bytes(64)).encode()
        return change(w.files(), w, {path: lambda data: data + line})
    return hand


# (sentence, hand)
ANOMALIES = [
    ("charter: carries a signature of somebody by a key that is not known",
     signed_by_stranger("charter")),
    ("cards/usa.1: carries a signature of somebody by a key that is not known",
     signed_by_stranger("cards/usa.1")),
    ("{u}/head.note: carries a signature of somebody by a key that is not known",
     signed_by_stranger("{u}/head.note")),
    ("{u}/heads/prc.note: the receipt of prc is dated before the one in checkpoint over size 5",
     receipt_before),
    ("{t}: entry 1 has the item id of {v}, entry 1, which its author did not hold",
     entries(two_repeat, "t", "v")),
    ("{r}: entry 300 has the item id of {s}, entry 2, another party's",
     entries(two_parties_repeat, "r", "s")),
    ("{u}: entry 10 refers to entry 1 of one of 2 logs, and does not say which",
     entries(two_begin_alike, "u", "t")),
    ("{u}/1.tlog-proof: carries extra data, which nobody has signed",
     lambda w: change(w.proof(w.logs["u"], 1), w, {
         "{u}/1.tlog-proof": lambda data: data.replace(b"index", b"extra YQ==\nindex")})),
    ("{t}: entry 1 has seen what had itself seen this entry; the joint order goes on with it all "
     "the same", entries(see_each_other, "t", "v")),
    ("{t}: was opened when prc knew 2 entries of {p}; of the 3 in the export the others were "
     "recovered later", entries(restored, "t")),
    ("{u}/evidence/0.b.note: usa signed two histories of its urgent log 94f1bfc1d57e2bd3: over "
     "size 9 the one in this export, and another",
     evidence(lambda u: u.head(9, root=OTHER_ROOT))),
    ("{u}/evidence/15.b.note: usa signed two histories of its urgent log 94f1bfc1d57e2bd3: over "
     "size 4 the one in this export, and another",
     evidence(lambda u: u.head(4, root=OTHER_ROOT), number=15)),
    ("{u}/evidence/0.b.note: prc receipted another history of the urgent log 94f1bfc1d57e2bd3 of "
     "usa than the one in this export, over size 5",
     evidence(lambda u: u.head(5, ("prc", x.START, 2), root=OTHER_ROOT))),
    ("{u}/evidence/1.b.note: prc receipted another history of the urgent log 94f1bfc1d57e2bd3 of "
     "usa than the one in this export, over size 5; nothing here shows that it was ever signed by "
     "usa",
     evidence(lambda u: only_receipt(u, 5, OTHER_ROOT), own=5, number=1)),
    ("{t}: continues another history of its predecessor f2971799b1cbbcba than the one in the "
     "export, after 5 entries", victim(5, OTHER_ROOT)),
    ("{t}: continues another history of its predecessor f2971799b1cbbcba than the one in the "
     "export, after 3 entries", victim(3, OTHER_ROOT)),
    ("{u}: entry 9 has seen 7 entries of {p}, the export holds 3 of another history", victim(2)),
    *[("{t}: entry 0 has seen 0 entries of {" + name + "}, of which swi had receipted "
       + str(size) + " before", entries(blank, "t"))
      for name, size in (("u", 5), ("r", 300), ("p", 3), ("q", 2))],
    ("{s}: entry 2 has seen 5 entries of {u}, of which swi had receipted 10 before", denies(1984)),
    ("{r}: entry 300 is dated before entry 299", goes_back("r", 1000, [])),
    ("{u}: entry 9 is dated before entry 8", goes_back("u", 100000)),
    ("{u}: entry 9 is dated before entry 299 of {r}, which its author held", goes_back("u", 1000)),
    ("{t}: entry 0 is dated before entry 1 of {q}, which its author held",
     entries(opens_early, "t")),
    *[("{t}: is a new log after 3 entries of f2971799b1cbbcba: " + why, again(reason))
      for reason, why in ((1, "started without a run marker"),
                          (2, "the store is behind the run marker"),
                          (3, "a member holds more of this log"), (4, "fork evidence"),
                          (9, "reason 9"))],
    ("{t}: is a new log, of which its station knew no earlier one: started without a run marker",
     again(1, False)),
    ("{p}: begins anew as 91a5e9b4f2b5cd55 does: two stations of one party, or one that was set "
     "back", again(0, False)),
    ("{t}: continues the same log as 8853e29267012934 does: two stations of one party, or one that "
     "was set back", again(5)),
    ("{u}: entry 9 refers to prc/urgent/" + ABSENT.hex()
     + ", entry 4, which its author had not seen", says("u", ref=[1, 0, ABSENT, 4])),
    ("{u}: entry 9 refers to {p}, entry 3, which its author had not seen",
     lambda w: says("u", ref=[1, 0, w.logs["p"].incarnation, 3])(w)),
    *libofficers.ANOMALIES,
]


def narrower_tiles(w):
    """Partial tiles of a smaller size were left behind, as tlog-tiles allows."""
    r = w.logs["r"]
    leaves = [r.leaf(index) for index in range(258)]
    bundle = b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves[256:])
    return w.files() | {
        f"{r.dir}/tile/0/000.p/3": b"".join(r.hashes(3)),
        f"{r.dir}/tile/entries/001.p/2": bundle}


def bare_pending(w):
    """An empty file where nothing is pending says as much as none."""
    return w.files() | {w.logs["r"].dir + "/pending": b""}


def two_lines_pending(w):
    """Nobody has receipted s; the lines of pending have no order."""
    w.logs["s"].receipts = {}
    return w.files() | {w.logs["s"].dir + "/pending": b"0 2 prc\n0 2 usa\n"}


# Exports that differ from the first and are as good.
GOOD = [lambda w: w.files(), narrower_tiles, bare_pending, two_lines_pending, amendment(),
        denies(1985), denies(1984, later=0), *libofficers.GOOD]
