# SPDX-License-Identifier: ISC
"""The table: rule, the sentence that names it, the hostile hand that breaks it.

{u} {r} {p} {q} {s} are the logs of libexport.build(), {t} one that a hand adds.
"""
import re

import libexport as x
from libhands import (
    ABSENT, KEY, NOT_A_POINT, NOT_CANONICAL, ONE, OTHER_ROOT, PRIME, Link, amendment, card,
    change, charter, entries, evidence, head, impostor, lines, log_key, only_receipt, opens,
    parties, plus_order, proof, put, receipt_by, renamed, resign, rewrite, rewritten_after_receipt,
    rewritten_with_receipt_copied, rolled_back, says, shared_key, sign_small, stranger_card,
    stranger_log, swap, thief_identity_card)

CARD_GONE = ("card-missing",)
ROWS = []


def row(rule, sentence, hand, also=(), **settings):
    """also: rules that the same hand breaks; settings: constants of the tool, to reach limits."""
    ROWS.append((rule, sentence, hand, set(also), settings))


# ---------------------------------------------------------------- files
row("file-kind", "friends: is neither a plain file nor a directory, and is not followed",
    put(files={"friends": Link("charter")}))
row("file-kind", "cards/usa.1: is neither a plain file nor a directory, and is not followed",
    put(files={"cards/usa.1": Link("../charter")}), CARD_GONE)
row("file-kind", "{u}/tile: is neither a plain file nor a directory, and is not followed",
    lambda w: {n: d for n, d in w.files().items() if w.logs["u"].dir + "/tile" not in n}
    | {w.logs["u"].dir + "/tile": Link("../../..")}, ["file-missing"])
row("file-size", "charter: is larger than 65536 bytes",
    put(files={"charter": lambda d: d + b"\n" * 65536}))
row("file-size", "{u}/tile/entries/000.p/9: is larger than 18594 bytes",
    put(files={"{u}/tile/entries/000.p/9": lambda d: d + bytes(20000)}))
row("file-missing", "{u}/policy: is missing", put(files={"{u}/policy": None}))
row("file-missing", "{u}/head.note: is missing", put(files={"{u}/head.note": None}))
row("file-missing", "charter: is missing", put(files={"charter": None}))
row("file-missing", "{r}/tile/1/000.p/1: is missing", put(files={"{r}/tile/1/000.p/1": None}))
row("file-missing", "{r}/tile/entries/000: is missing", put(files={"{r}/tile/entries/000": None}))
row("file-unexpected", "{u}/notes.txt: does not belong in this export",
    put(files={"{u}/notes.txt": b"by hand"}))
row("file-unexpected", "{u}/heads/usa.note: does not belong in this export",
    lambda w: w.files() | {w.logs["u"].dir + "/heads/usa.note": w.logs["u"].head(9)})
row("file-unexpected", "{u}/tile/0/000.p/10: does not belong in this export",
    put(files={"{u}/tile/0/000.p/10": bytes(320)}))
row("file-unexpected", "charter.2: does not belong in this export",
    put(files={"charter.2": b"later"}))
row("file-unexpected", "cards/usa.01: does not belong in this export",
    put(files={"cards/usa.01": b"twice"}))
row("file-unexpected", "usa/urgent/94F1BFC1D57E2BD3/policy: does not belong in this export",
    put(files={"usa/urgent/94F1BFC1D57E2BD3/policy": b"x"}))
row("file-read", "{u}/policy: cannot be read: Input/output error",
    lambda w: w.files(), fault="/policy")
row("too-many", ".: holds more than 20 files", lambda w: w.files(),
    FILES_MAX=20)
row("too-many", ".: holds more than 4 logs", lambda w: w.files(), LOGS_MAX=4)
row("too-many", "cards: holds more than 3 cards", lambda w: w.files(), CARDS_MAX=3)
row("too-many", "{u}: holds more than 16777216 entries",
    head("head.note", "u", 1 << 40, root=OTHER_ROOT))

# ---------------------------------------------------------------- texts
row("text-char", "cards/usa.1: line 6 holds U+202E, which no signed text may hold",
    card(swap(b"United", "\u202eUnited".encode())), CARD_GONE)
row("text-char", "charter: line 2 holds U+FEFF, which no signed text may hold",
    charter(swap(b"# The", "# \ufeffThe".encode())))
row("text-char", "charter: line 2 holds U+0085, which no signed text may hold",
    charter(swap(b"# The", "# \x85The".encode())))
row("text-title", "cards/usa.1: does not begin with the line \"openline card v1\"",
    card(swap(b"card v1", b"card v2")), CARD_GONE)
row("text-long", "charter: line 2 is longer than 1024 bytes",
    charter(swap(b"# The", b"# " + b"T" * 1023)))
