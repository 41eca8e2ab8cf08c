# SPDX-License-Identifier: ISC
"""What the author's station refuses: traffic under suspension and minimise, beyond a quota, and a
status that is not that of what it refers to. On real stations, through restarts."""
import base64
import signal

from libline import Control, Failure, connected, main, station_down, station_up

LINE = "hotline"
AGAIN = (("hAAAAIIAYXg=", "000000000011"), ("hAMAAIIAYXg=", "000000000012"))  # body, item


def check(condition, *what):
    if not condition:
        raise Failure(" ".join(map(str, what)))


def comes(party, entry):
    with Control(party.home) as client:
        client.ask("subscribe", line=LINE, cursor=0)
        client.event("entry", entry=entry)


def order(by, others, *words):
    entry = by.ask("order", LINE, *words)["entry"]
    for other in others:
        comes(other, entry)


def send(party, precedence, *options):
    return party.ask("send", LINE, "x", "--precedence", precedence, "--anyway", *options)["entry"]


def suspended(where):
    """FLASH, acts and orders go; all else is refused on every side until who suspended resumes"""
    usa, prc, swi = connected(where, ("usa", "prc", "swi"))
    first = send(usa, "flash")
    order(prc, (usa, swi), "suspend", "--status", "exercise")  # binds nobody
    send(usa, "immediate")
    order(prc, (usa, swi), "suspend", "--reason", "protest", "--for", "2h")
    for party in usa, prc, swi:
        for precedence in "immediate", "routine":
            error = party.refused("send", LINE, "x", "--precedence", precedence, "--anyway",
                                  says=("suspended by prc since", "meant to last until", "protest"))
            check(error["code"] == "OL_ESTATE", error)
    usa.refused("send", LINE, "x", "--service", "--anyway", says="suspended by prc")
    send(usa, "flash")
    comes(prc, first)
    prc.run("ack", LINE, first)
    order(swi, (usa,), "suspend")
    order(usa, (prc,), "resume")       # it lifts only its own, which is none
    usa.refused("send", LINE, "x", "--anyway", says="suspended by prc")
    station_down(usa, signal.SIGKILL, None)
    station_up(usa)
    usa.refused("send", LINE, "x", "--anyway", says="suspended by prc")
    order(prc, (usa,), "resume", "--status", "test")
    order(prc, (usa,), "resume")
    usa.refused("send", LINE, "x", "--anyway", says="suspended by swi since")
    order(swi, (usa,), "resume")
    send(usa, "routine")


def minimised(where):
    """PRIORITY and ROUTINE are refused, service messages go, until it is ended"""
    usa, prc = connected(where)
    order(usa, (prc,), "minimise", "--reason", "storm")
    for party in usa, prc:
        for precedence in "priority", "routine":
            party.refused("send", LINE, "x", "--precedence", precedence, "--anyway",
                          says=("under minimise by usa since", "until it is ended", "storm"))
        for precedence in "flash", "immediate":
            send(party, precedence)
        send(party, "routine", "--service")
    order(usa, (prc,), "end-minimise")
    send(prc, "routine")


def quota(where):
    """so many operational FLASH in 24 hours, and no more, after a restart either"""
    usa, _ = connected(where, settings=("quota.flash=3", "quota.immediate=1"))
    for _ in range(3):
        send(usa, "flash")
        send(usa, "flash", "--status", "exercise")  # drills do not count
    error = usa.refused("send", LINE, "x", "--precedence", "flash", "--anyway",
                        says=("has sent 3 operational flash in 24 hours", "quota is 3", "after "))
    check(error["code"] == "OL_ELIMIT", error)
    send(usa, "immediate")
    usa.refused("send", LINE, "x", "--precedence", "immediate", "--anyway", says="quota is 1")
    send(usa, "priority")
    station_down(usa)
    station_up(usa)
    usa.refused("send", LINE, "x", "--precedence", "flash", "--anyway", says="quota is 3")
    send(usa, "flash", "--status", "test")


def again(where):
    """the same item once more is answered as it was, though an order or a quota came between"""
    usa, prc = connected(where, settings=("quota.flash=1",))
    with Control(usa.home) as client:
        first = [client.ask("submit", line=LINE, body=body, item=item)["entry"]
                 for body, item in AGAIN]
        usa.refused("send", LINE, "x", "--precedence", "flash", "--anyway", says="quota is 1")
        order(prc, (usa,), "suspend")
        usa.refused("send", LINE, "x", "--anyway", says="suspended by prc")
        check(first == [client.ask("submit", line=LINE, body=body, item=item)["entry"]
                        for body, item in AGAIN], first)


def status(where):
    """no word about an exercise is operational, whoever asks the station"""
    usa, prc = connected(where)
    drill = send(usa, "flash", "--status", "exercise")
    comes(prc, drill)
    with Control(prc.home) as client:
        said = client.reply(client.send("submit", line=LINE, kind="act", item="000000000001",
                                        body=act(drill, usa)))
        check(not said["ok"] and "status operational and refers" in said["error"]["what"], said)
    done = prc.ask("ack", LINE, drill)
    check(done["status"] == "exercise", done)


def act(entry, party):
    """An operational act 0 about an entry of usa's, in CBOR."""
    log = party.ask("show", LINE, entry)["log"]
    incarnation = bytes.fromhex(log.split("/")[2])
    return base64.b64encode(b"\x85\x00\x00\x84\x00\x00\x48" + incarnation + b"\x01\x00\x60"
                            ).decode()


main(suspended, minimised, quota, again, status)
