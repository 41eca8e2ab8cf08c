# SPDX-License-Identifier: ISC
"""Hooks: what calls them and what does not, what their programs get and what they are denied."""
import base64
import json
import os
import select
import signal
import subprocess

from libexport import cbor
from libline import SRC, Control, Failure, connected, found, main, station_down, station_up

# What a hook's program does in these tests: it tells what it is, through a fifo.
TELLER = """#!/usr/bin/python3
import json, os, resource, sys
said = sys.stdin.read()
told = {"argv": sys.argv[1:], "event": json.loads(said), "lines": said.count("\\n"),
        "env": sorted(os.environ), "cwd": os.getcwd(), "fds": sorted(os.listdir("/proc/self/fd")),
        "leads": os.getpgid(0) == os.getpid() == os.getsid(0),
        "status": [l.split()[1] for l in open("/proc/self/status") if l.startswith("NoNewPrivs")],
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "umask": os.umask(0)}
print("to nobody")
print("one\\nt\\033[31mwo \\"three\\"\\xe9", file=sys.stderr)
with open(%r, "w") as out:
    out.write(json.dumps(told) + "\\n")
sys.exit(%d)
"""


def check(condition, what):
    if not condition:
        raise Failure(what)


class Told:
    """A program that tells, and the fifo by which it does."""

    def __init__(self, where, name, code=0):
        self.fifo = where / f"{name}.fifo"
        os.mkfifo(self.fifo)
        self.held = os.open(self.fifo, os.O_RDWR)  # so that neither side waits for the other
        self.path = script(where, name, TELLER % (str(self.fifo), code))
        self.left = b""

    def next(self):
        while b"\n" not in self.left:
            self.left += os.read(self.held, 1 << 16)
        line, self.left = self.left.split(b"\n", 1)
        return json.loads(line)


def script(where, name, text):
    path = where / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def hook_of(party, name):
    return next(h for h in party.ask("status")["hooks"] if h["hook"] == name)


def logged(party, what):
    return [line for line in party.log if what in line]


def configured(where):
    """add, list and remove keep the rest of the configuration; what cannot be is refused"""
    usa, _ = found(where)
    tell = Told(where, "teller")
    config = usa.home / "config"
    usa.run("port", "add", "udp://127.0.0.1:0")
    before = config.read_bytes() + b"# a comment\n"
    config.write_bytes(before)
    usa.run("hook", "add", "siren", "--on", "call,flash,drill", "--limit", "5", "--after", "7",
            "--", tell.path, "{line}", "a b", "--on", "x{event}y")
    usa.run("hook", "add", "pager", "--on=storage", "--", tell.path)
    usa.run("port", "add", "tcp://127.0.0.1:0")
    said = usa.ask("hook", "list")
    check(said["hooks"][0] == {"hook": "siren", "on": ["call", "flash", "drill"],
                               "run": [str(tell.path), "{line}", "a b", "--on", "x{event}y"],
                               "limit": 5, "after": 7}, said)
    check(b"siren  on call flash drill" in usa.run("hook", "list").stdout, "list")
    for words, says in (
            (("siren", "--on", "call", "--", tell.path), "a hook siren already"),
            (("Siren", "--on", "call", "--", tell.path), "no name for a hook"),
            (("s", "--on", "call", "--", "siren"), "begins with /"),
            (("s", "--on", "call", "--", "/nonexistent"), "cannot be run"),
            (("s", "--on", "call", "--", "/etc/passwd"), "cannot be run"),
            (("s", "--on", "call", "--", tell.path, "{text}"), "none of {event}"),
            (("s", "--on", "call", "--", tell.path, "{"), "none of {event}"),
            (("s", "--on", "call", "--", tell.path, "}"), "none of {event}"),
            (("s", "--on", "call", "--", tell.path, ""), "1 to 1000 bytes"),
            (("s", "--on", "call", "--", tell.path, "two\nlines"), "config")):
        done = usa.run("hook", "add", *words, expect=1)
        check(says in done.stderr.decode() and "; " in done.stderr.decode(), (words, done.stderr))
    for on in ("", "call,", "call,call", "calls", "call flash"):
        usa.refused("hook", "add", "s", tell.path, "--on", on, code=2, says="--on")
    usa.refused("hook", "add", "s", tell.path, code=2, says="--on call,flash")
    usa.refused("hook", "remove", "nobody", says="there is no hook nobody")
    usa.run("hook", "remove", "siren")
    check(b"[hook siren]" not in config.read_bytes(), "siren is still there")
    usa.run("hook", "remove", "pager")
    check(config.read_bytes() == before + b"[port port2]\nurl = tcp://127.0.0.1:0\n",
          config.read_bytes())
    config.write_bytes(before + b"[hook x]\non = call\n")
    usa.refused("run", says="[hook x] has no `run`")