row("text-long", "cards/usa.1: line 6 is longer than 1000 bytes",
    card(swap(b"United", b"U" * 1001)), CARD_GONE)
row("text-line", "charter: line 3 is neither empty, a comment, a [section] nor key = value",
    charter(swap(b"line = hotline", b"line=hotline")))
row("text-line", "charter: line 3 is neither empty, a comment, a [section] nor key = value",
    charter(swap(b"line = hotline", b"line =  hotline")))
row("text-line", "charter: line 3 is neither empty, a comment, a [section] nor key = value",
    charter(swap(b"line = hotline", b"line = hotline ")))
row("text-line", "cards/usa.1: line 2 is neither empty, a comment, a [section] nor key = value",
    card(swap(b"[party]", b" [party]")), CARD_GONE)
row("text-section-twice", "cards/usa.1: line 8 begins section [party] a second time",
    card(swap(b"[keys]\n", b"[keys]\n[party]\n")), CARD_GONE)
row("text-key-twice", "charter: line 4 gives line a second time",
    charter(swap(b"line = hotline\n", b"line = hotline\nline = coldline\n")))
row("text-section-unknown", "cards/usa.1: has a section [more] that nobody knows",
    card(lambda t: t + b"[more]\na = b\n"), CARD_GONE)
row("text-section-unknown", "charter: has a section [witness swi] that nobody knows",
    charter(swap(b"[party swi]", b"[witness swi]")))
row("text-section-missing", "cards/usa.1: has no section [keys]",
    card(lambda t: t[:t.index(b"[keys]")]), CARD_GONE)
row("text-key-unknown", "charter: has a key colour in [] that nobody knows",
    charter(swap(b"suite = 1\n", b"suite = 1\ncolour = red\n")))
row("text-key-unknown", "charter: has a key log in [party swi] that nobody knows",
    charter(lambda t: t + b"log = x\n"))
row("text-key-missing", "charter: has no key retention in []",
    charter(swap(b"retention = forever\n", b"")))
row("text-key-missing", "cards/usa.1: has no key name.<language> in [party]",
    card(swap(b"name.en = United States\n", b"")), CARD_GONE)
row("text-value", "charter: the value of check.interval in [] is not a number from 60 to 86400",
    charter(swap(b"check.interval = 1200", b"check.interval = 59")))
row("text-value", "charter: the value of suite in [] is not 1",
    charter(swap(b"suite = 1", b"suite = 2")))
row("text-value", "charter: the value of answer.flash in [] is not a number from 0 to "
    "281474976710655", charter(swap(b"answer.flash = 600", b"answer.flash = 0600")))
row("text-value", "cards/usa.1: the value of log in [keys] is not 32 bytes in canonical base64",
    card(lambda t: KEY.sub(b"log = " + x.b64(b"short").encode(), t)), CARD_GONE)
row("text-value", "cards/usa.1: the value of languages in [party] is not 1 to 8 languages",
    card(swap(b"languages = en", b"languages = EN")), CARD_GONE)
row("text-value", "charter: the value of line in [] is not a name",
    charter(swap(b"line = hotline", b"line = Hotline")))
row("text-value", "charter: the value of name.fr in [party swi] is longer than 200 bytes",
    charter(swap(b"Suisse", b"S" * 201)))
row("text-value", "charter: the value of release.two in [] is not a list of different precedences",
    charter(lambda t: t.replace(b"suite = 1\n", b"suite = 1\nrelease.two = flash flash\n")))
row("text-value", "charter: the value of quota.flash in [] is not a number from 1 to 1000000",
    charter(lambda t: t.replace(b"suite = 1\n", b"suite = 1\nquota.flash = 0\n")))
row("text-value", "charter.1: the value of id in [] is not 16 bytes in lower-case hex",
    amendment(id="AB" * 16))
row("text-value", "charter: the value of rungs in [] is not a list of different names",
    charter(swap(b"commander", b"watch")))

# ---------------------------------------------------------------- notes
row("note-form", "{u}/head.note: is not a signed note: no empty line before signatures",
    put(files={"{u}/head.note": lines((3, None))}))
row("note-form", "{u}/head.note: is not a signed note: it does not end in a signature line",
    put(files={"{u}/head.note": lambda d: d[:-1]}))
row("note-form", "{u}/head.note: is not a signed note: a signature line has another form",
    put(files={"{u}/head.note": swap("\u2014".encode(), b"-")}))
row("note-form", "{u}/head.note: is not a signed note: it is not UTF-8 at byte 0",
    put(files={"{u}/head.note": lambda d: b"\xff" + d}))
row("note-form", "{u}/head.note: is not a signed note: a key name holds a space or a plus sign",
    put(files={"{u}/head.note": lambda d: d + x.line_of("a+b", bytes(68)).encode()}))
