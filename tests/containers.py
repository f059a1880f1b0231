"""An image as Buildah made it, run as Docker runs it: by an OCI runtime, with a read-only root and without rights."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Optional

#: The runtime under Docker. (crun 1.8 does not start where cgroup v1 and v2 are mounted together.)
RUNTIME = "runc"

#: The calls of the system that Podman allows to containers, nearly Docker's own list.
_ALLOWED_CALLS = Path("/usr/share/containers/seccomp.json")

#: A user who is nobody in the image.
NOBODY = "4321:4321"

#: Of this machine and of a container that is connected to it: a network of examples (RFC 5737), which nobody has.
_ADDRESSES = ("198.51.100.1", "198.51.100.2")


class Volume(NamedTuple):
    """A folder of this machine, and where the container sees it."""

    source: Path
    target: str
    mode: str = "rw"


class Limits(NamedTuple):
    """What ``--memory`` (bytes) and ``--cpus`` of ``docker run`` set."""

    memory: int = 4 << 30
    cpus: Optional[float] = None


_UNLIMITED = Limits()


class Ended(NamedTuple):
    code: int
    screen: str


class Container:
    """A container that was started; its first process is the program."""

    def __init__(self, runtime: Sequence[str], name: str, bundle: Path) -> None:
        self._runtime = runtime
        self._name = name
        self._screen = bundle / "screen"
        with self._screen.open("wb") as file:
            self._popen = subprocess.Popen(
                [*runtime, "run", "--bundle", str(bundle), name],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def process(self) -> int:
        """The number of its first process outside of it; 0 before that is there."""
        said = subprocess.run([*self._runtime, "state", self._name], check=False, capture_output=True, text=True)
        return int(json.loads(said.stdout)["pid"]) if said.returncode == 0 else 0

    @property
    def screen(self) -> str:
        """What it has said so far."""
        return self._screen.read_text(encoding="utf-8")

    @property
    def is_running(self) -> bool:
        return self._popen.poll() is None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal to its first process, as ``docker stop`` does."""
        subprocess.run([*self._runtime, "kill", self._name, number.name], check=True, capture_output=True)

    def slow_down(self) -> None:
        """Leave it a hundredth of a processor from now on: what takes a moment takes seconds."""
        subprocess.run([*self._runtime, "update", "--cpu-quota=1000", self._name], check=True, capture_output=True)

    def plug_in(self) -> str:
        """Connect it to this machine alone, as a published port is, and return its address."""
        inside = ["nsenter", f"--target={self.process}", "--net", "ip"]
        link, (near, far) = f"it{self.process}", _ADDRESSES
        for words in (
            ["ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", str(self.process)],
            ["ip", "address", "add", f"{near}/30", "dev", link],
            ["ip", "link", "set", link, "up"],
            [*inside, "address", "add", f"{far}/30", "dev", "eth0"],
            [*inside, "link", "set", "eth0", "up"],
        ):
            subprocess.run(words, check=True, capture_output=True)
        return far

    def wait(self, seconds: float = 600) -> Ended:
        code = self._popen.wait(timeout=seconds)
        return Ended(code, self.screen)

    def remove(self) -> None:
        subprocess.run([*self._runtime, "delete", "--force", self._name], check=False, capture_output=True)
        self._popen.wait(timeout=60)


class Containers:
    """Containers of one image: ``root`` is its mounted file system, ``config`` what its Dockerfile says."""

    def __init__(self, root: Path, config: dict[str, Any], folder: Path) -> None:
        self._root, self._config, self._folder = root, config, folder
        self._runtime = [RUNTIME, f"--root={folder / 'state'}"]
        self._count = 0
        self._started: list[Container] = []

    def run(self, *words: object, **options: Any) -> Ended:
        """Run the program with these words, as ``docker run --rm --read-only --tmpfs /tmp --cap-drop all …`` does."""
        return self.start(*words, **options).wait()

    def start(
        self,
        *words: object,
        volumes: Sequence[Volume] = (),
        user: str = NOBODY,
        limits: Limits = _UNLIMITED,
        entrypoint: Optional[Sequence[str]] = None,
        is_read_only: bool = True,
    ) -> Container:
        self._count += 1
        bundle = self._folder / f"bundle {self._count}"
        bundle.mkdir()
        subprocess.run([self._runtime[0], "spec"], cwd=bundle, check=True, capture_output=True)
        spec = json.loads((bundle / "config.json").read_text("utf-8"))
        name = f"image-tagging-{os.getpid()}-{self._count}"
        spec["process"].update(self._process([*(entrypoint or self._config["Entrypoint"]), *map(str, words)], user))
        spec["root"] = {"path": str(self._root), "readonly": is_read_only}
        spec["mounts"] += [_bound(volume) for volume in volumes]
        spec["mounts"].append(
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "noexec"]}
        )
        spec["linux"].update(cgroupsPath=f"/{name}", seccomp=_allowed_calls())
        spec["linux"]["resources"].update(_resources(limits))
        (bundle / "config.json").write_text(json.dumps(spec), "utf-8")
        container = Container(self._runtime, name, bundle)
        self._started.append(container)
        return container

    def close(self) -> None:
        for container in self._started:
            container.remove()

    def _process(self, words: list[str], user: str) -> dict[str, Any]:
        uid, gid = map(int, user.split(":"))
        return {
            "terminal": False,
            "user": {"uid": uid, "gid": gid},
            "args": words,
            "env": self._config["Env"],
            "cwd": self._config["WorkingDir"],
            "capabilities": {},
            "noNewPrivileges": True,
        }


def _bound(volume: Volume) -> dict[str, Any]:
    options = ["rbind", "rprivate", "nosuid", "nodev", volume.mode]
    return {"destination": volume.target, "type": "bind", "source": str(volume.source), "options": options}


def _resources(limits: Limits) -> dict[str, Any]:
    resources: dict[str, Any] = {"memory": {"limit": limits.memory}}
    if limits.cpus is not None:
        resources["cpu"] = {"period": 100_000, "quota": round(limits.cpus * 100_000)}
    return resources


def _allowed_calls() -> Optional[dict[str, Any]]:
    """Return the filter of system calls for a container without rights, in the words of OCI runtimes."""
    if not _ALLOWED_CALLS.exists():
        return None
    listed = json.loads(_ALLOWED_CALLS.read_text("utf-8"))
    names = ("names", "action", "args", "errnoRet")
    here = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    calls = [
        {name: call[name] for name in names if call.get(name) is not None}
        for call in listed["syscalls"]
        if not call["includes"].get("caps") and here in call["includes"].get("arches", [here])
    ]
    return {
        "defaultAction": listed["defaultAction"],
        "defaultErrnoRet": listed.get("defaultErrnoRet", 1),
        "syscalls": calls,
    }


def wait_for(condition: Any, seconds: float = 120) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)
