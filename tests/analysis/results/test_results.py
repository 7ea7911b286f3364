"""The command: its formats can be read by what reads such formats, and mistakes are one line."""

import csv
import io
import json
import struct
import subprocess
import sys

import pytest
from rich.console import Console

from nmt.analysis import results
from nmt.analysis.results import columns, formats, rows
from nmt.analysis.results import study as study_lib
from nmt.analysis.results.table import Options
from nmt.errors import UserError

QUICK = ("--resamples=100", "--trials=100")


@pytest.fixture
def run(study, capsys):
  def start(*flags):
    assert results.main([f"--workdir={study}", *QUICK, *flags]) == 0
    return capsys.readouterr()

  return start


def test_csv_has_a_row_a_configuration_and_all_numbers(run):
  out, err = run("--format=csv", "--sort=-bleu")
  found = list(csv.DictReader(io.StringIO(out)))
  assert found[0]["model.attention.kind"] == "dot"
  assert [row["baseline"] for row in found].count("True") == 1
  assert float(found[0]["bleu_low"]) < float(found[0]["bleu"]) < float(found[0]["bleu_high"])
  assert "nrefs:1" in err  # what CSV has no place for


def test_json_holds_all(run):
  found = json.loads(run("--format=json")[0])
  assert [row["label"]["model.attention.kind"] for row in found["rows"]] == [
    "additive",
    "dot",
    "mean",
  ]
  assert found["rows"][1]["runs"].keys() == {"dot-1", "dot-2", "dot-3"}
  assert found["rows"][1]["significant"] in (True, False)
  assert found["missing"] == {}


def test_json_lines_are_runs(run):
  out, err = run("--format=jsonl")
  found = [json.loads(line) for line in out.splitlines()]
  assert len(found) == 9
  assert {row["run"] for row in found} >= {"dot-1", "mean-3"}
  for row in found:
    assert row["overrides"]["seed"] == int(row["run"][-1])
    assert 0 < row["bleu"] < 100
    assert row["parameters"] == 2_000_000
  assert "nrefs:1" in err


def test_markdown_and_latex_are_rectangles(run):
  lines = run("--format=markdown")[0].splitlines()
  rows = [line for line in lines if line.startswith("|")]
  assert len(rows) == 2 + 3
  assert len({row.count("|") for row in rows}) == 1
  out = run("--format=latex")[0]
  rows = [line for line in out.splitlines() if line.endswith(r"\\")]
  assert len(rows) == 1 + 3
  assert len({row.count("&") for row in rows}) == 1
  assert r"95 \%" in out
  assert r"\begin{tabular}" in out
  assert all("%" not in line.replace(r"\%", "") for line in rows)


def test_strange_text_survives_each_format(study, run):
  plan = json.loads((study / "study.json").read_text())
  plan |= {"name": r"50 % of_it & ~x\y", "question": "注意力|有用吗？ *yes* <b>"}
  (study / "study.json").write_text(json.dumps(plan))
  assert formats.escape_latex(r"a_b 50% & {猫} \x ~^#$") == (
    r"a\_b 50\% \& \{猫\} \textbackslash{}x \textasciitilde{}\textasciicircum{}\#\$"
  )
  assert r"注意力\|有用吗？ \*yes\* \<b>" in run("--format=markdown")[0]
  assert json.loads(run("--format=json")[0])["question"] == plan["question"]
  assert "注意力|有用吗？" in run()[0]


def test_a_file_is_written_whole_in_the_format_of_its_name(study, run, tmp_path):
  for name, start in (
    ("t.md", "**x"),
    ("t.csv", "model."),
    ("t.jsonl", '{"study"'),
    ("t.tex", "% x"),
    ("t.json", "{"),
  ):
    assert run("-o", str(tmp_path / name))[0] == ""
    assert (tmp_path / name).read_text().startswith(start)
  with pytest.raises(UserError, match="no folder"):
    run("-o", str(tmp_path / "nowhere" / "t.md"))


@pytest.mark.parametrize("name", ["forest.png", "forest.svg"])
def test_a_forest_is_drawn(run, tmp_path, name):
  run("--plot", str(tmp_path / name))
  assert (tmp_path / name).stat().st_size > 5000


def test_long_names_of_rows_have_several_lines(run, tmp_path):
  keys = "model.attention.kind,train.optimizer.learning_rate,train.optimizer.weight_decay"
  path = tmp_path / "forest.png"
  run(f"--group={keys},data.tokenizer.kind,model.encoder.kind", "--plot", str(path))
  (width,) = struct.unpack(">I", path.read_bytes()[16:20])
  assert width < 15 * 160  # inches, dots


def test_a_table_of_one_run_has_no_comparison(study, capsys):
  results.main([f"--workdir={study / 'dot-1'}", *QUICK])
  out = capsys.readouterr().out
  assert "dot-1" in out
  assert "difference" not in out.split("What a difference")[0]
  assert "±" not in out


@pytest.mark.parametrize(
  ("flags", "message"),
  [
    (["--sort=blue"], "no column blue; did you mean bleu"),
    (["--plot=a.gif"], "must end in .png, .pdf or .svg"),
    (["--resamples=3"], "at least 100"),
    (["--format=html"], "python launch.py results --help"),
  ],
)
def test_mistakes_are_one_line(study, flags, message):
  with pytest.raises(UserError, match=message):
    results.main([f"--workdir={study}", *flags])


def test_it_starts_quickly_without_jax():
  code = (
    "import sys\n"
    "from nmt.analysis.results import columns, footer, formats, main, rows\n"
    "assert not {'jax', 'flax', 'matplotlib'} & set(sys.modules)"
  )
  subprocess.run([sys.executable, "-c", code], check=True)


def test_a_narrow_terminal_gets_the_table_in_parts(study):
  made = rows.tabulate(study_lib.read(study), Options("bleu", resamples=100, trials=100))
  out = Console(file=io.StringIO(), width=80)
  formats.terminal(out, made, made.rows, [])
  lines = out.file.getvalue().splitlines()
  assert max(map(len, lines)) <= 80
  assert sum("attention.kind" in line for line in lines) > 1
  for word in ("additive", "P(better)", "NVIDIA H100", "[", "hours"):
    assert word in out.file.getvalue()


def test_keys_are_as_short_as_they_can_be():
  keys = ["model.size", "batch.size", "model.attention.kind", "train.updates", "seed"]
  assert [columns.short(key, keys) for key in keys] == [
    "model.size",
    "batch.size",
    "attention.kind",
    "updates",
    "seed",
  ]
