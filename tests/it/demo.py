#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""./demo: a line is founded, a scenario played, both exports verify and are the same record."""
import contextlib
import filecmp
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

SRC = pathlib.Path(os.environ.get("OPENLINE_SRC", pathlib.Path(__file__).resolve().parents[2]))
BIN = os.environ.get("OPENLINE_BIN", str(SRC / "build/gcc/openline"))
DEMO = SRC / "demo"
SCENARIO = json.loads((SRC / "tools/demo-scenario.json").read_text(encoding="utf-8"))
PARTIES = sorted(SCENARIO["parties"])
TEXTS = [step["text"] for step in SCENARIO["steps"] if "text" in step]
LIMIT = 300
# Python tells its audit hooks of every time.sleep, wherever it is called from.
NO_SLEEP = """import os, sys
def hook(event, arguments):
    if event == "time.sleep":
        os.write(2, b"a step slept\\n")
        os._exit(99)
sys.addaudithook(hook)
"""


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def demo(*args, program=BIN, path=None):
    env = dict(os.environ, OPENLINE_BIN=program, COLUMNS="140")
    if path is not None:
        env["PYTHONPATH"] = str(path)
    return subprocess.run([DEMO, *map(str, args)], env=env, cwd="/", capture_output=True,
                          timeout=LIMIT, check=False, stdin=subprocess.DEVNULL)


def openline(home, *args):
    done = subprocess.run([BIN, *args, "--json"], env=dict(os.environ, OPENLINE_HOME=str(home)),
                          capture_output=True, timeout=LIMIT, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def same_files(one, two):
    def files(folder):
        return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    check(files(one) == files(two), "the two exports have not the same files")
    _, differ, errors = filecmp.cmpfiles(one, two, files(one), shallow=False)
    check(not differ and not errors, f"the two exports differ in {differ + errors}")


def second_opinion(folder):
    done = subprocess.run([SRC / "tools/verify_export.py", "--json", folder], capture_output=True,
                          timeout=LIMIT, check=False)
    said = json.loads(done.stdout)
    check(done.returncode == 0 and said["verified"], f"{folder} does not verify: {said}")
    return said


def whole(where):
    """Headless, from another directory, with the homes and exports kept"""
    (where / "sitecustomize.py").write_text(NO_SLEEP)
    kept = where / "kept where no socket could lie" / ("x" * 80)
    done = demo("--headless", "--keep", kept, path=where)
    out = done.stdout.decode()
    check(done.returncode == 0, f"exit {done.returncode}\n{out}\n{done.stderr.decode()}")
    for file in (DEMO, SRC / "tools/demo.py", SRC / "tools/demo_screen.py"):
        check("sleep" not in file.read_text().replace("never sleeps", ""), f"{file} sleeps")
    exports = [kept / p / "export" / SCENARIO["line"] for p in PARTIES]
    said = [second_opinion(folder) for folder in exports]
    check(said[0]["order"] == said[1]["order"], "the two exports are not in the same order")
    same_files(*exports)
    for party, folder in zip(PARTIES, exports):
        the_record(kept / party / "home", said[0]["order"])
        if os.environ.get("OPENLINE_EXPORTS"):
            left = pathlib.Path(os.environ["OPENLINE_EXPORTS"]) / "demo" / party
            shutil.rmtree(left, ignore_errors=True)
            shutil.copytree(folder, left)
    for word in ("RECEIPT by usa", "RECEIPT by prc", "OUR RECEIPT", "CROSSED", "  EXERCISE  "):
        check(word in out, f"the demonstration did not show {word}")


def the_record(home, order):
    """What the program reads in a home that was kept, without a station."""
    entries = [e for e in openline(home, "log", SCENARIO["line"]) if e["event"] == "entry"]
    check([f"{e['log']}.{e['index']}" for e in entries] == order, "store and export differ")
    messages = [e for e in entries if e["kind"] == "message"]
    check(sorted(e["message"]["text"] for e in messages) == sorted(TEXTS), "messages are missing")
    check({e["message"]["status"] for e in messages} == {"exercise"}, "not all are exercise")
    check({e["author"] for e in messages} == set(PARTIES), "not both parties wrote")
    crossed = {(e["entry"], other) for e in messages for other in e["crossed"]}
    check(crossed, "no crossing is marked")
    check(crossed == {(b, a) for a, b in crossed}, "a crossing is marked on one side only")
    check(all(s["state"] in ("stored", "answered") for e in messages for s in e["states"].values()),
          "not everything is stored by the other side")


def knows_nothing_itself(where):
    """With a station that takes no message: exit 1, and nothing is shown that nobody said"""
    stub = where / "openline"
    stub.write_text(f"#!/bin/bash\n[ \"$1\" = send ] && echo 'no: not today' >&2 && exit 1\n"
                    f"exec '{BIN}' \"$@\"\n")
    stub.chmod(0o755)
    done = demo("--headless", program=str(stub))
    out = done.stdout.decode()
    check(done.returncode == 1, f"exit {done.returncode}")
    check(b"no: not today" in done.stderr, "the reason was not told")
    check("RECEIPT" not in out and "CROSSED" not in out, "answers that nobody gave")
    for text in TEXTS:
        check(text[:12] not in out, f"shown before a station said it: {text}")


def children(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def interrupted(_):
    """Ended in the middle: exit 130, and no process or file that it made is left"""
    process = subprocess.Popen([DEMO, "--headless"], env=dict(os.environ, OPENLINE_BIN=BIN),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/",
                               stdin=subprocess.DEVNULL)
    for line in process.stdout:
        if b"first question" in line.lower():
            break
    stations = children(process.pid)
    check(len(stations) >= 4, f"stations and followers run, not {stations}")
    homes = {home for pid in stations for home in pathlib.Path(f"/proc/{pid}/environ").read_bytes()
             .split(b"\0") if home.startswith(b"OPENLINE_HOME=")}
    process.send_signal(signal.SIGINT)
    process.stdout.read()
    check(process.wait(LIMIT) == 130, f"exit {process.returncode}")
    check(not any(is_alive(pid) for pid in stations), "processes were left behind")
    for home in homes:
        check(not os.path.exists(home.split(b"=", 1)[1]), f"{home} was left behind")


def usage(where):
    """Options that are unknown, incomplete or stand twice: exit 2, with a sentence"""
    (where / "file").write_text("")
    for args, code in (("--help", 0), ("--frobnicate", 2), ("--keep", 2), ("--speed fast", 2),
                       ("--headless --headless", 2), ("--headless --speed 1", 2), ("x", 2),
                       (f"--headless --keep {where}", 1)):
        done = demo(*args.split())
        check(done.returncode == code, f"{args}: exit {done.returncode}, not {code}")
        check(code == 0 or done.stderr.startswith(b"demo: "), f"{args}: {done.stderr}")


def main():
    failed = 0
    for test in (usage, whole, knows_nothing_itself, interrupted):
        print(f"{test.__name__}: {test.__doc__.splitlines()[0]}", flush=True)
        with tempfile.TemporaryDirectory(prefix="ol-") as where:
            try:
                test(pathlib.Path(where))
            except (AssertionError, subprocess.SubprocessError, OSError, ValueError) as fault:
                print(f"{test.__name__}: FAILED: {fault}", flush=True)
                failed += 1
    sys.exit(1 if failed else 0)


main()