row("note-form", "{u}/head.note: is not a signed note: a key name holds a space or a plus sign",
    put(files={"{u}/head.note": lambda d: d + x.line_of("a\u3000b", bytes(68)).encode()}))
row("note-form", "{u}/head.note: is not a signed note: a signature line holds no signature",
    put(files={"{u}/head.note": lambda d: d + x.line_of("somebody", bytes(4)).encode()}))
row("note-base64", "{u}/head.note: the base64 after somebody is not canonical",
    put(files={"{u}/head.note": lambda d: d + "\u2014 somebody \u0410AAA\n".encode()}))
row("note-form", "charter: is not a signed note: it holds a control character",
    charter(swap(b"# The", b"# The\t")))
row("note-signatures", "{u}/head.note: has more than 64 signature lines",
    put(files={"{u}/head.note": lambda d: d + b"".join(
        x.line_of(f"n{i}", bytes(68)).encode() for i in range(64))}))
row("note-base64", "{u}/head.note: the base64 after hotline/{u} is not canonical",
    put(files={"{u}/head.note": lambda d: re.sub(
        rb"(.)=\n$", lambda m: bytes([m[1][0] + 1]) + b"=\n", d)}))
row("note-twice", "{u}/head.note: carries two signatures of hotline/{u} by one key",
    put(files={"{u}/head.note": lambda d: d + d[d.rindex("\u2014".encode()):]}))
row("note-twice", "charter: carries two signatures of somebody by one key",
    put(files={"charter": lambda d: d + 2 * x.line_of("somebody", bytes(68)).encode()}))

# ---------------------------------------------------------------- keys and signatures
row("key-small", "cards/usa.1: the log key of usa is of small order", log_key(ONE), CARD_GONE)
row("key-small", "charter: the identity key of swi is of small order",
    charter(lambda t: re.sub(rb"(swi\]\nidentity = ).*", rb"\1" + x.b64(ONE).encode(), t)))
row("key-canonical", "cards/usa.1: the log key of usa is not in canonical form",
    log_key(NOT_CANONICAL), CARD_GONE)
row("key-canonical", "cards/usa.1: the log key of usa is not in canonical form",
    log_key((1 | 1 << 255).to_bytes(32, "little")), CARD_GONE)
row("key-point", "cards/usa.1: the log key of usa is not a point of the curve",
    log_key(NOT_A_POINT), CARD_GONE)
row("key-shared", "cards/usa.1: the log key of usa is also the identity key of usa",
    lambda w: log_key(x.raw(w.party("usa").identity))(w), CARD_GONE)
row("key-shared", "cards/usa.1: the log key of usa is also the log key of prc",
    lambda w: log_key(x.raw(w.party("prc").log[1]))(w), CARD_GONE)
row("key-shared", "charter: the identity key of swi is also the identity key of prc", shared_key)
row("sig-length", "{u}/head.note: the signature of hotline/{u} has 63 bytes, not 64",
    resign(lambda k, t: k.sign(t.encode())[:63]))
row("sig-r-small", "{u}/head.note: the signature of hotline/{u} has an R of small order",
    resign(sign_small))
row("sig-r-canonical",
    "{u}/head.note: the signature of hotline/{u} has an R that is not in canonical form",
    resign(lambda k, t: sign_small(k, t, (PRIME + 1).to_bytes(32, "little"))))
row("sig-s-large",
    "{u}/head.note: the signature of hotline/{u} has an S that is not below the group order",
    resign(plus_order))
row("sig-identity", "charter: the signature of prc does not verify",
    lambda w: change(w.files(), w, {"charter": lambda d: x.note(w.charter, *[
        x.line_of(f"{p.name}/identity", x.key_id(f"{p.name}/identity", 1, x.raw(p.identity))
                  + p.identity.sign(b"no" if p.name == "prc" else w.charter.encode()))
        for p in w.parties])}))
row("sig-identity", "cards/usa.1: the signature of usa does not verify",
    put(files={"cards/usa.1": swap(b"United", b"Untied")}), CARD_GONE)
row("sig-head", "{u}/head.note: the head of usa does not verify over size 8",
    put(files={"{u}/head.note": swap(b"\n9\n", b"\n8\n")}))
row("sig-receipt", "{u}/heads/prc.note: receipt of prc does not verify over size 9",
    lambda w: change(w.files(), w, {"{u}/heads/prc.note": lambda d: d.replace(
        d.split(b" ")[-1], x.b64(x.key_id(f"{x.LINE}/prc/mirror", 4, x.raw(
            w.party("prc").receipt[2])) + bytes(8) + w.party("prc").receipt[2].sign(b"no")).encode()
        + b"\n")}))
row("sig-receipt", "{u}/heads/prc.note: receipt of prc does not verify over size 9",
    rewritten_with_receipt_copied)

