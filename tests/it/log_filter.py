# SPDX-License-Identifier: ISC
"""What a `log` leaves out: the same as leaving it out of the whole record afterwards, on real
stations; by pages, from the end, and where an entry stands among those that pass."""
import itertools

from libline import Control, Failure, connected, main

LINE = "hotline"
MACHINE = ("opening", "check", "mentions", "handback")
PRECEDENCES, STATUSES = ("flash", "immediate", "priority", "routine"), ("operational", "exercise",
                                                                       "test")


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(map(str, what)))


def said(entry, key):
    """What an entry says of itself, whatever its kind."""
    return entry.get(entry["kind"], {}).get(key)


def passes(entry, keys):
    """The oracle: by the whole entry, as a client that asked for everything would judge."""
    if keys.get("brief") and entry["kind"] in MACHINE:
        return False
    if "kind" in keys and entry["kind"] != keys["kind"]:
        return False
    if "author" in keys and entry["author"] != keys["author"]:
        return False
    if "status" in keys and said(entry, "status") != keys["status"]:
        return False
    if "precedence" in keys and said(entry, "precedence") != keys["precedence"]:
        return False
    if keys.get("unread"):
        state = entry["states"].get("usa", {}).get("state")
        return entry["kind"] == "message" and state not in (None, "seen", "answered")
    return True


def pages(client, **keys):
    """All that pass, three at a time."""
    found, start = [], 0
    while start is not None:
        page = client.ask("log", line=LINE, limit=3, **{"from": start}, **keys)
        check("brief" not in keys or page.get("number") == len(found), page)
        found += page["entries"]
        start = page["next"]
    return found


def spoken(where):
    """messages of each precedence and status, calls, acts; some read by the other side"""
    usa, prc = connected(where, settings=("answer.flash=600",))
    last = None
    for party, other in ((usa, prc), (prc, usa)):
        for precedence, status in itertools.product(PRECEDENCES, STATUSES):
            last = party.ask("send", LINE, f"{precedence} {status}", "--precedence", precedence,
                             "--status", status, "--anyway", "--wait", "stored")["entry"]
            if precedence == "immediate":
                other.ask("ack", LINE, last)
        for status in ("operational", "test"):
            call = party.ask("call", LINE, "watch", "--precedence", "flash", "--status", status)
            with Control(other.home) as client:
                client.ask("subscribe", line=LINE, cursor=0)
                client.word("rings", entry=call["entry"])
            other.run("answer", LINE, call["entry"])
    prc.ask("send", LINE, "the last", "--wait", "stored", "--anyway")
    return usa


def filters(where):
    """each key alone and all pairs, against the oracle over the whole record"""
    usa = spoken(where)
    keys = [{"brief": 1}, {"unread": 1}]
    keys += [{"kind": k} for k in ("message", "call", "ring", "reply", "close", "act", "opening")]
    keys += [{"precedence": p} for p in PRECEDENCES] + [{"status": s} for s in STATUSES]
    keys += [{"author": a} for a in ("usa", "prc")]
    with Control(usa.home) as client:
        now = {"cursor": client.ask("position", line=LINE)["position"]}
        whole = pages(client, **now)
        check(len(whole) > 50 and any(passes(e, {"unread": 1}) for e in whole), len(whole))
        for one, two in itertools.combinations_with_replacement(keys, 2):
            some = {**one, **two}
            want = [e["entry"] for e in whole if passes(e, some)]
            page = client.ask("log", line=LINE, limit=500, **now, **some)
            check([e["entry"] for e in page["entries"]] == want, some, want, page)
            check(page["found"] == len(want) and page["total"] == len(whole), some, page)
            tail = client.ask("log", line=LINE, last=2, **now, **some)
            check([e["entry"] for e in tail["entries"]] == want[-2:], some, tail)
        for some in ({"brief": 1}, {"brief": 0}, {"brief": 1, "precedence": "flash"}):
            want = [e for e in whole if passes(e, some)]
            check(pages(client, **now, **some) == want, some)
            for entry in whole:
                before = sum(e["at"] < entry["at"] for e in want)
                one = client.ask("log", line=LINE, entry=entry["entry"], **now, **some)
                check(one["number"] == before and one["entries"][0]["entry"] == entry["entry"], one)


def refused(where):
    """words that are none, and an author who is no party"""
    usa, _ = connected(where)
    with Control(usa.home) as client:
        for key, word in (("precedence", "urgent"), ("status", "drill"), ("kind", "letter"),
                          ("author", "nor")):
            error = client.reply(client.send("log", line=LINE, **{key: word}))["error"]
            check(error["code"] == "OL_EFORM" and f'"{word}" is no' in error["what"], error)
        past = client.ask("log", line=LINE, brief=0, **{"from": 99})
        check(past["entries"] == [] and past["next"] is None and past["number"] == past["found"],
              past)


if __name__ == "__main__":
    main(filters, refused)