def flash(where):
    """A FLASH message calls with its event; words, input and process are what is promised"""
    usa, prc = connected(where, start=False)
    tell, drill = Told(where, "teller"), Told(where, "driller", 3)
    prc.run("hook", "add", "siren", "--on", "flash", "--", tell.path, "{event} on {line}",
            "{party}", "{entry}", "{status}", "{verdict}", "$(id) `id` *")
    prc.run("hook", "add", "drills", "--on", "drill", "--", drill.path, "{status}")
    usa.run("hook", "add", "siren", "--on", "flash,drill", "--", tell.path)
    secret = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(secret, True)
    station_up(usa)
    station_up(prc, pass_fds=(secret,))
    send = ("send", "hotline", "--wait", "stored")
    usa.run(*send, "It is ours", "--precedence", "immediate")
    usa.run(*send, "Drill", "--precedence", "flash", "--status", "exercise")
    real = usa.ask(*send, "Real", "--precedence", "flash")
    told = tell.next()
    event = told["event"]
    check(list(event)[:4] == ["event", "hook", "station", "time"] and told["lines"] == 1, told)
    check({**event, "time": 0} == {
        "event": "flash", "hook": "siren", "station": "prc", "time": 0, "line": "hotline",
        "party": "usa", "entry": real["entry"], "precedence": "flash", "status": "operational",
        "rung": "watch"}, event)
    check(told["argv"] == ["flash on hotline", "usa", real["entry"], "operational", "",
                           "$(id) `id` *"], told["argv"])
    check(told["fds"] == ["0", "1", "2", "3"], f"descriptors: {told['fds']}")  # 3: listdir's own
    check(set(told["env"]) <= {"HOME", "LANG", "LC_CTYPE", "OPENLINE_HOME", "PATH"}, told["env"])
    check(told["cwd"] == str(prc.home) and told["leads"] and told["status"] == ["1"], told)
    check(told["core"] == [0, 0] and told["umask"] == 0o77, told)
    told = drill.next()
    check(told["argv"] == ["exercise"] and told["event"]["status"] == "exercise", told)
    said = prc.ask("hook", "test", "siren", "--event", "line-dead")
    check(said["said"] == "t?[31mwo 'three'??", said)
    told = tell.next()
    check(told["argv"] == ["line-dead on ", "", "", "test", "", "$(id) `id` *"], told["argv"])
    check(told["event"]["test"] is True, told)
    siren, drills = hook_of(prc, "siren"), hook_of(prc, "drills")
    check(siren["runs"] == 2 and siren["failed"] == 0 and siren["fault"] is None, siren)
    check(drills["runs"] == 1 and drills["fault"] == "it exited with 3", drills)
    check(b"HOOK drills FAILED" in prc.run("status").stdout, "status does not say it")
    check(hook_of(usa, "siren")["runs"] == 0, "called by a message of its own")
    prc.refused("hook", "test", "drills", says=("it exited with 3", "t?[31mwo"))
    prc.refused("hook", "test", "nobody", says="no hook \"nobody\"")
    prc.refused("hook", "test", "siren", "--event", "drill", says="no event that calls hooks")
    station_down(prc)
    check(logged(prc, "hook.said hook=siren text=\"one\""), prc.log)
    check(len(logged(prc, "hook.run hook=siren event=flash")) == 1, prc.log)


def submit(party, kind, body):
    with Control(party.home) as client:
        return client.ask("submit", line="hotline", kind=kind, item=os.urandom(6).hex(),
                          body=base64.b64encode(cbor(body)).decode())