# ---------------------------------------------------------------- charter and cards
row("charter-unsigned", "charter: is not signed by prc",
    put(files={"charter": lambda d: b"".join(
        line for line in d.splitlines(True) if b" prc/identity " not in line)}))
row("charter-parties", "charter: names 1 parties; a line has 2 to 16", parties(1))
row("charter-parties", "charter: names 17 parties; a line has 2 to 16", parties(17))
row("charter-name", "charter: a party cannot be called cards", lambda w: renamed(w, "cards"))
row("charter-name", "charter: a party cannot be called none", lambda w: renamed(w, "none"))
row("charter-generation", "charter: says generation 1, its place says 0",
    charter(swap(b"generation = 0", b"generation = 1")))
row("charter-generation", "charter.1: says generation 2, its place says 1", amendment(2))
row("charter-line", "charter.1: speaks of line coldline, generation 0 of line hotline",
    amendment(line="coldline"))
row("charter-id", "charter.1: names another line id than that of generation 0",
    amendment(id="00" * 16))
row("charter-previous", "charter.1: does not follow from generation 0: its hash is another",
    amendment(previous="00" * 32))
row("charter-identity", "charter.1: gives prc another identity key than generation 0",
    amendment(members=lambda w: [w.party("usa"), impostor("prc"), w.party("swi")]))
row("charter-stay", "charter.1: keeps nobody of generation 0",
    amendment(members=lambda w: [x.Party("eve"), x.Party("rus")]))
row("card-stranger", "cards/rus.1: is a card of rus, who is not in the charter", stranger_card)
row("card-name", "cards/usa.1: is a card of usa with serial 2: its name says otherwise",
    card(swap(b"serial = 1", b"serial = 2")), CARD_GONE)
row("card-identity", "cards/usa.1: has another identity key of usa than the charter",
    thief_identity_card, CARD_GONE)
row("card-unsigned", "cards/usa.1: is not signed by usa",
    lambda w: w.files() | {"cards/usa.1": x.note(w.party("usa").card_text(1), x.signature(
        "usa/identity", w.party("usa").log[1], w.party("usa").card_text(1)))}, CARD_GONE)
row("card-missing", "cards: swi has authored or receipted, and there is no card of it",
    put(files={"cards/swi.1": None}))

# ---------------------------------------------------------------- policies
row("log-stranger", "rus/urgent/521fe5c9ece1aa1f: is a log of rus, who is not in the charter",
    stranger_log)
row("policy-form", "{u}/policy: line 5 is not what a policy of this line says there",
    put(files={"{u}/policy": swap(b"quorum others", b"quorum none")}))
row("policy-form", "{u}/policy: line 4 is not what a policy of this line says there",
    put(files={"{u}/policy": swap(b"others all", b"others any")}))
row("policy-form", "{u}/policy: line 6 is not what a policy of this line says there",
    put(files={"{u}/policy": lambda d: d + b"# all is well\n"}))
row("policy-form", "{u}/policy: line 1 is not what a policy of this line says there",
    put(files={"{u}/policy": lambda d: b"\n" + d}))
row("policy-key", "{u}/policy: names a key of prc that is on none of its cards",
    lambda w: change(w.files(), w, {"{u}/policy": lines((1, "witness prc " + x.vkey(
        f"{x.LINE}/prc/mirror", 4, x.raw(w.party("prc").log[2]))))}))
row("policy-key", "{u}/policy: names a key of usa that is on none of its cards",
    lambda w: change(w.files(), w, {"{u}/policy": lines((0, "log " + x.vkey(
        w.logs["u"].origin, 1, x.raw(w.party("usa").receipt[1]))))}))
row("policy-members", "{u}/policy: does not name the other members of a generation",
    put(files={"{u}/policy": lambda d: lines((2, None), (3, "group others all prc"))(d)}))

# ---------------------------------------------------------------- heads and receipts
row("head-form", "{u}/head.note: is not a head: it has 4 lines, not 3",
    lambda w: w.files() | {w.logs["u"].dir + "/head.note": (lambda t: x.note(t, x.signature(
        w.logs["u"].origin, w.logs["u"].log_key, t)))(w.logs["u"].head_text(9) + "more\n")})
row("head-form", "{u}/head.note: is not a head: its size is not a number below 2^48",
    put(files={"{u}/head.note": swap(b"\n9\n", b"\n09\n")}))
row("head-form", "{u}/head.note: is not a head: its root is not 32 bytes in canonical base64",
    head("head.note", "u", 9, root=b"short"))
row("head-origin", "{u}/head.note: is a head of hotline/{r}, not of hotline/{u}",
    lambda w: w.files() | {w.logs["u"].dir + "/head.note": w.logs["r"].head(300)})
