# SPDX-License-Identifier: ISC
"""Every schedule of one call and one close between two stations, and false words about calls.

Written from docs/PROTOCOL.md sections 4.9 and 11.4; it shares no code with the openline program nor
with tools/verify_export.py. A Story is what two stations did; it knows what a fair teller would say
of the call, and writes the logs that the stations would have written.
"""
import dataclasses

import libexport as x

CALL, RING, REPLY, CLOSE = 7, 8, 9, 10
ACTS = ("deliver", "return", "receipt", "ring", "ended", "answer", "decline", "defer", "close",
        "hide", "new usa", "new prc")
VERBS = {"answer": 0, "decline": 1, "defer": 2}
NAMES = {"answer": "answered", "decline": "declined", "defer": "deferred"}
US, THEM = 0, 1


@dataclasses.dataclass(frozen=True)
class Story:
    """Logs 0 and 1 are ours, before and after a restart; 2 and 3 are theirs.

    An entry is (kind, what, sizes seen of the four logs); the call is entry 1 of log 0."""
    logs: tuple = (((1, 0, (0, 0, 0, 0)), (CALL, 0, (1, 0, 0, 0))), (), (), ())
    now: tuple = (0, 2)
    held: tuple = ((0, 0, 0, 0), (0, 0, 0, 0))    # by us, by them, of the other's logs
    receipt: int = 0                              # theirs over log 0 that we hold
    left: tuple = (2, 2, 2) + (1,) * 9
    words: int = 1                                # so many more of them will they say
    close: tuple = ()                             # (log, index, size of the receipt in it)

    def _replace(self, **fields):
        return dataclasses.replace(self, **fields)

    def sizes(self, side):
        return tuple(len(log) if at // 2 == side else self.held[side][at]
                     for at, log in enumerate(self.logs))

    def add(self, side, kind, what):
        at, logs = self.now[side], list(self.logs)
        for entry in ([(1, 0)] if not logs[at] else []) + [(kind, what)]:
            seen = list(self._replace(logs=tuple(logs)).sizes(side))
            logs[at] += ((*entry, tuple(seen)),)
        return self._replace(logs=tuple(logs))

    def hold(self, side):
        """One side gets all that the other has."""
        sizes = tuple(len(log) if at // 2 != side else 0 for at, log in enumerate(self.logs))
        held = (sizes, self.held[1]) if side == US else (self.held[0], sizes)
        return self._replace(held=held)

    def act(self, which):
        """What comes of it, or None where it cannot come now or changes nothing."""
        name, is_word = ACTS[which], 3 <= which <= 7
        if not self.left[which] or is_word and (not self.words or self.held[THEM][0] < 2):
            return None
        left = self.left[:which] + (self.left[which] - 1,) + self.left[which + 1:]
        story = self._replace(left=left, words=self.words - is_word)
        if name in ("deliver", "return"):
            story = story.hold(THEM if name == "deliver" else US)
            return None if story.held == self.held else story
        if name == "receipt":
            return story._replace(receipt=self.held[THEM][0]) \
                if self.held[THEM][0] != self.receipt else None
        if name in ("close", "hide"):
            return None if self.close else story.closed(name == "hide")
        if name == "new usa":
            return None if self.close else story._replace(now=(1, self.now[1]))
        if name == "new prc":
            return story._replace(now=(self.now[0], 3))
        kind = RING if name in ("ring", "ended") else REPLY
        return story.add(THEM, kind, name)

    def closed(self, is_hiding):
        receipt = self.receipt if self.receipt > 1 and not is_hiding else 0
        story = self.add(US, CLOSE, receipt)
        at = self.now[US]
        return story._replace(close=(at, len(story.logs[at]) - 1, receipt))

    def verdict(self):
        """(its name, late, crossed, ended, stored there, rang by its own word)"""
        theirs = [(at, index, *entry) for at in (2, 3)
                  for index, entry in enumerate(self.logs[at])]
        words = [word for word in theirs if word[2] in (RING, REPLY)]
        ended = any(word[3] == "ended" for word in words)
        rang = any(word[2] == RING for word in words)
        replies = [word for word in words if word[2] == REPLY]
        k = self.close
        in_time = [word for word in theirs
                   if k and word[4][0] > 1 and word[4][k[0]] <= k[1]]
        ours = self.logs[k[0]][k[1]][2] if k else None
        if replies:
            reply = next((r for r in replies if r[3] == "answer"), replies[-1])
            late = bool(k) and reply[4][k[0]] > k[1]
            crossed = bool(k) and not late and ours[reply[0]] <= reply[1]
            return NAMES[reply[3]], late, crossed, ended, False, rang
        if not k:
            return "open", False, False, ended, False, rang
        if k[2] or any(ours[word[0]] > word[1] for word in in_time):
            return "unanswered", False, False, ended, False, rang
        return "unreached", False, False, ended, bool(in_time), rang


def stories(words=1):
    """One of each record that can come about, in the order in which they are found."""
    first = Story(words=words)
    seen, found, todo = {first}, {first.logs: first}, [first]
    while todo:
        story = todo.pop()
        for which in range(len(ACTS)):
            after = story.act(which)
            if after is None or after in seen:
                continue
            seen.add(after)
            found.setdefault(after.logs, after)
            todo.append(after)
    return list(found.values())


# ---------------------------------------------------------------- as logs of an export
def sign_receipt(log, party, size, when):
    text = f"cosignature/v1\ntime {when}\n{log.head_text(size)}".encode()
    return party.receipt[party.last].sign(text)


def item_of(log):
    return x.sha(log.origin.encode(), len(log.entries).to_bytes(4, "big"))[:6]


def body_of(w, logs, kind, what):
    call = [0, 0, logs[0].incarnation, 1]
    if kind == 1:
        return x.opening()
    if kind == CALL:
        return [0, 0, 0, 0, "An aircraft is overdue.", "", [1]]
    if kind == RING:
        return [1, call, 2, 0, 60] if what == "ended" else [0, call, 1, 30, 0]
    if kind == REPLY:
        return [VERBS[what], 0, call, 0, 60 if what == "defer" else 0, 4, ""]
    receipts = []
    if what:
        w.clock += 1
        receipts = [[1, what, w.clock, sign_receipt(logs[0], w.party("prc"), what, w.clock)]]
    return [3, call, 75, receipts, [[1, "udp/0", 80], [1, "tcp/1", 0xffffffff]]]


def write(w, number, story):
    """The logs of one story, under names of their own; returns the id of its call."""
    logs = [x.Log(w, w.party(("usa", "prc")[at // 2]), 0, f"story {number} {at}")
            for at in range(4)]
    said = [{} for _ in logs]      # of each: {other: (number, size)}
    turns = [(at, index) for at in range(4) for index in range(len(story.logs[at]))]
    done = [0, 0, 0, 0]
    while turns:                   # whoever has seen no more than there is
        at, index = next((a, i) for a, i in turns if i == done[a] and all(
            size <= done[other] for other, size in enumerate(story.logs[a][i][2])))
        turns.remove((at, index))
        kind, what, seen = story.logs[at][index]
        mentions = []
        for other, size in enumerate(seen):
            before, last = said[at].get(other, (0, 0))
            if other == at or size <= last:
                continue
            place = before or len(said[at]) + 1
            said[at][other] = (place, size)
            mentions.append([place, size] if before else
                            [place, size, other // 2, 0, logs[other].incarnation])
        rest = [item_of(logs[at]), []] if kind in (CALL, REPLY) else []
        logs[at].append(kind, body_of(w, logs, kind, what), sorted(mentions), rest)
        done[at] += 1
    for at, log in enumerate(logs):
        if log.entries:
            w.logs[f"{number} {at}"] = log
    return f"{logs[0].dir}.1"


# ---------------------------------------------------------------- false words, in the usual export
def place(w, name="u", called=(1,), status=0, **more):
    log = w.logs[name]
    return log, log.append(CALL, [0, status, 0, 0, "Now.", "", list(called)],
                           rest=[item_of(log), []], **more)


def know(w, name, other):
    w.held[w.logs[name].party.name][w.logs[other].key] = len(w.logs[other].entries)


def to_call(log, index):
    return [0, 0, log.incarnation, index]


def finish(w):
    w.logs["u"].say("No more.", precedence=1)
    w.logs["u"].receive("prc", "swi")
    w.logs["q"].receive("usa", "swi")
    return w.files()


def denied(receipt=lambda sig: sig):
    """prc receipts a call, keeps the receipt back from the export, and writes as if there was
    none; the caller has put the receipt into its close."""
    def hand(w):
        u, index = place(w)
        size, w.clock = len(u.entries), w.clock + 5
        sig = receipt(sign_receipt(u, w.party("prc"), size, w.clock))
        u.append(CLOSE, [3, to_call(u, index), 75, [[1, size, w.clock, sig]], []])
        w.logs["q"].say("All quiet.", precedence=1, seen=[])
        u.receive("swi")
        w.logs["q"].receive("usa", "swi")
        return w.files()
    return hand


def reply(w, log, index, name="q", status=0, kind=REPLY, **more):
    body = [0, status, to_call(log, index), 0, 0, 4, ""]
    if kind == RING:
        body = [0, to_call(log, index), 1, 30, 0]
    them = w.logs[name]
    them.append(kind, body, rest=[item_of(them), []] if kind == REPLY else [], **more)
    return finish(w)


def answers_no_call(w):
    know(w, "q", "u")
    return reply(w, w.logs["u"], 1)


def answers_for_others(w):
    log, index = place(w, called=[2])
    know(w, "q", "u")
    return reply(w, log, index)


def answers_unseen(w):
    log, index = place(w)
    return reply(w, log, index, seen=[])


def drills(w):
    log, index = place(w)
    know(w, "q", "u")
    return reply(w, log, index, status=1)


def closed_again(w):
    """The close has their receipt; another, in a log of its own and dated before it, has not."""
    u, index = place(w)
    before, size = w.clock, len(u.entries)
    w.clock += 50
    receipts = [[1, size, w.clock, sign_receipt(u, w.party("prc"), size, w.clock)]]
    u.append(CLOSE, [3, to_call(u, index), 75, receipts, []])
    u.receive("prc", "swi")
    again = w.logs["b"] = x.Log(w, w.party("usa"), 0, "closes again")
    after, w.clock = w.clock, before
    again.append(1, x.opening(), seen=[])
    again.append(CLOSE, [4, to_call(u, index), 10, [], []],
                 seen=[[1, size, 0, 0, u.incarnation]])
    w.clock = after
    again.receive("prc", "swi")
    return w.files()


ANOMALIES = [
    ("{q}: entry 2 has seen 9 entries of {u}, of which prc had receipted 10 before", denied()),
    ("{u}: entry 10 carries a receipt of prc over 10 entries of {u} that does not verify",
     denied(lambda sig: sig[:8] + bytes([sig[8] ^ 1]) + sig[9:])),
    ("{q}: entry 2 speaks of {u}, entry 1, which is no call", answers_no_call),
    ("{b}: entry 1 closes a call that {u}, entry 10, closes", closed_again),
    ("{q}: entry 2 speaks of the call {u}, entry 9, which does not call prc", answers_for_others),
    ("{q}: entry 2 refers to {u}, entry 9, which its author had not seen", answers_unseen),
    ("{q}: entry 2 is exercise and refers to {u}, entry 9, which is operational: it has no effect",
     drills),
]
