# SPDX-License-Identifier: ISC
"""Officers in a world of libexport: roster entries, vouchers and signs, made from docs/PROTOCOL.md
4.8 with keys of their own."""
import libexport as x

HOURS = "0800-1600Z"


def key(label):
    return x.Party("usa")._ed(b"officer " + label.encode())    # one per label


def line_id(w):
    return x.sha(w.charter.encode())[:16]


def enrol(w, log, number, label, serial=1, by=None, voucher=None, powers=0, state=0, rung=1,
          bend=0, **more):
    """A roster entry in a log; by: 0 or an officer, whose key is `voucher`."""
    log = w.logs[log]
    public = x.raw(key(label)) if label else b""
    ten = [number, serial, public, rung, powers, state, [["en", f"Officer {label or 'nobody'}"]],
           [["en", "Captain"]], ["en"], HOURS]
    signed = []
    if by is not None:
        covers = (b"openline/enrol/v1\n" + line_id(w) + bytes([w.number(log.party.name)])
                  + x.sha(x.cbor(ten)))
        signature = bytearray((voucher or log.party.identity).sign(covers))
        signature[3] ^= bend
        signed = [by, bytes(signature)]
    item = x.sha(b"enrol", log.origin.encode(), bytes([len(log.entries)]))[:6]
    return log.append(4, [*ten, signed], more.get("seen"), [item, []])


def reads(w, log, below):
    """What had been read of every log mentioned so far, as a sign covers it."""
    below = dict(below)
    rows = sorted((w.number(k[0]), k[1], k[2], below.get(number, size))
                  for k, (number, size) in log.numbers.items())
    return b"".join(bytes([party, lane]) + incarnation + size.to_bytes(8, "big")
                    for party, lane, incarnation, size in rows if size > 0)


def sign(w, log, number, label, body, item, read=(), ref=b"", kind=2, generation=0, bend=0,
         written=x.START):
    """Once the log's mentions stand as they will with the entry."""
    covers = (b"openline/officer/v1\n" + line_id(w) + generation.to_bytes(4, "big")
              + bytes([w.number(log.party.name)]) + number.to_bytes(2, "big") + item
              + written.to_bytes(8, "big") + x.sha(reads(w, log, read)) + bytes([kind])
              + x.sha(ref) + x.sha(x.cbor(body)))
    signature = bytearray(key(label).sign(covers))
    signature[7] ^= bend
    return [number, written, bytes(signature)]


def say(w, log, text, signers, read=(), ref=None, **bent):
    """A signed message; signers: (number, label); ref: a log's short name and an index."""
    log = w.logs[log]
    at = ()
    seen = log.mentions()    # numbers them
    if ref:
        other = w.logs[ref[0]]
        at = [w.number(other.party.name), other.lane, other.incarnation, ref[1]]
    body = x.message(text, precedence=1, ref=at)
    item = x.sha(b"signed", log.origin.encode(), bytes([len(log.entries)]))[:6]
    data = w.logs[ref[0]].entries[ref[1]] if ref else b""
    signs = [sign(w, log, number, label, body, item, read, data, **bent)
             for number, label in signers]
    return log.append(2, body, seen, [item, [list(r) for r in read], signs])


def story(hand):
    """Officers 1, whom the identity key vouches for and who vouches, and 2, for whom 1 does; then
    what the hand does in usa's urgent log."""
    def write(w):
        enrol(w, "u", 1, "ann", by=0, powers=3)
        enrol(w, "u", 2, "bob", by=1, voucher=key("ann"), powers=2)
        hand(w)
        w.logs["u"].receive("prc", "swi")
        return w.files()
    return write


def two(hand):
    """The same where the charter asks for two releasers of IMMEDIATE; what build() said needs none:
    the hand's entries are looked for."""
    def write(w):
        w.charter = w.charter.replace("retention =", "release.two = immediate\nretention =")
        return story(hand)(w)
    return write


def unseen(**roster):
    """A second log of usa, with a roster entry, of which u's station does not hold anything; whose
    walls are before that of what u says next."""
    def hand(w):
        w.open("t", "usa", 0)
        enrol(w, "t", **roster)
        w.logs["t"].receive("prc", "swi")
        del w.held["usa"][w.logs["t"].key]
    return hand


def seen_later(**roster):
    """The same, of which u's station gets hold after its next entry."""
    def hand(w):
        unseen(**roster)(w)
        say(w, "u", "Not seen.", [(1, "ann")])
        w.held["usa"][w.logs["t"].key] = 2
    return hand


