"""A module that runs with its garbage collected apart: its own thread collects nothing, and yet garbage goes."""

import subprocess
import sys
from pathlib import Path

MODULE = """
import gc, sys, threading, weakref

class Node:
    pass

gone, threads = threading.Event(), []

def note(_):
    threads.append(threading.current_thread().name)
    gone.set()

node = Node()
node.itself = node
ref = weakref.ref(node, note)
del node
assert sys.argv[1:] == ["an", "argument"], sys.argv
assert gone.wait(60)
print(gc.isenabled(), threads)
"""


def test_garbage_is_collected_in_a_thread_of_its_own(tmp_path: Path):
    (tmp_path / "cyclic.py").write_text(MODULE)
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-m", "apps.garbage_apart", "cyclic", "an", "argument"],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{root}:{tmp_path}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "False ['garbage']"
