from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.code import signs_hook

START = """\
import json, sys
sys.path.insert(0, {folder!r})
from signs_hook import watch
signs = watch(lambda file: file == "program.py")
exec(compile({code!r}, {file!r}, "exec"), {{}})
print(json.dumps(signs))
"""


def signs(code: str, folder: Path, file: str = "program.py") -> list[str]:
    hook = folder / "hooks" / "signs_hook.py"
    hook.parent.mkdir()
    hook.write_bytes(Path(signs_hook.__file__).read_bytes())
    start = START.format(folder=str(hook.parent), code=code, file=file)
    done = subprocess.run([sys.executable, "-c", start], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("code", "sign"),
    [
        ("open('/%s/hosts' % 'etc')", "opened /etc/hosts"),
        ("from pathlib import Path\nPath('/etc/hosts').read_text()", "opened /etc/hosts"),
        ("import os\nos.listdir('/')", "listed the root of the file system"),
        ("import os\nos.listdir('/etc/ssl')", "listed /etc/ssl"),
        ("try:\n    open('/proc/self/environ')\nexcept OSError: pass", "opened /proc/self/environ"),
        ("import socket\ntry:\n    socket.socket().connect(('127.0.0.1', 1))\nexcept OSError: pass", "connected to the network"),
    ],
)  # fmt: skip
def test_what_a_program_touches_is_noted(code: str, sign: str, tmp_path: Path) -> None:
    assert sign in signs(code, tmp_path)


@pytest.mark.parametrize(
    "code",
    [
        "open('here', 'w').close()\nopen('here')",
        "open('/proc/cpuinfo').read()",
        "import os\nos.cpu_count()\nos.listdir('.')",
        "import numpy as np\nnp.save('a.npy', np.zeros(3))\nnp.load('a.npy')",
        "import tempfile\nwith tempfile.TemporaryFile() as file: file.write(b'x')",
        "from multiprocessing import Pool\nimport json, logging, decimal, zoneinfo, ssl",
        "import sklearn.linear_model",
    ],
)
def test_honest_work_leaves_no_sign(code: str, tmp_path: Path) -> None:
    assert signs(code, tmp_path) == []


def test_what_a_library_reads_is_its_own_affair(tmp_path: Path) -> None:
    assert signs("open('/etc/hosts')", tmp_path, file="/usr/lib/python3/dist-packages/library.py") == []


def test_the_list_is_bounded(tmp_path: Path) -> None:
    code = "for place in range(100):\n    try:\n        open(f'/etc/{place}')\n    except OSError: pass"
    assert len(signs(code, tmp_path)) == signs_hook.MOST
