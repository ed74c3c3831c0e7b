"""Artifacts: immutable bytes, named by SHA-256, in the folder store or behind the gateway."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from pathlib import Path
from typing import Any, BinaryIO, Mapping, Protocol
from urllib.parse import unquote, urlsplit

from .gateway import Gateway, segment
from .line import setting
from .problem import Problem

#: The tracker may read a moment later that a task refers to something.
_known_within_seconds = 15


class Store(Protocol):
    def read(self, digest: str, project: str | None) -> bytes:
        """Raises E_ARTIFACT_GONE or E_NOT_FOUND when the bytes are not there, E_DIGEST when they are others."""

    def put(self, source: bytes | Path, media_type: str) -> dict[str, Any]:
        """Resolves when the bytes are safe; answers with their descriptor."""


def open_store(settings: Mapping[str, str]) -> Store:
    """The folder that JACKFIELD_ARTIFACTS_URL names, else the gateway of JACKFIELD_URL. Raises E_CONFIG."""
    url = settings.get("JACKFIELD_ARTIFACTS_URL", "")
    if url.startswith("file:"):
        return FolderStore(Path(unquote(urlsplit(url).path)))
    return GatewayStore(Gateway(setting(settings, "JACKFIELD_URL"), "JACKFIELD_URL", settings.get("JACKFIELD_TOKEN")))


class FolderStore:
    """`sha256/ab/<hex>` holds the bytes, `incoming/` what is being written."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, digest: str, project: str | None) -> bytes:
        place = self._place(digest)
        if not place.exists():
            next = "upload them again, or run what made them again"
            raise Problem("E_ARTIFACT_GONE", f"The bytes of {digest} are not there.", next=next)
        return _checked(place.read_bytes(), digest)

    def put(self, source: bytes | Path, media_type: str) -> dict[str, Any]:
        incoming = self._root / "incoming" / str(uuid.uuid4())
        incoming.parent.mkdir(parents=True, exist_ok=True)
        with incoming.open("xb") as file:
            digest, size = _copy(source, file)
            # An event will refer to them, so bytes and name must survive a power cut.
            file.flush()
            os.fsync(file.fileno())
        place = self._place(digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        incoming.chmod(0o444)
        incoming.rename(place)
        _flush(place.parent)
        return {"mediaType": media_type, "digest": digest, "size": size}

    def _place(self, digest: str) -> Path:
        name = digest.removeprefix("sha256:")
        return self._root / "sha256" / name[:2] / name


class GatewayStore:
    """`PUT` and `GET /v1/artifacts/<digest>`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def read(self, digest: str, project: str | None) -> bytes:
        deadline = time.monotonic() + _known_within_seconds
        while True:
            try:
                return _checked(self._gateway.bytes(f"/v1/artifacts/{segment(digest)}", project=project), digest)
            except Problem as problem:
                if not (problem.retry or problem.code == "E_NOT_FOUND") or time.monotonic() > deadline:
                    raise
            time.sleep(0.2)

    def put(self, source: bytes | Path, media_type: str) -> dict[str, Any]:
        with open(os.devnull, "wb") as nowhere:
            digest, size = _copy(source, nowhere)
        headers = {"content-type": media_type, "content-length": str(size)}
        path = f"/v1/artifacts/{segment(digest)}"
        if isinstance(source, bytes):
            self._gateway.open("PUT", path, data=source, headers=headers).close()
        else:
            with source.open("rb") as file:
                self._gateway.open("PUT", path, data=file, headers=headers).close()
        return {"mediaType": media_type, "digest": digest, "size": size}


def _copy(source: bytes | Path, to: BinaryIO) -> tuple[str, int]:
    """Bytes go from here to there, and are named on the way."""
    named, size = hashlib.sha256(), 0
    if isinstance(source, bytes):
        named.update(source)
        to.write(source)
        size = len(source)
    else:
        with source.open("rb") as file:
            while piece := file.read(1 << 20):
                named.update(piece)
                to.write(piece)
                size += len(piece)
    return f"sha256:{named.hexdigest()}", size


def _checked(content: bytes, digest: str) -> bytes:
    found = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if found == digest:
        return content
    raise Problem("E_DIGEST", f"What lies under {digest} has the digest {found}.", next="try again")


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