row("head-unsigned", "{u}/head.note: is not signed by the log key of usa that the policy names",
    lambda w: w.files() | {w.logs["u"].dir + "/head.note": w.logs["u"].head(
        9, key=w.party("prc").log[1])})
row("head-unsigned", "{p}/head.note: is not signed by the log key of prc that the policy names",
    lambda w: w.files() | {w.logs["p"].dir + "/head.note": w.logs["p"].head(
        3, key=w.party("prc").log[2])})
row("head-unsigned", "{u}/heads/prc.note: is not signed by the log key of usa that the policy "
    "names", lambda w: w.files() | {w.logs["u"].dir + "/heads/prc.note": w.logs["u"].head(
        9, ("prc", x.START, 2), root=OTHER_ROOT, key=w.party("prc").log[1])})
row("head-root", "{u}/head.note: its root over size 9 is not that of the tiles",
    lambda w: (lambda old: (rewrite(w), w.files() | {
        f"{w.logs['u'].dir}/{n}": d for n, d in old.items()})[1])(w.logs["u"].notes()))
row("head-root", "{u}/head.note: its root over size 9 is not that of the tiles",
    head("head.note", "u", 9, root=OTHER_ROOT))
row("head-fork", "{u}/heads/prc.note: the log key of usa signed another root over size 9 than "
    "head.note leads to: its log contradicts itself", rewritten_after_receipt, ["receipt-fork"])
row("head-fork", "{u}/checkpoint: the log key of usa signed another root over size 5 than "
    "head.note leads to: its log contradicts itself", rewritten_after_receipt, ["receipt-fork"])
row("receipt-fork", "{u}/heads/prc.note: prc receipted over size 9 a root that is not that of "
    "the tiles", rewritten_after_receipt, ["head-fork"])
row("receipt-fork", "{u}/heads/swi.note: swi receipted over size 5 a root that is not that of "
    "the tiles", head("heads/swi.note", "u", 5, ("swi", x.START, 1), root=OTHER_ROOT),
    ["head-fork"])
row("head-beyond", "{u}/heads/prc.note: speaks of size 9, the export holds 8", rolled_back,
    ["seen-beyond"])
row("receipt-time", "{u}/heads/prc.note: the receipt of prc bears a time above 2^63 - 1",
    receipt_by("prc", 9, time=1 << 63))
row("receipt-missing", "{u}/heads/prc.note: carries no receipt of prc",
    head("heads/prc.note", "u", 9))
row("receipt-missing", "{u}/heads/prc.note: carries no receipt of prc",
    head("heads/prc.note", "u", 9, ("swi", x.START, 1)))
row("checkpoint-quorum", "{u}/checkpoint: has no receipt of swi, which the policy asks for",
    head("checkpoint", "u", 5, ("prc", x.START, 2)))
row("checkpoint-behind", "{r}/checkpoint: every other member has receipted size 300, and it does "
    "not say so", put(files={"{r}/checkpoint": None}))
row("checkpoint-behind", "{r}/checkpoint: every other member has receipted size 300, and it does "
    "not say so", head("checkpoint", "r", 256, ("prc", x.START, 2), ("swi", x.START, 1)))
row("heads-behind", "{r}/heads/prc.note: stands at size 0; checkpoint shows a later receipt of "
    "prc, over size 300", put(files={"{r}/heads/prc.note": None}), ["pending-wrong"])
row("heads-behind", "{r}/heads/prc.note: stands at size 256; checkpoint shows a later receipt of "
    "prc, over size 300", receipt_by("prc", 256, "r"), ["pending-wrong"])
row("pending-wrong", "{u}/pending: does not say what the receipts say: it lacks \"5 4 swi\"",
    put(files={"{u}/pending": None}))
row("pending-wrong", "{u}/pending: does not say what the receipts say: nothing in the notes "
    "says \"5 3 swi\"", put(files={"{u}/pending": b"5 3 swi\n"}))
row("pending-wrong", "{u}/pending: does not say what the receipts say: a line stands twice",
    put(files={"{u}/pending": b"5 4 swi\n5 4 swi\n"}))
row("pending-wrong", "{u}/pending: does not say what the receipts say: it does not end in a "
    "newline", put(files={"{u}/pending": b"5 4 swi"}))

# ---------------------------------------------------------------- evidence of two histories
row("evidence-none", "{u}/evidence/0.b.note: contradicts nothing: its root over size 5 is that of "
    "the tiles", evidence(lambda u: u.head(5)))
row("evidence-none", "{u}/evidence/0.b.note: contradicts nothing: its root over size 9 is that of "
    "the tiles", evidence(lambda u: only_receipt(u, 9, None)))
row("evidence-size", "{u}/evidence/0.b.note: speaks of size 9, the note beside it only of 5",
    evidence(lambda u: u.head(9, root=OTHER_ROOT), own=5))
