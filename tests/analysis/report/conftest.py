"""A page read back: every element with its attributes, its text, and what lies around it."""

import dataclasses
import html.parser

import pytest

_VOID = {"meta", "link", "br", "img", "input", "hr"}


@dataclasses.dataclass
class Element:
  tag: str
  attributes: dict
  around: "Element | None"
  within: list = dataclasses.field(default_factory=list)
  data: list = dataclasses.field(default_factory=list)

  @property
  def text(self):
    return "".join(part if isinstance(part, str) else part.text for part in self.data)

  def every(self, tag=None):
    """All elements within, in order."""
    found = [] if tag not in (None, self.tag) else [self]
    return found + [one for child in self.within for one in child.every(tag)]

  def inside(self, tag):
    one = self
    while one is not None and one.tag != tag:
      one = one.around
    return one

  @property
  def cells(self):
    """The texts of a table, row by row."""
    return [[cell.text for cell in row.within] for row in self.every("tr")]


class _Reader(html.parser.HTMLParser):
  def __init__(self):
    super().__init__()
    self.root = self.at = Element("", {}, None)

  def handle_starttag(self, tag, attributes):
    assert len(dict(attributes)) == len(attributes), f"an attribute twice in {tag}"
    one = Element(tag, dict(attributes), self.at)
    self.at.within.append(one)
    self.at.data.append(one)
    if tag not in _VOID:
      self.at = one

  def handle_startendtag(self, tag, attributes):
    self.handle_starttag(tag, attributes)
    if tag not in _VOID:
      self.at = self.at.around

  def handle_endtag(self, tag):
    assert tag == self.at.tag, f"</{tag}> ends <{self.at.tag}>"
    self.at = self.at.around

  def handle_data(self, data):
    self.at.data.append(data)


@pytest.fixture(scope="session")
def parse():
  """parse(text) -> the root of a page that is well-formed."""

  def read(text):
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.at is reader.root, f"<{reader.at.tag}> has no end"
    return reader.root

  return read
