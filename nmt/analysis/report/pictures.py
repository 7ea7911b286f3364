"""Figures in the folder of a study, such as its own `report(workdirs)` draws when all have run."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from PIL import Image, UnidentifiedImageError

from nmt.errors import first_line

_TYPES = {
  ".svg": "image/svg+xml",
  ".png": "image/png",
}  # the first is taken where a figure is in both
_LARGEST, _ALL = 2_000_000, 5_000_000  # bytes of a figure, and of all, that go into a page
_ABOUT = ("Description", "Title")  # where a PNG says what it shows
_SVG = "{http://www.w3.org/2000/svg}"
_SAYS = ("{http://purl.org/dc/elements/1.1/}description", f"{_SVG}desc", f"{_SVG}title")


class Picture(NamedTuple):
  """name: of its file. about: what the file says that it shows; may be empty. uri: all of it."""

  name: str
  about: str
  uri: str


def gather(folders: Sequence[Path]) -> tuple[list[Picture], list[str]]:
  """The PNG and SVG files of the folders that are no run's; and why figures are left out."""
  found: dict[Path, Picture] = {}
  reasons: dict[Path, str] = {}
  room = _ALL
  for path in [path for folder in folders for path in _files(folder)]:
    figure = path.with_suffix("")
    if figure in found:
      continue
    try:
      size = path.stat().st_size
      if size > min(room, _LARGEST):
        raise ValueError(f"of {size / 1e6:.1f} MB, too large for a page")
      kind = path.suffix.lower()
      about = _svg(path) if kind == ".svg" else _png(path)
      data = base64.b64encode(path.read_bytes()).decode()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as e:
      why = e.strerror if isinstance(e, OSError) and e.strerror else first_line(e)
      reasons[figure] = f"{path.name}: {why}"
      continue
    room -= size
    found[figure] = Picture(path.name, about, f"data:{_TYPES[kind]};base64,{data}")
  return list(found.values()), [why for figure, why in reasons.items() if figure not in found]


def _files(folder: Path) -> list[Path]:
  """By name, and of one figure in the order of its formats."""
  if (folder / "config.json").exists():
    return []
  files = [path for path in folder.iterdir() if path.suffix.lower() in _TYPES and path.is_file()]
  kinds = list(_TYPES)
  return sorted(files, key=lambda path: (path.stem, kinds.index(path.suffix.lower()), path.name))


def _png(path: Path) -> str:
  try:
    image = Image.open(path, formats=["PNG"])
  except UnidentifiedImageError:  # which names the whole path
    raise ValueError("no PNG") from None
  with image:
    return next((str(image.info[key]) for key in _ABOUT if image.info.get(key)), "")


def _svg(path: Path) -> str:
  root = ElementTree.fromstring(path.read_bytes())  # SyntaxError: it is no XML
  if root.tag != f"{_SVG}svg":
    raise ValueError("no SVG")
  texts = ("".join(one.itertext()).strip() for tag in _SAYS for one in root.iter(tag))
  return next((text for text in texts if text), "")