row("evidence-unsigned", "{u}/evidence/0.b.note: is signed neither by the log key of usa nor by a "
    "receipt key of a member",
    evidence(lambda u: u.head(9, root=OTHER_ROOT, key=u.world.party("prc").log[1])))
row("evidence-unsigned", "{u}/evidence/0.b.note: is signed neither by the log key of usa nor by a "
    "receipt key of a member", evidence(lambda u: x.note(u.head_text(9, OTHER_ROOT), x.line_of(
        "somebody", b"abcd" + bytes(64)))))
row("sig-head", "{u}/evidence/0.b.note: the head of usa does not verify over size 9",
    evidence(lambda u: x.note(u.head_text(9, OTHER_ROOT), u.head(9).decode().split(
        "\n\n")[1])))
row("sig-receipt", "{u}/evidence/0.b.note: receipt of prc does not verify over size 9",
    evidence(lambda u: x.note(u.head_text(9, OTHER_ROOT), only_receipt(
        u, 9, None).decode().split("\n\n")[1])))
row("head-origin", "{u}/evidence/0.b.note: is a head of hotline/{r}, not of hotline/{u}",
    evidence(lambda u: u.world.logs["r"].head(9, root=OTHER_ROOT)))
row("head-unsigned", "{u}/evidence/0.a.note: is not signed by the log key of usa that the policy "
    "names", lambda w: evidence(lambda u: u.head(9, root=OTHER_ROOT))(w) | {
        w.logs["u"].dir + "/evidence/0.a.note": only_receipt(w.logs["u"], 9, None)})
row("head-fork", "{u}/evidence/0.a.note: the log key of usa signed another root over size 9 than "
    "head.note leads to: its log contradicts itself",
    lambda w: evidence(lambda u: u.head(5, root=OTHER_ROOT))(w) | {
        w.logs["u"].dir + "/evidence/0.a.note": w.logs["u"].head(9, root=OTHER_ROOT)})
row("head-beyond", "{u}/evidence/0.a.note: speaks of size 10, the export holds 9",
    lambda w: evidence(lambda u: u.head(10, root=OTHER_ROOT))(w) | {
        w.logs["u"].dir + "/evidence/0.a.note": w.logs["u"].head(10, root=OTHER_ROOT)})
row("file-missing", "{u}/evidence/0.a.note: is missing",
    lambda w: w.files() | {w.logs["u"].dir + "/evidence/0.b.note": w.logs["u"].head(
        9, root=OTHER_ROOT)})
row("file-missing", "{u}/evidence/3.b.note: is missing",
    lambda w: w.files() | {w.logs["u"].dir + "/evidence/3.a.note": w.logs["u"].head(9)})
row("file-unexpected", "{u}/evidence/16.b.note: does not belong in this export",
    evidence(lambda u: u.head(9, root=OTHER_ROOT), number=16))
row("file-unexpected", "{u}/evidence/0.c.note: does not belong in this export",
    put(files={"{u}/evidence/0.c.note": b""}))
row("file-unexpected", "{u}/evidence/0.b.note: does not belong in this export",
    lambda w: w.proof(w.logs["u"], 1) | {
        w.logs["u"].dir + "/evidence/0.b.note": w.logs["u"].head(9, root=OTHER_ROOT)})

# ---------------------------------------------------------------- tiles
row("tile-form", "{u}/tile/entries/000.p/9: does not hold 9 entries",
    put(files={"{u}/tile/entries/000.p/9": lambda d: d[:-1]}))
row("tile-form", "{u}/tile/entries/000.p/9: does not hold 9 entries",
    put(files={"{u}/tile/entries/000.p/9": lambda d: d + b"\0"}))
row("tile-form", "{u}/tile/entries/000.p/9: does not hold 9 entries",
    put(files={"{u}/tile/entries/000.p/9": lambda d: d[:1]}))
row("tile-form", "{u}/tile/0/000.p/9: does not hold 9 hashes",
    put(files={"{u}/tile/0/000.p/9": lambda d: d + bytes(32)}))
row("tile-leaf", "{u}: entry 9 has a leaf of 16 bytes, not 17 to 2,064".replace(
    "{u}:", "{u}/tile/entries/000.p/10:"),
    entries(lambda w: w.logs["u"].append_bytes(b""), "u"))
row("tile-leaf", "{u}/tile/entries/000.p/10: entry 9 has a leaf of 2065 bytes, not 17 to 2,064",
    entries(lambda w: w.logs["u"].append_bytes(bytes(2049)), "u"))
row("tile-hash", "{u}/tile/0/000.p/9: hash 3 is not that of the entries",
    put(files={"{u}/tile/0/000.p/9": lambda d: d[:96] + bytes(32) + d[128:]}))
