# SPDX-License-Identifier: ISC
"""Messages across a line: stored on both sides, crossed, in parts, said once; exports that hold."""
import json
import os
import pathlib
import signal
import subprocess
import sys

from libline import (BIN, SRC, Control, Failure, connected, found, free_udp_ports, main,
                     station_down, station_up)

VERIFIER = SRC / "tools/verify_export.py"
EXPORTS = pathlib.Path(os.environ.get("OPENLINE_EXPORTS", "/nonexistent"))


def check(condition, what):
    if not condition:
        raise Failure(what)


def verified(party, line, name, where):
    """Exports a line and has a stranger check it; it is left for the others who check exports."""
    target = (EXPORTS / "message" if EXPORTS.is_dir() else where) / f"{name}.{party.name}"
    target.parent.mkdir(exist_ok=True)
    party.run("export", line, target, "--yes")
    done = subprocess.run([sys.executable, VERIFIER, target], capture_output=True, check=False)
    if done.returncode != 0:
        raise Failure(f"{target}: {done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout.decode()


def entries(party, line="hotline"):
    """The record as `log` prints it, without what is this side's own."""
    said = [json.loads(text) for text in
            party.run("log", line, "--json").stdout.decode().splitlines()]
    check(said[-1]["event"] == "end" and said[-1]["total"] == len(said) - 1, "log's end")
    return said[:-1]


def agree(parties, line="hotline"):
    """All sides hold the same record, in the same order, crossings included."""
    seen = [[{key: e.get(key) for key in ("entry", "log", "author", "wall", "kind", "message",
                                          "crossed", "at", "item")}
             for e in entries(party, line)] for party in parties]
    for other in seen[1:]:
        check(other == seen[0], f"the records differ:\n{seen[0]}\n{other}")
    return seen[0]


def settled(parties, line="hotline"):
    """Waits until each side has every other's receipt, in the store, for all logs."""
    for party in parties:
        with Control(party.home) as client:
            client.ask("subscribe", line=line)
            sizes, got = {}, {}
            while True:
                event = client.event()
                if event["event"] == "entry":
                    sizes[event["log"]] = event["index"] + 1
                elif event["event"] == "receipt" and "cursor" in event:
                    got[event["log"], event["party"]] = event["size"]
                elif event["event"] != "live":
                    continue
                names = {p.name for p in parties}
                if sizes and all(got.get((log, name), 0) >= size for log, size in sizes.items()
                                 for name in names - {log.split("/")[0]}):
                    break


def both_ways(where):
    """send --wait stored, each way; the same record on both sides; a stranger verifies it"""
    usa, prc = connected(where)
    sent = usa.ask("send", "hotline", "We have an object over our territory. Is it yours?",
                   "--precedence", "flash", "--status", "exercise", "--wait", "stored",
                   "--subject", "Object", "--to", "watch")
    check(sent["states"]["prc"]["state"] == "stored" and sent["index"] == 1, sent)
    answer = prc.ask("send", "hotline", "是我们的民用飞艇。", "--precedence", "immediate", "--status",
                     "exercise", "--wait", "stored", "--ref", sent["entry"], "--lang", "zh")
    routine = usa.ask("send", "hotline", "谢谢。\nThank you.", "--status", "exercise", "--lang", "en",
                      "--wait", "stored", "--ref", answer["entry"])
    check(routine["entry"].startswith("usa/urgent/"), "what answers an urgent entry is urgent")
    settled([usa, prc])
    record = agree([usa, prc])
    texts = [e["message"]["text"] for e in record if e["kind"] == "message"]
    check(texts == ["We have an object over our territory. Is it yours?", "是我们的民用飞艇。",
                    "谢谢。\nThank you."], texts)
    told = prc.run("log", "hotline").stdout.decode()
    for part in ("FLASH     EXERCISE", "SUBJECT Object", f"answers {sent['entry']}", "  | 谢谢。",
                 "usa: stored, receipt of"):
        check(part in told, f"{part!r} is not in {told}")
    check("all 3" in verified(usa, "hotline", "both", where), "usa's export")
    verified(prc, "hotline", "both", where)
    proof = where / "proof"
    usa.run("export", "hotline", proof, "--proof", sent["entry"])
    check(not list(proof.rglob("tile")), "a proof discloses more than its entry")
    done = subprocess.run([sys.executable, VERIFIER, proof], capture_output=True, check=False)
    check(done.returncode == 0, done.stdout + done.stderr)
    status = usa.ask("status")
    line = status["lines"][0]
    check(line["live_paths"] == 1 and line["paths"][0]["proven"], line)
    check(b"LIVE" in usa.run("status", "hotline").stdout, "status for people")
    for party in (usa, prc):
        party.run("stop")
        station_down(party, signal.SIGCONT)
    check(entries(usa) and agree([usa, prc]) == record, "without stations the same is read")
    verified(usa, "hotline", "both-offline", where)


def crossing(where):
    """The read position is taken before the text is written: what comes meanwhile is crossed"""
    usa, prc = connected(where)
    first = usa.ask("send", "hotline", "Question one", "--wait", "stored")
    with Control(prc.home) as watch:
        watch.ask("subscribe", line="hotline")
        watch.event("entry", entry=first["entry"])
        env = dict(os.environ, OPENLINE_HOME=str(prc.home))
        with subprocess.Popen([BIN, "send", "hotline", "-", "--anyway", "--json", "--wait",
                               "stored"], env=env, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as writing:
            # The writer has begun once the station was asked for the position: its connection.
            started = watch.ask("position", line="hotline")["position"]
            check(started > 0, "prc has read question one")
            written = wait_for_client(prc, writing)
            second = usa.ask("send", "hotline", "Question two", "--wait", "stored")
            watch.event("entry", entry=second["entry"])
            out, _ = writing.communicate(b"Answer to question one\n", timeout=60)
            answer = json.loads(out)
            check(written and answer["ok"], answer)
    settled([usa, prc])
    record = {e["entry"]: e for e in agree([usa, prc])}
    check(record[answer["entry"]]["crossed"] == [second["entry"]], record[answer["entry"]])
    check(record[second["entry"]]["crossed"] == [answer["entry"]], record[second["entry"]])
    check(record[first["entry"]]["crossed"] == [], "question one was read")
    early = prc.ask("send", "hotline", "Written long ago", "--read", "0", "--anyway", "--wait",
                    "stored")
    late = prc.ask("send", "hotline", "Written now", "--wait", "stored")
    settled([usa, prc])
    record = {e["entry"]: e for e in agree([usa, prc])}
    check(len(record[early["entry"]]["crossed"]) == 2, record[early["entry"]])
    check(record[late["entry"]]["crossed"] == [], record[late["entry"]])
    verified(usa, "hotline", "crossing", where)


def wait_for_client(party, process):
    """The command waits for its text: it sleeps in read(2) on standard input."""
    while process.poll() is None:
        with open(f"/proc/{process.pid}/syscall", encoding="ascii") as file:
            if file.read().startswith("0 0x0 "):
                return True
    raise Failure(f"openline send of {party.name} ended with {process.returncode}")


def said_once(where):
    """An item submitted again is appended once; a long text goes in parts and comes out whole"""
    usa, prc = connected(where)
    one = usa.ask("send", "hotline", "Only once", "--item", "00112233aabb", "--wait", "stored")
    two = usa.ask("send", "hotline", "Only once", "--item", "00112233aabb")
    check(one["entry"] == two["entry"], f"{one['entry']}, then {two['entry']}")
    station_down(usa)
    station_up(usa)
    three = usa.ask("send", "hotline", "Only once", "--item", "00112233aabb")
    check(one["entry"] == three["entry"], f"after a restart {three['entry']}")
    text = "".join(f"{i}. 我方注意到贵方的声明。 Paragraph {i * i * 7919}.\n" for i in range(400))
    long = usa.ask("send", "hotline", "-", "--wait", "stored", stdin=text + "\n")
    check(len(long["parts"]) > 1 and long["parts"][0]["entry"] == long["entry"], long)
    settled([usa, prc])
    parts = [e["message"] for e in agree([usa, prc]) if "part" in (e["message"] or {})]
    check([p["part"] for p in parts] == [[i + 1, len(parts)] for i in range(len(parts))], parts)
    check("".join(p["text"] for p in parts) == text, "the parts are not the text")
    verified(usa, "hotline", "parts", where)


def three_parties(where):
    """Three parties: each entry is stored by both others"""
    parties = connected(where, ("usa", "prc", "swi"), "trio")
    for party in parties:
        sent = party.ask("send", "trio", f"From {party.name}", "--anyway", "--wait", "stored")
        check(len(sent["states"]) == 2, sent)
    settled(parties, "trio")
    agree(parties, "trio")
    for party in parties:
        verified(party, "trio", "trio", where)


def ahead_of_peer(where):
    """A message to a station that does not run yet waits, and is told; then it goes"""
    usa, prc = connected(where, start=False)
    station_up(usa)
    done = usa.run("send", "hotline", "Anybody there?", "--wait", "stored", "--timeout", "1",
                   "--json", expect=1)
    error = json.loads(done.stdout.decode())["error"]
    check(error["code"] == "OL_EAGAIN" and "not stored by prc" in error["what"], error)
    check([e["states"]["prc"]["state"] for e in entries(usa)] != ["stored"] * 2, "states")
    with Control(usa.home) as watch:
        watch.ask("subscribe", line="hotline")
        watch.event("live")
        station_up(prc)
        watch.event("receipt", party="prc")
    settled([usa, prc])
    agree([usa, prc])


def any_port(where):
    """A port of 0 takes a free one, and status tells which"""
    usa, prc = found(where)
    usa.run("port", "add", "udp://127.0.0.1:0")
    station_up(usa)
    address = usa.ask("status")["ports"][0]["address"]
    check(address.startswith("127.0.0.1:") and not address.endswith(":0"), address)
    prc.run("port", "add", f"udp://127.0.0.1:{free_udp_ports(1)[0]}")
    prc.run("bearer", "add", "hotline", "usa", f"udp://{address}")
    station_up(prc)
    sent = prc.ask("send", "hotline", "Over any port", "--anyway", "--wait", "stored")
    check(sent["states"]["usa"]["state"] == "stored", sent)
    back = usa.ask("send", "hotline", "You spoke first: I know your way", "--anyway",
                   "--wait", "stored")
    check(back["states"]["prc"]["state"] == "stored", back)


def marks(where):
    """Marks that turn text round are in nothing that people are shown, and in the JSON as said"""
    usa, prc = connected(where)
    said = "left \u200eto\u200f right \u061cع"
    sent = usa.ask("send", "hotline", said, "--subject", said, "--wait", "stored")["entry"]
    call = usa.ask("call", "hotline", "watch", "--reason", said)["entry"]
    prc.run("ack", "hotline", sent, "--text", said)
    with Control(prc.home) as client:
        client.ask("subscribe", line="hotline", cursor=0)
        client.word("rings", entry=call)
    prc.run("answer", "hotline", call, said)
    for words in (("log", "hotline"), ("show", "hotline", sent), ("show", "hotline", call),
                  ("dossier", "hotline"), ("dossier", "hotline", "--format", "html"),
                  ("calls", "hotline")):
        told = prc.run(*words).stdout.decode()
        check(not set("\u200e\u200f\u061c") & set(told), words)
        check(words[0] == "calls" or "ع" in told, told)
    check(prc.ask("show", "hotline", sent)["message"]["text"] == said, "JSON")


main(marks, both_ways, crossing, said_once, three_parties, ahead_of_peer, any_port)
