"""What TFDS asks of TensorFlow while it prepares a dataset: opening, copying and deleting files."""

import contextlib
import importlib
import os
import resource
import shutil
from collections.abc import Iterator
from types import SimpleNamespace

# In TFDS 4.9.10 these import TensorFlow to unpack archives, and to sort a split of more than 1 GB.
USERS = tuple(
  f"tensorflow_datasets.core.{name}"
  for name in ("download.downloader", "download.extractor", "shuffle")
)
OPEN_FILES = 4096  # a large split is sorted through 1000 files


class _NotLocal(Exception):
  pass


def _copy(source: str, target: str | os.PathLike[str]) -> None:
  if "://" in source:
    raise _NotLocal(source)  # TFDS then downloads it
  shutil.copyfile(source, target)


TENSORFLOW = SimpleNamespace(
  io=SimpleNamespace(
    gfile=SimpleNamespace(GFile=open, exists=os.path.exists, remove=os.remove, copy=_copy)
  ),
  compat=SimpleNamespace(as_text=os.fsdecode),
  errors=SimpleNamespace(UnimplementedError=_NotLocal, ResourceExhaustedError=_NotLocal),
)


@contextlib.contextmanager
def without_tensorflow() -> Iterator[None]:
  """Within it, TFDS prepares datasets on local disks although TensorFlow is not installed."""
  soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
  enough = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
  if soft != resource.RLIM_INFINITY and soft < enough:
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
  modules = [importlib.import_module(name) for name in USERS]
  lazy = [vars(module)["tf"] for module in modules]
  try:
    for module in modules:
      vars(module)["tf"] = TENSORFLOW
    yield
  finally:
    for module, theirs in zip(modules, lazy, strict=True):
      vars(module)["tf"] = theirs