row("tile-hash", "{r}/tile/1/000.p/1: hash 0 is not that of the entries",
    put(files={"{r}/tile/1/000.p/1": bytes(32)}))
row("tile-partial", "{r}/tile/0/000.p/7: differs from the wider tile of the same place",
    put(files={"{r}/tile/0/000.p/7": bytes(7 * 32)}))
row("tile-partial", "{u}/tile/entries/000.p/5: differs from the wider tile of the same place",
    put(files={"{u}/tile/entries/000.p/5": b"\0\x11" + bytes(17)}))

# ---------------------------------------------------------------- openings
row("opening-first", "{t}: entry 0 is not an opening: it is a message", entries(
        lambda w: (w.logs.update(t=x.Log(w, w.party("swi"), 0, "t")),
                   w.logs["t"].say("Straight away.", precedence=1)), "t"))
row("opening-first", "{t}: entry 0 is not an opening: unknown kind 40", entries(
    lambda w: (w.logs.update(t=x.Log(w, w.party("swi"), 0, "t")),
               w.logs["t"].append(40, [])), "t"))
row("opening-first", "{t}: entry 0 is not an opening: the opening has another form",
    opens(lambda w: [b"short", 0, b"", 0]))
row("opening-first", "{t}: entry 0 is not an opening: the opening names half a predecessor",
    opens(lambda w: [ABSENT, 0, b"", 1]))
row("opening-first", "{t}: entry 0 is not an opening: there is none", entries(
    lambda w: w.logs.update(t=x.Log(w, w.party("swi"), 0, "t"))))
row("opening-later", "{u}: entry 9 is an opening; only entry 0 may be one",
    entries(lambda w: w.logs["u"].append(1, x.opening()), "u"))
row("opening-later", "{u}: entry 9 is an opening; only entry 0 may be one",
    entries(lambda w: w.logs["u"].append(1, ["what"]), "u"))
row("opening-before", "{t}: names its predecessor " + ABSENT.hex()
    + ", which the export does not hold", opens(lambda w: [ABSENT, 3, OTHER_ROOT, 1]))
row("opening-before", "{t}: names its predecessor 086ed14e55a5b654, which the export does not hold",
    opens(lambda w: [w.logs["s"].incarnation, 2, w.logs["s"].root(), 1], lane=1))
row("opening-generation", "{t}: is of generation 1 by its opening, and the policy names the "
    "members of another", opens(lambda w: [b"", 0, b"", 0, 1]))
row("opening-generation", "{t}: is of generation 4294967295 by its opening, and the policy names "
    "the members of another", opens(lambda w: [b"", 0, b"", 0, 2**32 - 1]))
row("opening-first", "{t}: entry 0 is not an opening: the opening has another form",
    opens(lambda w: [b"", 0, b"", 0, "1"]))
row("opening-self", "{t}: names itself as its predecessor",
    opens(lambda w: [w.logs["t"].incarnation, 1, OTHER_ROOT, 1]))
row("opening-size", "{t}: names size 3 of its predecessor 086ed14e55a5b654, the export holds 2",
    opens(lambda w: [w.logs["s"].incarnation, 3, OTHER_ROOT, 1]))
row("opening-root", "{t}: names another root of its predecessor 086ed14e55a5b654 over size 2 than "
    "the export holds: the log of swi contradicts itself",
    opens(lambda w: [w.logs["s"].incarnation, 2, OTHER_ROOT, 1]))

# ---------------------------------------------------------------- seen, read, items
# u has numbered: 1 prc/urgent {p}, 2 prc/urgent {q}; its own other lane and swi come later.
row("seen-falls", "{u}: entry 9: the size seen of {p} goes from 3 to 2", says("u", [[1, 2]]))
row("seen-falls", "{u}: entry 9: the size seen of {p} goes from 3 to 3", says("u", [[1, 3]]))
row("seen-number", "{u}: entry 9: seen names log 9, which it never introduced",
    says("u", [[9, 1]]))
row("seen-number", "{u}: entry 9: seen names log 9, the next free number is {next}",
    lambda w: says("u", [[9, 1, 2, 0, w.logs["s"].incarnation]])(w))
row("seen-self", "{u}: entry 9: seen names the log itself",
    lambda w: says("u", [[len(w.logs["u"].numbers) + 1, 9, 0, 0, w.logs["u"].incarnation]])(w))
row("seen-twice", "{u}: entry 9: seen gives {p} a second number",
    lambda w: says("u", [[len(w.logs["u"].numbers) + 1, 3, 1, 0, w.logs["p"].incarnation]])(w))
row("seen-party", "{u}: entry 9: seen names party 3, the charter has 3",
    lambda w: says("u", [[len(w.logs["u"].numbers) + 1, 3, 3, 0, ABSENT]])(w))