GONE = {"number": 1, "label": "", "serial": 0, "state": 1}
NEW_KEY = {"number": 1, "label": "ann2", "serial": 9, "by": 0, "powers": 3}

def repeated(w):
    """What an officer signed, with its item and sign, in another log of usa, which has not seen it
    and whose writer had read of u nothing: there the sign verifies, too."""
    u = w.logs["u"]
    seen = u.mentions()
    body, item = x.message("Once.", precedence=1), b"item 1"
    signs = [sign(w, u, 1, "ann", body, item)]
    index = u.append(2, body, seen, [item, [], signs])
    w.held["usa"][u.key] = index
    t = w.open("t", "usa", 0)
    t.append(2, body, rest=[item, [[t.numbers[u.key][0], 0]], signs])
    t.receive("prc", "swi")
    w.held["usa"][u.key] = len(u.entries)


# Nothing is amiss.
GOOD = [
    story(lambda w: say(w, "u", "Ours.", [(1, "ann")])),
    story(lambda w: say(w, "u", "Ours.", [(1, "ann"), (2, "bob")], ref=("p", 1))),
    story(lambda w: say(w, "u", "Ours.", [(2, "bob")], read=[(1, 0)], ref=("u", 2))),
    story(lambda w: (w.logs["s"].say("Well?", precedence=1), w.logs["s"].receive("usa"),
                     say(w, "u", "Ours.", [(2, "bob")], read=[(1, 1)], ref=("s", 2)))),
    story(lambda w: (enrol(w, "u", 3, "eve"), say(w, "u", "Claimed.", [(3, "eve")]))),
    story(lambda w: (enrol(w, "u", 1, "ann2", serial=2, by=0),
                     say(w, "u", "A new key.", [(1, "ann2")]))),
    story(lambda w: (enrol(w, "u", 2, "", serial=0, state=1),
                     enrol(w, "u", 2, "bob2", serial=2, by=0),
                     say(w, "u", "Back.", [(2, "bob2")]))),
]

SIGNED = "{u}: entry %d is signed as officer %d of usa, %s"
ABOUT = "{u}: entry %d"
FALSE, UNKNOWN, LEFT = ("and the signature does not verify",
                        "nobody of that number is on the roster", "who had left")
NO_VOUCHER = ": the voucher for officer %d of usa does not verify"
BARRED = (" says of officer %d of usa, who is vouched for, what nobody vouches for: it has no "
          "effect")
OUTDATED = " about officer %d of usa has no higher serial than one before: it has no effect"