def called(where):
    """A call calls as it rings, a drill only what asks for drills; nobody came, on both sides"""
    usa, prc = connected(where, settings=("answer.flash=4",), start=False)
    siren, drill, ours = (Told(where, name) for name in ("siren", "driller", "ours"))
    prc.run("hook", "add", "siren", "--on", "call,unanswered", "--", siren.path)
    prc.run("hook", "add", "drills", "--on", "call,drill", "--", drill.path)
    usa.run("hook", "add", "ours", "--on", "call,unanswered", "--", ours.path)
    station_up(usa), station_up(prc)
    exercise = submit(usa, "call", [0, 1, 0, 1, "A drill"])
    event = drill.next()["event"]
    check(event["event"] == "call" and event["status"] == "exercise" and
          event["entry"] == exercise["entry"] and event["party"] == "usa", event)
    real = submit(usa, "call", [0, 0, 0, 1, "Real"])
    event = siren.next()["event"]
    check({**event, "time": 0} == {
        "event": "call", "hook": "siren", "station": "prc", "time": 0, "line": "hotline",
        "entry": real["entry"], "precedence": "flash", "status": "operational",
        "rung": event["rung"], "seconds": event["seconds"], "party": "usa"}, event)
    event = siren.next()["event"]
    check(event["event"] == "unanswered" and event["entry"] == real["entry"] and
          event["party"] == "usa", event)
    event = ours.next()["event"]
    check(event["event"] == "unanswered" and event["entry"] == real["entry"] and
          event["party"] == "prc", event)
    check("Real" not in str(event), "what was said is handed out")


def ended(where):
    """A program that hangs is ended with its group; what it leaves behind ends; the loop goes on"""
    usa, prc = connected(where, start=False)
    fifo = where / "pids"
    os.mkfifo(fifo)
    held = os.open(fifo, os.O_RDWR)
    hang = script(where, "hang", f"#!/bin/sh\ntrap '' TERM\nsleep 600 &\necho $! >{fifo}\nwait\n")
    leave = script(where, "leave", f"#!/bin/sh\nsleep 600 &\necho $! >{fifo}\nexit 0\n")
    flood = script(where, "flood", "#!/usr/bin/python3\nimport sys\nwhile True:\n"
                   "    print('x' * 300, file=sys.stderr)\n")
    for name, path in (("hang", hang), ("leave", leave), ("flood", flood)):
        usa.run("hook", "add", name, "--on", "call", "--limit", "1", "--", path)
    gone = script(where, "gone", "#!/bin/sh\n")
    usa.run("hook", "add", "gone", "--on", "call", "--", gone)
    gone.unlink()
    station_up(usa), station_up(prc)
    with Control(usa.home) as client:
        asked = client.send("hook-test", hook="hang")
        usa.run("send", "hotline", "while it hangs", "--wait", "stored")
        child = int(os.read(held, 64))
        said = client.reply(asked)
        check("not done in 1 seconds" in said["error"]["what"], said)
        wait_gone(child)
        check(client.reply(client.send("hook-test", hook="leave"))["ok"], "leave")
        wait_gone(int(os.read(held, 64)))
        said = client.reply(client.send("hook-test", hook="flood"))
        check(not said["ok"], said)
        said = client.reply(client.send("hook-test", hook="gone"))
        check("exited with 127" in said["error"]["what"] and
              "No such file" in said["error"]["what"], said)
        asked = client.send("hook-test", hook="hang")
        child = int(os.read(held, 64))
    station_down(usa)  # with a program under way, and its client gone
    wait_gone(child)
    check(len(logged(usa, "hook.said hook=flood")) == 8, len(logged(usa, "hook.said")))