row("seen-missing", "{u}: entry 9 has seen prc/routine/" + ABSENT.hex()
    + ", which the export does not hold",
    lambda w: says("u", [[len(w.logs["u"].numbers) + 1, 3, 1, 1, ABSENT]])(w))
row("seen-beyond", "{u}: entry 9 has seen 4 entries of {p}, the export holds 3",
    says("u", [[1, 4]]))
row("read-number", "{s}: entry 2: read names log 9, which seen never named",
    says("s", [], [[9, 0]]))
row("read-beyond", "{u}: entry 9: read says 3 of {p}, seen 3: it must be less",
    says("u", [], [[1, 3]]))
row("item-twice", "{u}: entry 10 repeats the item of {u}, entry 9, which its author held",
    entries(lambda w: [w.logs["u"].say("Twice.", item=b"twice!", precedence=1)
                       for _ in range(2)], "u"))
row("item-twice", "{u}: entry 9 repeats the item of {r}, entry 300, which its author held",
    entries(lambda w: (w.logs["r"].say("Twice.", item=b"twice!"),
                       w.logs["u"].say("Twice.", item=b"twice!", precedence=1)), "u", "r"))

# ---------------------------------------------------------------- proofs
row("proof-layout", ".: is not the proof of one entry: there is not one file <index>.leaf",
    proof({"{u}/2.leaf": bytes(20)}))
row("proof-layout", ".: is not the proof of one entry: it holds 2 logs",
    proof({"{r}/policy": b""}), ["file-unexpected"])
row("proof-form", "{u}/1.tlog-proof: is not a proof: its first line or its empty line is missing",
    proof({"{u}/1.tlog-proof": swap(b"@v1", b"@v2")}))
row("proof-form", "{u}/1.tlog-proof: is not a proof: it has no index",
    proof({"{u}/1.tlog-proof": swap(b"index 1", b"index 01")}))
row("proof-form", "{u}/1.tlog-proof: is not a proof: a hash is not 32 bytes in canonical base64",
    proof({"{u}/1.tlog-proof": swap(b"index 1\n", b"index 1\nAAAA\n")}))
row("proof-index", "{u}/1.tlog-proof: proves entry 2, its name says 1",
    proof({"{u}/1.tlog-proof": swap(b"index 1", b"index 2")}))
row("proof-checkpoint", "{u}/1.tlog-proof: does not carry the checkpoint of this directory",
    lambda w: change(w.proof(w.logs["u"], 1), w, {"{u}/1.tlog-proof": lambda d: d.replace(
        d[d.index(b"\n\n") + 2:], w.logs["u"].head(9))}))
row("proof-root", "{u}/1.tlog-proof: does not lead from the leaf to the root of the checkpoint",
    proof({"{u}/1.leaf": swap(b"ours", b"free")}))
row("proof-root", "{u}/1.tlog-proof: does not lead from the leaf to the root of the checkpoint",
    lambda w: change(w.proof(w.logs["u"], 1), w, {"{u}/1.tlog-proof": lambda d: b"\n".join(
        line for i, line in enumerate(d.split(b"\n")) if i != 3)}))
row("file-missing", "{u}/1.tlog-proof: is missing",
    lambda w: change(w.proof(w.logs["u"], 1), w, {
        "{u}/1.tlog-proof": None, "{u}/2.tlog-proof": b"x"}), ["file-unexpected"])
row("proof-form", "{u}/1.tlog-proof: is not a proof: its extra line is not canonical base64",
    proof({"{u}/1.tlog-proof": swap(b"index", b"extra !\nindex")}))
row("card-missing", "cards: usa has authored or receipted, and there is no card of it",
    proof({"cards/usa.1": None}))
row("file-unexpected", "{r}/tile/0/001.p/45: does not belong in this export",
    put(files={"{r}/tile/0/001.p/45": bytes(45 * 32)}))
row("file-unexpected", "{r}/tile/0/002.p/1: does not belong in this export",
    put(files={"{r}/tile/0/002.p/1": bytes(32)}))
row("file-unexpected", "{u}/2.tlog-proof: does not belong in this export",
    proof({"{u}/2.tlog-proof": b"x"}))
row("head-fork", "{u}/heads/swi.note: the log key of usa signed another root over size 5 than "
    "head.note leads to: its log contradicts itself",
    lambda w: w.proof(w.logs["u"], 1) | {w.logs["u"].dir + "/heads/swi.note": w.logs["u"].head(
        5, ("swi", x.START, 1), root=OTHER_ROOT)})
row("tile-leaf", "{u}/1.leaf: entry 1 has a leaf of 16 bytes, not 17 to 2,064",
    proof({"{u}/1.leaf": bytes(16)}))
