"""What the documents point to is there, and the speeds that they give are those of the results."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from experiments.benchmarks import lines

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
  path.relative_to(ROOT) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
)
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r'\]\(([^()\s]+)\)|(?:src|href)="([^"]+)"')


def links(text: str) -> list[str]:
  """What a document points to in this checkout, without anchors."""
  found = (link or other for link, other in LINK.findall(CODE.sub("", text)))
  near = (link.partition("#")[0] for link in found if not re.match(r"[a-z]+:", link))
  return [unquote(link) for link in near if link]


def rows(document: str) -> list[list[str]]:
  """The cells of every row of every table."""
  text = (ROOT / document).read_text(encoding="utf-8")
  return [
    [cell.strip() for cell in row.split("|")[1:-1]] for row in re.findall(r"^\|.*", text, re.M)
  ]


def test_links_are_found():
  text = (
    '[a](b/c.md#d) [`e`](https://f) [`m`](n) <img src="g.png"> `x[i](j)`\n```\n[h](i)\n```\n[k](#l)'
  )
  assert links(text) == ["b/c.md", "n", "g.png"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_every_link_leads_to_a_file_or_folder(path):
  text = (ROOT / path).read_text(encoding="utf-8")
  missing = [link for link in links(text) if not (ROOT / path.parent / link).exists()]
  assert not missing


@pytest.fixture(scope="module")
def measured():
  """Lines by what was measured: (size, workload, system)."""
  files = (f"speed_{name}.jsonl" for name in ("small", "medium", "paper", "search"))
  every = [line for name in files for line in lines.read(ROOT / "results" / name)]
  return {
    (line["size"], line["workload"], line["system"]): line for line in every if "system" in line
  }


def number(text: str) -> float:
  return float(text.replace(",", ""))


def test_the_table_of_speeds_is_that_of_the_results(measured):
  found = 0
  for size, what, speed, joeynmt, torch, share in (
    row for row in rows("docs/speed.md") if len(row) == 6 and row[0] in ("small", "medium", "paper")
  ):
    workload = what.split(", ", 1)[1]
    ours = measured[size, workload, "nmt"]
    rate = ours["target_tokens_per_wall_second"]["median"]
    assert number(speed) == pytest.approx(rate, rel=1e-3)
    if share:
      assert float(share) == pytest.approx(ours["share_of_peak"]["median"], abs=0.006)
    for peer, shown in (("joeynmt", joeynmt), ("torch", torch)):
      times = measured[size, workload, peer]["nmt_is_faster_by"]["wall"]
      numbers = [float(x) for x in re.findall(r"[\d.]+", shown)]
      wanted = [times["median"], times["min"], times["max"]]
      assert numbers == pytest.approx(wanted, abs=0.006)
    found += 1
  assert found == 10


def test_the_table_of_recurrences_is_that_of_the_results():
  every = lines.read(ROOT / "results" / "recurrences.jsonl")
  faster = {
    (line["what"], line["size"], line["order"], line["cell"]): line["times_as_fast_as_gru"]["cpu"]
    for line in every
    if "length" not in line
  }
  shown = set()
  for size, order, cell, *cells in (
    row
    for row in rows("docs/speed.md")
    if len(row) == 5 and row[1] in ("attend_first", "update_first")
  ):
    for what, text in zip(("states", "update"), cells, strict=True):
      if text:
        found = faster[what, size, order, cell]
        numbers = [float(x) for x in re.findall(r"[\d.]+", text)]
        assert numbers == pytest.approx([found["median"], found["low"], found["high"]], abs=0.006)
        shown.add((what, size, order, cell))
  assert shown == {key for key in faster if key[3] != "gru"}
  growth = {
    (str(line["length"]), line["cell"]): line["microseconds_a_token"]["cpu"]["median"]
    for line in every
    if "length" in line
  }
  for length, *cells in (row for row in rows("docs/speed.md") if (row[0], "gru") in growth):
    wanted = [growth[length, cell] for cell in ("gru", "mingru")]
    assert [float(x) for x in cells] == pytest.approx(wanted, abs=0.06)


def test_the_readme_rounds_the_same_ratios(measured):
  workloads = {
    "training, Europarl's lengths": "realistic lengths",
    "training, all 30 tokens long": "fixed lengths",
    "greedy search": "greedy",
    "beam search, beam 5": "beam 5",
  }
  shown = {row[0]: row[1:3] for row in rows("README.md") if row[0] in workloads}
  assert set(shown) == set(workloads)
  for what, cells in shown.items():
    for peer, cell in zip(("joeynmt", "torch"), cells, strict=True):
      for size, ratio in zip(("small", "medium", "paper"), cell.split(", "), strict=False):
        times = measured[size, workloads[what], peer]["nmt_is_faster_by"]["wall"]["median"]
        assert float(ratio) == pytest.approx(times, abs=0.06)


def test_the_citation_is_of_this_version():
  version = re.search(r'^  version="(.+)",$', (ROOT / "setup.py").read_text(), re.MULTILINE)
  cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
  assert version[1] == cited[1]


def test_the_hooks_are_the_linters_that_are_run_on_all_changes():
  hooks = re.findall(r"entry: (.+)", (ROOT / ".pre-commit-config.yaml").read_text())
  (linters,) = re.findall(r'"(\.venv/bin/ruff .+)"', (ROOT / ".ci" / "run").read_text())
  assert [hook.split() for hook in hooks] == [
    [word for word in linter.split() if word != "--quiet"] for linter in linters.split(" && ")
  ]


def test_the_tables_of_scaling_are_those_of_the_results():
  results = lines.read(ROOT / "results" / "scaling.jsonl")
  every = {(line["cut"], str(line["devices"])): line for line in results}
  table = rows("docs/scaling.md")
  shown = {(row[0], row[1]): row[2:] for row in table if tuple(row[:2]) in every}
  assert shown.keys() == every.keys()
  for key, cells in shown.items():
    line = every[key]
    sizes = [sum(line["operand bytes"].values())]
    sizes += [line[f"bytes {what} by a device"] for what in ("sent", "kept")]
    assert [float(cell) for cell in cells] == [round(size / 1e6) for size in sizes]

  batch, cut = (
    every[what, "8"]["bytes sent by a device"] for what in ("batch", "batch, optimizer state")
  )
  times = []
  for _, speed, *cells in (row for row in table if len(row) == 4 and row[1].endswith(" GB/s")):
    milliseconds = [x / float(speed.removesuffix(" GB/s")) / 1e6 for x in (batch, cut)]
    assert [float(cell) for cell in cells] == pytest.approx(milliseconds, rel=0.04)
    times.append(milliseconds[0])
  assert len(times) == 3
  for t, *cells in (row for row in table if len(row) == 4 and row[0].isdecimal()):
    wanted = [8 * int(t) / (int(t) + time) for time in times]
    assert [float(cell) for cell in cells] == pytest.approx(wanted, abs=0.06)