def wait_gone(pid):
    """A process that is not our child: its pidfd tells when it ends."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ready, _, _ = select.select([fd], [], [], 20)
    os.close(fd)
    check(ready, f"process {pid} goes on")


def flooded(where):
    """Of a flood of events few run at once, few wait, and the urgent ones stay"""
    usa, prc = connected(where, start=False)
    gate, began = where / "gate", where / "began"
    os.mkfifo(gate)
    os.mkfifo(began)
    held, starts = os.open(gate, os.O_RDWR), os.open(began, os.O_RDWR)
    slow = script(where, "slow", f"#!/bin/sh\necho >{began}\nread line <{gate}\nexit 0\n")
    prc.run("hook", "add", "siren", "--on", "flash,line-dead", "--", slow)
    station_up(usa), station_up(prc)
    with Control(prc.home) as client, Control(usa.home) as other:
        asked = client.send("hook-test", hook="siren", event="line-dead")
        os.read(starts, 1)
        more = [client.send("hook-test", hook="siren", event="line-dead") for _ in range(20)]
        other.ask("subscribe", line="hotline")
        last = None
        for i in range(30):
            last = usa.ask("send", "hotline", f"flash {i}", "--precedence", "flash")
        while not client.events and last:
            event = other.event("receipt", party="prc", log=last["log"])
            if event["size"] > last["index"]:
                break
        said = hook_of(prc, "siren")
        check(said["running"] and said["waiting"] == 32 and said["dropped"] == 18, said)
        check(not client.reply(more[0])["ok"], "it was not dropped")
        os.write(held, b"\n")
        check(client.reply(asked)["ok"], "the first")
    station_down(prc)


def shared(where):
    """No drill pushes out what is real, and no party's flood what another has said"""
    usa, prc, swi = connected(where, names=("usa", "prc", "swi"), start=False)
    gate, began = where / "gate", where / "began"
    os.mkfifo(gate)
    os.mkfifo(began)
    held, starts = os.open(gate, os.O_RDWR), os.open(began, os.O_RDWR)
    slow = script(where, "slow", f"#!/bin/sh\necho $1 >{began}\nread line <{gate}\nexit 0\n")
    prc.run("hook", "add", "siren", "--on", "flash,drill", "--", slow, "{party} {status}")
    for party in usa, prc, swi:
        station_up(party)

    def flood(client, by, count, status):
        for i in range(count):
            last = by.ask("send", "hotline", f"{status} {i}", "--precedence", "flash", "--status",
                          status)
        while client.event("receipt", party="prc", log=last["log"])["size"] <= last["index"]:
            pass

    def next_run():
        os.write(held, b"\n")
        return os.read(starts, 100).decode()

    with Control(usa.home) as ours, Control(swi.home) as theirs, Control(prc.home) as client:
        ours.ask("subscribe", line="hotline")
        theirs.ask("subscribe", line="hotline")
        client.send("hook-test", hook="siren")
        check(os.read(starts, 100) == b"test\n", "the test's run")
        flood(ours, usa, 1, "operational")
        flood(theirs, swi, 1, "operational")
        flood(ours, usa, 33, "exercise")
        said = hook_of(prc, "siren")
        check(said["waiting"] == 32 and said["dropped"] == 3, said)
        check(next_run() == "usa operational\n", "a drill pushed out what is real")
        flood(ours, usa, 33, "operational")
        check(next_run() == "swi operational\n", "one party's flood pushed out another's")
    station_down(prc)


def again(where):
    """A FLASH and a call whose program may not have run call it as the station starts again"""
    usa, prc = connected(where, start=False)
    tell = Told(where, "teller")
    station_up(usa), station_up(prc)
    send = ("send", "hotline", "Real", "--precedence", "flash", "--wait", "stored")
    seen, answered, cancelled, open_one = (usa.ask(*send)["entry"] for _ in range(4))
    drill = usa.ask(*send, "--status", "exercise")["entry"]
    prc.run("ack", "hotline", seen)
    prc.run("send", "hotline", "Not ours.", "--ref", answered)
    done = usa.ask("cancel", "hotline", cancelled)
    with Control(usa.home) as client:
        client.ask("subscribe", line="hotline", cursor=0)
        while client.event("receipt", party="prc", log=done["log"])["size"] <= done["index"]:
            pass
    station_down(prc, signal.SIGKILL)
    prc.run("hook", "add", "siren", "--on", "call,flash,drill", "--", tell.path)
    station_up(prc)
    events = [tell.next()["event"] for _ in range(2)]
    check([(e["event"], e["entry"], e["status"], e["party"]) for e in events] ==
          [("flash", open_one, "operational", "usa"), ("flash", drill, "exercise", "usa")], events)
    call = submit(usa, "call", [0, 0, 0, 1, "Real"])
    check(tell.next()["event"]["entry"] == call["entry"], "the call")
    prc.run("ack", "hotline", open_one)
    prc.run("ack", "hotline", drill)
    station_down(prc, signal.SIGKILL)
    station_up(prc)
    event = tell.next()["event"]
    check(event["event"] == "call" and event["entry"] == call["entry"], event)
    check(hook_of(prc, "siren")["runs"] == 1, "more than the call")