ANOMALIES = [
    (SIGNED % (11, 1, FALSE), story(lambda w: say(w, "u", "Ours.", [(1, "ann")], bend=1))),
    (SIGNED % (11, 1, FALSE), story(lambda w: say(w, "u", "Ours.", [(1, "eve")]))),
    (SIGNED % (11, 1, FALSE), story(lambda w: say(w, "u", "Ours.", [(1, "ann")], generation=1))),
    (SIGNED % (11, 1, FALSE), story(lambda w: say(w, "u", "Ours.", [(1, "ann")], kind=7))),
    (SIGNED % (11, 9, UNKNOWN), story(lambda w: say(w, "u", "Ours.", [(9, "ann")]))),
    (SIGNED % (11, 1, "who has signed it already"),
     story(lambda w: say(w, "u", "Ours.", [(1, "ann"), (1, "ann")]))),
    ("{t}: entry 1 is signed as officer 1 of usa, who has signed this item before",
     story(repeated)),
    (SIGNED % (12, 2, LEFT), story(lambda w: (enrol(w, "u", 2, "", serial=2, by=0, state=1),
                                              say(w, "u", "Gone.", [(2, "bob")])))),
    (SIGNED % (12, 2, LEFT), story(lambda w: (enrol(w, "u", 2, "", serial=0, state=1),
                                              say(w, "u", "Gone.", [(2, "bob")])))),
    (SIGNED % (12, 3, "who has no key on the roster"),
     story(lambda w: (enrol(w, "u", 3, ""), say(w, "u", "Who?", [(3, "eve")])))),
    (SIGNED % (12, 1, FALSE), story(lambda w: (enrol(w, "u", 1, "ann2", serial=2, by=0),
                                               say(w, "u", "An old key.", [(1, "ann")])))),
    (SIGNED % (12, 1, FALSE), story(lambda w: (enrol(w, "u", 1, "eve", serial=9),
                                               say(w, "u", "A thief's.", [(1, "eve")])))),
    (SIGNED % (12, 1, LEFT), story(lambda w: (seen_later(**GONE)(w),
                                              say(w, "u", "Seen.", [(1, "ann")])))),
    (SIGNED % (12, 1, FALSE), story(lambda w: (seen_later(**NEW_KEY)(w),
                                               say(w, "u", "Seen.", [(1, "ann")])))),
    (SIGNED % (11, 3, UNKNOWN), story(lambda w: (unseen(number=3, label="eve", by=0)(w),
                                                 say(w, "u", "Not seen.", [(3, "eve")])))),
    (ABOUT % 11 + BARRED % 1, story(lambda w: enrol(w, "u", 1, "eve", serial=9))),
    (ABOUT % 12 + BARRED % 1, story(lambda w: (enrol(w, "u", 1, "", serial=9, state=1),
                                               enrol(w, "u", 1, "eve", serial=10)))),
    (ABOUT % 11 + OUTDATED % 2, story(lambda w: enrol(w, "u", 2, "eve", serial=1, by=0))),
    (ABOUT % 11 + NO_VOUCHER % 3, story(lambda w: enrol(w, "u", 3, "eve", by=0, bend=1))),
    (ABOUT % 11 + NO_VOUCHER % 3,
     story(lambda w: enrol(w, "u", 3, "eve", by=0, voucher=w.party("prc").identity))),
    (ABOUT % 11 + NO_VOUCHER % 3,
     story(lambda w: enrol(w, "u", 3, "eve", by=2, voucher=key("bob")))),
    *[(f"{{u}}: entry {index} was to be released by two officers of usa who may, and was by {n}",
       two(hand)) for index, n, hand in (
           (11, 0, lambda w: w.logs["u"].say("Nobody's.", precedence=1)),
           (11, 1, lambda w: say(w, "u", "One's.", [(1, "ann")])),
           (11, 1, lambda w: say(w, "u", "One's twice.", [(1, "ann"), (1, "ann")])),
           (11, 1, lambda w: say(w, "u", "One's and a false one's.", [(1, "ann"), (2, "eve")])),
           (11, 1, lambda w: (say(w, "u", "Before.", [(1, "ann")]), enrol(w, "u", **GONE))),
           *[(11, 1, lambda w, roster=roster: (unseen(**roster)(w),
                                               say(w, "u", "Not seen.", [(1, "ann")])))
             for roster in (GONE, NEW_KEY)],
           (12, 1, lambda w: (unseen(**NEW_KEY)(w), enrol(w, "u", 1, "ann3", 2, 0, powers=2),
                              say(w, "u", "Higher than what was seen.", [(1, "ann3")]))),
           (12, 1, lambda w: (seen_later(**NEW_KEY)(w),
                              say(w, "u", "Seen.", [(1, "ann2")]))),
           (12, 1, lambda w: (enrol(w, "u", 3, "eve", powers=2),
                              say(w, "u", "With a claimed one.", [(1, "ann"), (3, "eve")]))),
           (12, 1, lambda w: (enrol(w, "u", 3, "eve", by=0, powers=1),
                              say(w, "u", "With one who may not.", [(1, "ann"), (3, "eve")]))))],
    (ABOUT % 12 + NO_VOUCHER % 3,
     story(lambda w: (enrol(w, "u", 1, "", serial=0, state=1),
                      enrol(w, "u", 3, "eve", by=1, voucher=key("ann"))))),
]

# Bodies that cannot be read, by their reason: [kind, body] for people's entries.
_TEN = [7, 1, bytes(32), 1, 0, 0, [["en", "Ann"]], [], [], ""]
UNREADABLE = [
    ("the officer has too few fields", 4, _TEN),
    ("the officer's number is not one of 1 to 65535", 4, [0, *_TEN[1:], []]),
    ("the officer stands on a rung that the charter does not have", 4,
     [*_TEN[:3], 5, *_TEN[4:], []]),
    ("the names are not 1 to 8, of 1 to 200 bytes each", 4, [*_TEN[:6], [], *_TEN[7:], []]),
    ("the voucher has another form", 4, [*_TEN, [0]]),
    ("the watch has too few fields", 5, [1, 0]),
    ("the remark has another form or more than 200 bytes", 5, [1, 0, "x" * 201]),
]
READABLE = [(4, [*_TEN, []]), (4, [*_TEN, [], "later"]), (5, [0, 0, ""]), (5, [7, 3, "quiet", 1])]
