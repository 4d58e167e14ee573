"""Kernels forked from one process that has imported already what every chapter imports.

PyTorch takes three seconds to import, its first optimizer two more and matplotlib one: in each of 26 chapters, a quarter of
the whole build. As a program this is that process, the nursery: it reads what a kernel is to be, a line of JSON, and answers
with the number of its process.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from functools import cached_property
from typing import Any
from uuid import uuid4

from jupyter_client.provisioning import LocalProvisioner
from nbclient import NotebookClient

# The second is what torch.optim imports when the first optimizer is made. None of them computes anything: a process in which
# OpenMP has begun its threads must not be forked.
IMPORTED = (
    *("torch", "torch._dynamo", "matplotlib.pyplot", "ipykernel.kernelapp"),
    *("tfm_lite.lab", "tfm_lite.figures.explore", "tfm_lite.exercises.checks"),
)


class Nursery:
    """A process that forks kernels, begun when the first is wanted."""

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        if "process" in vars(self):
            with suppress(BrokenPipeError):
                self.process.communicate()

    @cached_property
    def process(self) -> subprocess.Popen[str]:
        # matplotlib looks for its backend when it is imported; this is the one that a kernel would set then
        env = {**os.environ, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [sys.executable, __file__, *IMPORTED],
            env=env,
            stdin=pipe,
            stdout=pipe,
            text=True,
        )

    def fork(self, argv: list[str], cwd: str, env: dict[str, str]) -> int:
        """The process of a new kernel, whose command is that of a kernel's specification."""
        assert self.process.stdin and self.process.stdout
        with suppress(BrokenPipeError):  # then there is no answer either
            wanted = {"argv": argv, "cwd": cwd, "env": env}
            self.process.stdin.write(json.dumps(wanted) + "\n")
            self.process.stdin.flush()
        if pid := self.process.stdout.readline():
            return int(pid)
        raise RuntimeError(
            f"the process that forks kernels ended with {self.process.wait()}; why stands above. It begins with importing "
            f"{', '.join(IMPORTED)}: does each of them import?"
        )

    def supply(self, client: NotebookClient) -> None:
        """Have the kernel of this client forked here."""
        manager = client.create_kernel_manager()
        manager.provisioner = Forked(
            kernel_id=str(uuid4()), kernel_spec=manager.kernel_spec, parent=manager
        )
        manager.provisioner.nursery = self


class Forked(LocalProvisioner):
    """A kernel that a nursery forks, where Jupyter would begin a new process."""

    nursery: Nursery

    async def launch_kernel(self, cmd: list[str], **how: Any) -> Any:
        """Fork it."""
        self.cwd = how["cwd"]
        self.process = Process(self.nursery.fork(cmd, str(self.cwd), how["env"]))
        self.pid = self.pgid = self.process.pid
        return self.connection_info


class Process:
    """Of :class:`subprocess.Popen` what a provisioner asks for; the nursery is the parent, and knows how it ended."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def poll(self) -> int | None:
        """None while it runs."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return 0
        return None

    def wait(self) -> int:
        """It is asked for only when it has ended."""
        return 0

    def send_signal(self, number: int) -> None:
        """Send it."""
        os.kill(self.pid, number)


def nurse(imported: list[str]) -> None:
    """Fork a kernel for every line, until there are no more."""
    for name in imported:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who has ended is gone
    for line in sys.stdin:
        if pid := os.fork():
            print(pid, flush=True)
        else:
            try:
                be_kernel(**json.loads(line))
            finally:
                os._exit(0)


def be_kernel(argv: list[str], cwd: str, env: dict[str, str]) -> None:
    """Be what the command would have begun."""
    from ipykernel import kernelapp

    os.setsid()  # what it starts ends with it
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # the nursery's are none of its own
    os.dup2(2, 1)
    os.chdir(cwd)
    os.environ.update(env)
    sys.path.remove(os.path.dirname(os.path.abspath(__file__)))
    parent = f"--IPKernelApp.parent_handle={os.getppid()}"  # with which it ends
    kernelapp.launch_new_instance(
        [*argv[argv.index("ipykernel_launcher") + 1 :], parent]
    )


if __name__ == "__main__":
    nurse(sys.argv[1:])
