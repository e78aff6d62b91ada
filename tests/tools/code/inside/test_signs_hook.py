from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.code.inside import signs_hook

START = """\
import sys
sys.path.insert(0, {folder!r})
from signs_hook import watch
watch({root!r}, "packages", lambda sign: sys.stderr.write("SIGN " + sign + "\\n"))
sys.modules.pop("signs_hook")
exec(compile({code!r}, {file!r}, "exec"), {{"__name__": "program"}})
"""


def find_access(code: str, folder: Path, file: str = "program.py") -> list[str]:
    hook = folder / "_pelagos" / "signs_hook.py"
    hook.parent.mkdir()
    hook.write_bytes(Path(signs_hook.__file__).read_bytes())
    (folder / "out").mkdir()
    start = START.format(folder=str(hook.parent), root=str(folder), code=code, file=file)
    starter = folder / "_pelagos" / "start.py"
    starter.write_text(start)
    process = subprocess.run(
        [sys.executable, str(starter)], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in process.stderr, process.stderr
    return [line.removeprefix("SIGN ") for line in process.stderr.splitlines() if line.startswith("SIGN ")]


QUIET = "try:\n    {}\nexcept Exception: pass"
TOUCHED = [
    ("open('/%s/hosts' % 'etc')", "opened /etc/hosts"),
    ("open(b'/etc/hosts')", "opened /etc/hosts"),
    ("from pathlib import Path\nPath('/etc/hosts').read_text()", "opened /etc/hosts"),
    ("import io\nfrom pathlib import Path\nio.FileIO(Path('/etc/hosts'))", "opened /etc/hosts"),
    ("import os\nos.close(os.open('/etc/hosts', 0))", "opened /etc/hosts"),
    ("import os\nos.chdir('/etc')\nopen('hosts')", "opened /etc/hosts"),
    ("import os\nos.symlink('/etc/hosts', 'here')", "linked /etc/hosts"),
    ("class S(str):\n    startswith = lambda *a: False\n    encode = lambda *a: b'x'\nopen(S('/etc/hosts'))", "opened /etc/hosts"),
    ("import numpy as np\nnp.fromfile('/etc/hosts', dtype=np.uint8)", "opened /etc/hosts"),
    (f"import numpy as np\n{QUIET.format('np.load(chr(47) + chr(101) + chr(116) + chr(99) + chr(47) + chr(104))')}", "opened /etc/h"),
    (f"import numpy as np\n{QUIET.format('np.genfromtxt(chr(47) + chr(101) + chr(116) + chr(99) + chr(47) + chr(104) + chr(111) + chr(115) + chr(116) + chr(115))')}", "opened /etc/h"),
    ("import numpy as np\nnp.memmap('/etc/hosts', mode='r', dtype='u1')", "opened /etc/hosts"),
    (f"import scipy.io\n{QUIET.format('scipy.io.loadmat(chr(47) + chr(101) + chr(116) + chr(99) + chr(47) + chr(104))')}", "opened /etc/h"),
    ("import os\nos.listdir('/')", "listed the root of the file system"),
    ("import os\nos.listdir('/etc/ssl')", "listed /etc/ssl"),
    ("import glob\nglob.glob('/etc/*')", "listed /etc"),
    (QUIET.format("open('/proc/self/environ')"), "opened /proc/self/environ"),
    ("import socket\n" + QUIET.format("socket.socket().connect(('127.0.0.1', 1))"), "connected to the network"),
    ("exec(\"open('/etc/hosts')\")", "opened /etc/hosts"),
    ("import threading\nt = threading.Thread(target=lambda: open('/etc/hosts'))\nt.start()\nt.join()", "opened /etc/hosts"),
    ("import os\nif os.fork() == 0:\n    open('/etc/hosts')\n    os._exit(0)\nos.wait()", "opened /etc/hosts"),
    ("import os\nif os.fork() == 0:\n    os._exit(0)\nos.wait()", "forked by itself"),
    ("import multiprocessing as m\np = m.get_context('fork').Process(target=lambda: open('/etc/hosts'))\np.start()\np.join()",
     "opened /etc/hosts"),
    ("import subprocess\nsubprocess.run(['cat', '/etc/hosts'], capture_output=True)", "started cat"),
    ("import subprocess\nsubprocess.run('nproc; cat x', shell=True, capture_output=True)", "started sh"),
    ("import os\nos.system('cat x > y 2> /dev/null')", "started sh"),
    ("import os\nos.popen('tac x').close()", "started tac"),
    ("import os\nos.posix_spawn('/bin/true', ['true'], {})", "started true"),
    ("import subprocess\nsubprocess.run(['git', 'hash-object', '/etc/hosts'])" , "started git"),
    (QUIET.format("import signs_hook"), "imported parts of Pelagos: signs_hook"),
    ("open('_pelagos/signs_hook.py')", "opened a file of its runner: _pelagos/signs_hook.py"),
    ("import os\nos.chdir('out')\nopen('_report.json', 'w')", "opened a file of its runner: out/_report.json"),
    ("import os\nopen('x', 'w').close()\nos.rename('x', 'out/_report.json')", "moved a file of its runner: out/_report.json"),
    ("import sys\nsys._getframe = None\nopen('/etc/hosts')", "opened /etc/hosts"),
    ("import os\nos.path.normpath = os.getcwd = lambda *a: '/x'\nopen('/etc/hosts')", "opened /etc/hosts"),
    (QUIET.format("import signs_hook as s\n    s.PATH_EVENTS.clear()\n    s.watch = s._path_text = None") + "\nopen('/etc/hosts')",
     "opened /etc/hosts"),
    ("import numpy as np\ncompile('1', np.__file__, 'exec')", "compiled code under a library's name"),
    ("import numpy as np\nf = lambda: 1\nf.__code__.replace(co_filename=np.__file__)", "compiled code under a library's name"),
    ("compile('1', '_pelagos/amounts_hook.py', 'exec')", "compiled code under a library's name"),
    ("exec(compile('open(\"/etc/hosts\")', 'x/_pelagos/amounts_hook.py', 'exec'))", "opened /etc/hosts"),
    ("import gc\ngc.get_objects()", "looked through the process's memory"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "sign"), TOUCHED)
def test_what_a_program_touches_is_told(code: str, sign: str, tmp_path: Path) -> None:
    assert any(finding.startswith(sign) for finding in find_access(code, tmp_path))


@pytest.mark.parametrize(
    "code",
    [
        "open('here', 'w').close()\nopen('here')",
        "open('/proc/cpuinfo').read()",
        "import os\nos.cpu_count()\nos.listdir('.')\nos.listdir('out')\nos.listdir(os.getcwd())",
        "import numpy as np\nnp.save('a.npy', np.zeros(3))\nnp.load('a.npy')\nnp.memmap('a.npy', mode='r')",
        "import tempfile\nwith tempfile.TemporaryFile() as file: file.write(b'x')",
        "from multiprocessing import Pool\nimport json, logging, decimal, zoneinfo, ssl\nzoneinfo.ZoneInfo('UTC')",
        "import sklearn.linear_model, scipy.io",
        "import subprocess\nsubprocess.run(['nproc'], capture_output=True)\nsubprocess.run('uname -a', shell=True)",
        "import subprocess\n" + QUIET.format("subprocess.run(['nvidia-smi', '--query-gpu=name', '--format=csv'])"),
        "import platform\nplatform.processor()\nplatform.platform()",
        "import multiprocessing as m\np = m.get_context('fork').Process(target=print)\np.start()\np.join()",
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\nA()",
        "from collections import namedtuple\nnamedtuple('A', 'x y')(1, 2)\ncompile('1', 'mine', 'eval')",
        "import os\nos.rename('_pelagos/../_pelagos/start.py', '_pelagos/../x') if 0 else None\nos.makedirs('a/b')",
        "from joblib import Parallel, delayed\nParallel(n_jobs=2, prefer='threads')(delayed(abs)(i) for i in range(3))",
        "import os\nos.getpid(), os.environ.get('HOME')\nos._exit(0)",
    ],
)
def test_honest_work_leaves_no_sign(code: str, tmp_path: Path) -> None:
    assert find_access(code, tmp_path) == []


@pytest.mark.parametrize("file", ["/usr/lib/python3/dist-packages/library.py", "packages/library.py"])
def test_what_a_library_reads_is_its_own_affair(file: str, tmp_path: Path) -> None:
    assert find_access("open('/etc/hosts')", tmp_path, file=file) == []


def test_the_list_is_bounded(tmp_path: Path) -> None:
    code = "for place in range(100):\n    try:\n        open(f'/etc/{place}')\n    except OSError: pass"
    assert len(find_access(code, tmp_path)) == signs_hook.MAX_FINDINGS