def dead_line(where):
    """line-dead comes once for an outage, after its time, and not while a path lives"""
    usa, prc = connected(where, start=False)
    tell = Told(where, "teller")
    usa.run("hook", "add", "dead", "--on", "line-dead", "--after", "1", "--", tell.path)
    station_up(usa)
    event = tell.next()["event"]
    check(event["event"] == "line-dead" and event["line"] == "hotline" and
          event["party"] == "prc" and "status" not in event, event)
    with Control(usa.home) as client:
        client.ask("subscribe", line="hotline")
        station_up(prc)
        client.event("path", live=True)
        check(hook_of(usa, "dead")["runs"] == 1, "twice")
    station_down(usa)


def example(name, event, *words, **env):
    full = {"hook": name, "station": "usa", "time": 1795305030, "line": "hotline", "party": "prc",
            **event}
    return subprocess.run([SRC / "examples/hooks" / name, *map(str, words)],
                          env={"PATH": "/usr/bin:/bin", **{k: str(v) for k, v in env.items()}},
                          input=json.dumps(full).encode() + b"\n", capture_output=True, timeout=20,
                          check=False)


def examples(where):
    """The examples: a siren, a pager, mail, with stand-ins for the things themselves"""
    out = where / "out"
    conf = where / "siren.conf"
    relay = where / "relay"
    play = script(where, "play", f"#!/bin/sh\necho \"$@\" >>{out}\n")
    conf.write_text(f"SIREN_PLAY='{play} alarm.wav'\nSIREN_TIMES=3\n")
    for event, status, times in (("call", "operational", 3), ("flash", "operational", 1),
                                 ("call", "exercise", 0), ("call", "test", 1)):
        out.write_text("")
        done = example("siren", {}, event, status, "hotline", SIREN_CONF=conf)
        check(done.returncode == 0 and out.read_text() == "alarm.wav\n" * times,
              f"{event} {status}: {out.read_text()} {done}")
    conf.write_text(f"SIREN_GPIO={relay}\nSIREN_ON=0\nSIREN_OFF=0\n")
    check(example("siren", {}, "call", "operational", SIREN_CONF=conf).returncode == 0 and
          relay.read_text() == "0\n", "the relay stays on")
    conf.write_text("")
    check(b"nothing sounded" in example("siren", {}, "call", SIREN_CONF=conf).stderr, "no siren")

    conf.write_text(f"# here\ndevice = {out}\nlength = 40\n")
    out.write_text("")
    done = example("pager", {"event": "call", "status": "exercise"}, PAGER_CONF=conf)
    check(out.read_bytes() == b"EXERCISE EXERCISE CALL from prc line hot\r\n" and
          done.returncode == 0, out.read_bytes())
    conf.write_text(f"run = {play} +15550100 {{}}\n")
    out.write_text("")
    example("pager", {"event": "line-dead"}, PAGER_CONF=conf)
    check(out.read_text() == "+15550100 LINE DEAD with prc line hotline\n", out.read_text())
    conf.write_text("")
    check(example("pager", {"event": "call"}, PAGER_CONF=conf).returncode == 1, "no pager")

    script(where, "sendmail", f"#!/bin/sh\necho \"$@\" >{out}\ncat >>{out}\n")
    done = example("mail", {"event": "unanswered", "status": "exercise",
                            "entry": "usa/urgent/1a2b.3"}, "duty@example.org", "-f@x",
                   SENDMAIL=where / "sendmail")
    text = out.read_text()
    check(done.returncode == 0 and text.startswith("-i -- duty@example.org -f@x\n"), text)
    check("Subject: EXERCISE EXERCISE: openline usa: unanswered hotline prc" in text, text)
    check("entry: usa/urgent/1a2b.3" in text and "210430Z" not in text, text)


main(configured, flash, called, ended, flooded, shared, again, dead_line, examples)
