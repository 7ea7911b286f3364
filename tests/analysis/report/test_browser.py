"""A page in a browser: what its scripts add, and that nothing is lost without them."""

import base64
import io
import json
import time

import numpy as np
import pytest
from PIL import Image

from nmt.analysis.report import data, page
from tests.analysis.report import chromium

pytestmark = pytest.mark.skipif(
  chromium.FOUND is None, reason="no Chromium here: what the page's scripts do was not tried"
)

LOSSES = {"dot-1": {10: 4.0, 20: 3.0, 40: 2.5}, "mean-1": {10: 5.0, 40: 4.5}}
TEXT = (
  "[...document.querySelectorAll('body *:not(.value, .cursor, script)')].map((e) => e.textContent)"
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
  with chromium.page(tmp_path_factory.mktemp("profile")) as started:
    yield started


@pytest.fixture
def curves(study, tmp_path):
  """A page with a curve of two runs, which have not the same updates."""
  for name, losses in LOSSES.items():
    with open(study / name / "metrics.jsonl", "a") as file:
      for update, loss in losses.items():
        file.write(json.dumps({"kind": "train", "update": update, "loss": loss}) + "\n")
  path = tmp_path / "page.html"
  path.write_text(page.page(data.gather([study], None, 0)))
  return path


def place(browser, update):
  """Where an update's values lie in the window, by the line that is drawn."""
  return browser.script(f"""(() => {{
    const figure = document.querySelector("figure.followed");
    const svg = figure.querySelector("svg");
    const rows = [...figure.querySelectorAll("tbody tr")];
    const row = rows.findIndex((one) => one.cells[0].textContent === "{update}");
    const [x, y] = figure.querySelector("polyline").getAttribute("points").split(" ")[row]
      .split(",").map(Number);
    const at = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
    return [at.x, at.y];
  }})()""")


def test_the_values_under_the_pointer_are_shown_and_hidden_again(browser, curves):
  browser.open(curves)
  browser.script("document.querySelector('figure.followed').scrollIntoView()")
  value = "document.querySelector('.value').innerText"
  cursor = "document.querySelector('.cursor').getAttribute('d')"
  assert not browser.script(value)
  for update, losses in ((10, ["dot-1: 4", "mean-1: 5"]), (20, ["dot-1: 3"])):
    x, y = place(browser, update)
    browser.move(x + 2, y + 5)  # the nearest update is meant
    lines = browser.script(value).replace("\u2068", "").replace("\u2069", "").splitlines()
    assert lines == [f"update {update}", *losses]
    assert browser.script(cursor)
  browser.move(2, 2)
  assert not browser.script(value)
  assert not browser.script(cursor)


def test_without_a_script_nothing_but_that_is_missing(browser, curves):
  browser.open(curves)
  texts = browser.script(TEXT)
  assert browser.script("document.querySelectorAll('.value').length") == 1
  browser("Emulation.setScriptExecutionDisabled", value=True)
  try:
    browser.open(curves)
    assert browser.script("document.querySelectorAll('.value').length") == 0
    assert browser.script(TEXT) == texts
  finally:
    browser("Emulation.setScriptExecutionDisabled", value=False)


def test_parameters_are_seen_in_their_frame(browser, first, tmp_path):
  path = tmp_path / "page.html"
  path.write_text(page.page(data.gather([first / "run"], None, 0)))
  browser.open(path)
  box = browser.script("""(() => {
    const frame = document.querySelector("iframe");
    frame.closest("details").open = true;
    frame.scrollIntoView();
    const { x, y, width, height } = frame.getBoundingClientRect();
    return { x: x + scrollX, y: y + scrollY, width, height, scale: 1 };
  })()""")
  letters, end = 0, time.monotonic() + 300  # a frame is loaded once it is seen
  while letters < 500 and time.monotonic() < end:
    content = browser("Page.captureScreenshot", clip=box)["data"]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("L"))
    letters = int((pixels[4:-4, 4:-4] < 128).sum())
  assert letters >= 500
